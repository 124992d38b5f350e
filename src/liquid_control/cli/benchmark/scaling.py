"""``liquid-control benchmark scaling``: comparisons with one worker and with several."""

import argparse
from typing import Any

from liquid_control.cli.arguments import add_simulated_argument, whole
from liquid_control.report.tables import Figure, new_table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from liquid_control.jobs import ENGINES

    parser.add_argument('--policy', default='lstm', help='bundle: a name or a path (lstm)')
    add_simulated_argument(parser, contract=True)
    parser.add_argument('--workers', type=whole(2), default=2, help='workers beside one (2)')
    parser.add_argument('--engine', choices=ENGINES, default='local', help='local or ray (local)')
    parser.add_argument('--pieces', type=whole(1), default=8, help='pieces of each sweep (8)')
    parser.add_argument('--episodes', type=whole(1), default=48, help='episodes of a piece (48)')
    parser.add_argument('--rounds', type=whole(1), default=2, help='rounds of each, in turn (2)')


def main(args: argparse.Namespace) -> int:
    from liquid_control import extras

    extras.require('mujoco', 'gymnasium', *(['ray'] if args.engine == 'ray' else []))
    from rich.console import Console

    from liquid_control import paths
    from liquid_control.benchmarks.scaling import measure_scaling
    from liquid_control.cli.progress import counting
    from liquid_control.control.bundle import Bundle
    from liquid_control.control.contract import Contract
    from liquid_control.provenance import provenance, write_json
    from liquid_control.sim import simulated_contract

    source = simulated_contract(args.robot)
    bundle, robot = Bundle.read(paths.policy(args.policy, source)), Contract.load(source)
    bundle.require_driver(robot)
    console = Console()
    with counting(console, 'sweeps', 2 * args.rounds) as advance:
        found = measure_scaling(
            bundle, robot, args.workers, engine=args.engine, pieces=args.pieces,
            episodes=args.episodes, rounds=args.rounds, advance=advance,
        )  # fmt: skip
    rows: list[dict[str, Any]] = []
    for workers in (1, args.workers):
        best = min((one for one in found if one.workers == workers), key=lambda one: one.seconds)
        rows.append(
            {
                'workers': workers,
                'seconds': best.seconds,
                'seconds_a_piece': best.seconds * workers / args.pieces,
                'steps_a_second': best.steps / best.seconds,
            }
        )
    for row in rows:
        row['times_one'] = rows[0]['seconds'] / row['seconds']
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
        names = ('engine', 'pieces', 'episodes', 'rounds')
        settings = {name: getattr(args, name) for name in names}
        result = {'settings': settings, 'policy_sha256': bundle.sha256, 'workers': rows}
        write_json(args.json, {'format': 1, 'provenance': provenance(), **result})
    return 0
