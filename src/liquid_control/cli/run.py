"""``liquid-control run``: one policy on a simulation graph, recorded and measured."""

import argparse
from pathlib import Path

from liquid_control import extras
from liquid_control.cli.arguments import add_simulated_argument, add_walk_arguments, whole


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--policy', default='', help='bundle: a name or a path (cfc if it ships, else expert)'
    )
    add_simulated_argument(parser, contract=True)
    parser.add_argument(
        '--fault', default='none', help='faults, e.g. gaussian:0.1+command_delay:2 (none)'
    )
    parser.add_argument('--episodes', type=whole(1), default=1, help='number of episodes (1)')
    parser.add_argument(
        '--mode',
        choices=('lockstep', 'realtime'),
        default='lockstep',
        help='lockstep: as fast as the graph allows, not changed by a slow or busy machine; '
        'realtime: on the wall clock, to measure latency and missed deadlines (lockstep)',
    )
    parser.add_argument('--no-record', action='store_true', help='neither record nor measure')
    add_walk_arguments(parser, 'runs/TIME-POLICY')


def main(args: argparse.Namespace) -> int:
    if args.no_record and args.json:
        raise ValueError('--json needs a recording: leave out --no-record')
    extras.require('rclpy', 'mujoco', 'gymnasium')
    from rich.console import Console

    from liquid_control.cli.walk import draw, outcome, walk
    from liquid_control.evaluation.metrics import load_metrics, why_stopped
    from liquid_control.nodes.graph import GraphError, RunSettings, policy_for
    from liquid_control.provenance import command, write_json
    from liquid_control.report.run_report import write_report
    from liquid_control.report.run_table import comparison
    from liquid_control.run_folder import run_folder

    console = Console()
    policy = policy_for(args.robot, args.policy)
    folder = run_folder(args.out, Path(policy).stem)
    settings = RunSettings(
        folder=folder,
        policy=policy,
        robot=args.robot,
        fault=args.fault,
        seed=args.seed,
        episodes=args.episodes,
        seconds=args.seconds,
        mode=args.mode,
        priority=args.priority,
        record=not args.no_record,
        command=command(),
    )
    try:
        finished = walk(settings, console)
    except GraphError as error:
        stopped = '' if args.no_record else why_stopped(load_metrics(folder))
        raise GraphError(f'{stopped}; then {error}') if stopped else error from None
    if args.no_record:
        console.print(outcome(settings, finished), highlight=False)
        return 0
    metrics = load_metrics(folder)
    if not args.no_video:
        draw(folder, console)
    write_report(folder / 'report.html', [folder])
    console.print(comparison([metrics]))
    console.print(f'report: {folder / "report.html"}', highlight=False, soft_wrap=True)
    if args.json:
        write_json(args.json, metrics)
    return 0 if metrics['complete'] else 1
