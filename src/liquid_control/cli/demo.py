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
    from liquid_control.cli.walk import draw, walk
    from liquid_control.evaluation.metrics import load_metrics
    from liquid_control.evaluation.suite import DEMO
    from liquid_control.nodes.graph import RunSettings
    from liquid_control.provenance import command, provenance, write_json
    from liquid_control.report.run_report import write_report
    from liquid_control.report.run_table import comparison
    from liquid_control.run_folder import run_folder
    from liquid_control.sim import simulated_robot

    simulated_robot(args.robot)
    shipped = paths.policies(args.robot)
    policies = [name for name in POLICIES if name in shipped]
    policies = policies or [paths.default_policy(args.robot)]
    console = Console()
    parent = run_folder(args.out, 'demo')
    runs = []
    if args.mode != 'realtime':
        for policy in policies:
            for fault in DEMO.faults:
                name = f'{policy}-{fault.split(":")[0].replace("none", "clean")}'
                runs.append((name, policy, fault, 'lockstep'))
    if args.mode != 'lockstep':
        runs += [(f'{policy}-realtime', policy, 'none', 'realtime') for policy in policies]
    at_most = '' if args.seconds is None else f' of {args.seconds:g} s at most'
    console.print(
        f'{len(runs)} runs{at_most}; all results go to {parent}',
        highlight=False, soft_wrap=True,
    )  # fmt: skip
    for name, policy, fault, mode in runs:
        settings = RunSettings(
            folder=parent / name,
            policy=policy,
            robot=args.robot,
            fault=fault,
            seed=args.seed,
            seconds=args.seconds,
            mode=mode,
            priority=args.priority,
            command=command(),
        )
        walk(settings, console)
    folders = [parent / name for name, *_ in runs]
    if not args.no_video:
        for name, *_, mode in runs:
            if mode == 'lockstep':
                draw(parent / name, console)
    metrics = [load_metrics(folder) for folder in folders]
    report = parent / 'report.html'
    write_report(report, folders)
    for folder in folders:
        write_report(folder / 'report.html', [folder])
    console.print(comparison(metrics))
    console.print(f'report: {report}', highlight=False, soft_wrap=True)
    if args.json:
        about = provenance(seed=args.seed)
        write_json(args.json, {'format': 1, 'provenance': about, 'runs': metrics})
    return 0 if all(m['complete'] for m in metrics) else 1
