"""``liquid-control run``: policies on a simulation graph, recorded and measured.

One policy under one fault is one walk. Several policies or faults are a walk in lockstep of each
policy under each fault, for the returns, and one in real time of each policy, for latency.
"""

import argparse
from pathlib import Path
from typing import Any

from liquid_control import extras, paths
from liquid_control.cli.arguments import (
    add_faults_argument,
    add_policies_argument,
    add_simulated_argument,
    add_walk_arguments,
    whole,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_policies_argument(
        parser, 'bundles: names, paths, or NAME=FILE (cfc if it ships, else expert)'
    )
    add_simulated_argument(parser, contract=True)
    add_faults_argument(parser, 'faults, e.g. none,gaussian:0.1+command_delay:2 (none)')
    parser.add_argument('--episodes', type=whole(1), default=1, help='number of episodes (1)')
    parser.add_argument(
        '--mode',
        choices=('lockstep', 'realtime'),
        help='lockstep: as fast as the graph allows, not changed by a slow or busy machine; '
        'realtime: on the wall clock, to measure latency and missed deadlines (lockstep; with '
        'several policies or faults, then one walk of each policy in real time, without faults)',
    )
    parser.add_argument(
        '--elapsed',
        choices=('measured', 'nominal'),
        default='measured',
        help='elapsed time that the policy is given: measured between stamps, or nominal: always '
        '1 (measured)',
    )
    parser.add_argument(
        '--every-reading',
        action='store_true',
        help='use also readings that come faster than the policy asks for, as at a period of 4 ms',
    )
    parser.add_argument('--no-record', action='store_true', help='neither record nor measure')
    add_walk_arguments(parser, 'runs/TIME-POLICY, or runs/TIME-run with several')


def main(args: argparse.Namespace) -> int:
    if args.no_record and args.json:
        raise ValueError('--json needs a recording: leave out --no-record')
    extras.require('rclpy', 'mujoco', 'gymnasium')
    from rich.console import Console

    from liquid_control.cli.walks import plan, walk_all
    from liquid_control.nodes.run_settings import policy_for
    from liquid_control.provenance import command
    from liquid_control.run_folder import run_folder

    console = Console()
    policies = args.policy or [policy_for(args.robot)]
    name, file = paths.named(policies[0])
    faults = args.fault or ['none']
    shared = {
        'robot': args.robot,
        'seed': args.seed,
        'episodes': args.episodes,
        'seconds': args.seconds,
        'priority': args.priority,
        'record': not args.no_record,
        'elapsed': args.elapsed,
        'thin': not args.every_reading,
        'command': command(),
    }
    if len(policies) == len(faults) == 1:
        folder = run_folder(args.out, name)
        shared |= {'policy': file, 'policy_name': name, 'mode': args.mode or 'lockstep'}
        return _one(args, console, folder, faults[0], **shared)
    folder = run_folder(args.out, 'run')
    walks = plan(folder, policies, faults, args.mode, **shared)
    return walk_all(walks, folder, console, video=not args.no_video, json=args.json)


def _one(args: argparse.Namespace, console: Any, folder: Path, fault: str, **shared: Any) -> int:
    """One walk, whose folder is the run's."""
    from rich.markup import escape

    from liquid_control.cli.say import say
    from liquid_control.cli.walk import draw, outcome, policy_stopped, walk
    from liquid_control.evaluation.metrics import load_metrics
    from liquid_control.nodes.run_settings import RunSettings
    from liquid_control.provenance import write_json
    from liquid_control.report.run_report import write_report
    from liquid_control.report.run_table import comparison

    settings = RunSettings(folder=folder, fault=fault, **shared)
    finished = walk(settings, console)
    if args.no_record:
        say(console, escape(outcome(settings, finished)))
        return 1 if policy_stopped(settings, finished) else 0
    metrics = load_metrics(folder)
    if not args.no_video:
        draw(folder, console)
    report = write_report(folder / 'report.html', [folder])
    console.print(comparison([metrics]))
    say(console, f'report: {escape(str(report))}')
    if args.json:
        write_json(args.json, metrics)
    return 0 if metrics['complete'] else 1
