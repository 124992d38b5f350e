"""``liquid-control demo``: compare CfC and LSTM, clean and under sensor noise.

A robot without them is driven by its default policy. Returns and prediction errors come from runs
in lockstep, which depend on no clock. Latency and missed deadlines come from one run in real time
a policy, whose return is not the policy's.
"""

import argparse

from liquid_control import extras
from liquid_control.cli.arguments import add_simulated_argument, add_walk_arguments

POLICIES = ('cfc', 'lstm')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--mode',
        choices=('lockstep', 'realtime'),
        help='lockstep: only returns and prediction errors; realtime: only latency (both)',
    )
    add_simulated_argument(parser)
    add_walk_arguments(parser, 'runs/TIME-demo')


def main(args: argparse.Namespace) -> int:
    extras.require('rclpy', 'mujoco', 'gymnasium')
    from rich.console import Console

    from liquid_control import paths
    from liquid_control.cli.walks import plan, walk_all
    from liquid_control.evaluation.suite import DEMO
    from liquid_control.provenance import command
    from liquid_control.run_folder import run_folder
    from liquid_control.sim import simulated_robot

    simulated_robot(args.robot)
    shipped = paths.policies(args.robot)
    policies = [name for name in POLICIES if name in shipped]
    policies = policies or [paths.default_policy(args.robot)]
    folder = run_folder(args.out, 'demo')
    walks = plan(
        folder,
        policies,
        DEMO.faults if args.mode != 'realtime' else ('none',),
        args.mode,
        robot=args.robot,
        seed=args.seed,
        seconds=args.seconds,
        priority=args.priority,
        command=command(),
    )
    return walk_all(walks, folder, Console(), video=not args.no_video, json=args.json)
