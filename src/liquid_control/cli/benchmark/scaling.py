"""``liquid-control benchmark scaling``: comparisons with one worker and with several."""

import argparse
import sys

from liquid_control.cli.arguments import add_simulated_argument, whole
from liquid_control.report.tables import Figure, new_table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from liquid_control.jobs import ENGINES

    parser.add_argument('--policy', default='lstm', help='bundle: a name or a path (lstm)')
    add_simulated_argument(parser, contract=True)
    parser.add_argument('--workers', type=whole(2), default=2, help='workers beside one (2)')
    parser.add_argument('--engine', choices=ENGINES, default='local', help='local or ray (local)')
    parser.add_argument('--pieces', type=whole(1), default=8, help='pieces of each sweep (8)')
    parser.add_argument('--episodes', type=whole(1), default=16, help='episodes of a piece (16)')
    parser.add_argument('--rounds', type=whole(1), default=3, help='rounds of each, in turn (3)')


def main(args: argparse.Namespace) -> int:
    from liquid_control import extras

    extras.require('mujoco', 'gymnasium', *(['ray'] if args.engine == 'ray' else []))
    from rich.console import Console

    from liquid_control import paths
    from liquid_control.benchmarks.scaling import measure_scaling, scaling_rows
    from liquid_control.cli.progress import reporting
    from liquid_control.control.bundle import Bundle
    from liquid_control.control.contract import Contract
    from liquid_control.provenance import provenance, write_json
    from liquid_control.sim import simulated_contract

    source = simulated_contract(args.robot)
    bundle, robot = Bundle.read(paths.policy(args.policy, source)), Contract.load(source)
    bundle.require_driver(robot)
    console = Console()
    found = []
    try:
        with reporting(console, 'scaling') as report:
            for one in measure_scaling(
                bundle, robot, args.workers, engine=args.engine, pieces=args.pieces,
                episodes=args.episodes, rounds=args.rounds, report=report,
            ):  # fmt: skip
                found.append(one)
    except KeyboardInterrupt:
        print(f'stopped after {len(found) // 2} of {args.rounds} rounds', file=sys.stderr)
    rows = scaling_rows(found, args.pieces)
    if not rows:
        return 130
    table = new_table(
        'workers', Figure('seconds', '.1f'), Figure('s a piece', '.2f'),
        Figure('steps a second', ',.0f'), Figure('× one', '.2f'),
    )  # fmt: skip
    for row in rows:
        table.add_row(
            str(row['workers']), row['seconds'], row['seconds_a_piece'], row['steps_a_second'],
            row['times_one'],
        )  # fmt: skip
    console.print(table)
    if args.json:
        names = ('engine', 'pieces', 'episodes')
        settings = {name: getattr(args, name) for name in names} | {'rounds': len(found) // 2}
        result = {'settings': settings, 'policy_sha256': bundle.sha256, 'workers': rows}
        write_json(args.json, {'format': 1, 'provenance': provenance(), **result})
    return 0 if len(found) == 2 * args.rounds else 130
