"""``liquid-control benchmark rollouts``: steps a second in closed loop, beside physics alone."""

import argparse
from typing import Any

from liquid_control.cli.arguments import (
    add_faults_argument,
    add_policies_argument,
    add_simulated_argument,
    whole,
)
from liquid_control.report.tables import Figure, new_table

POLICIES = ('cfc', 'lstm', 'ltc')
FAULTS = ('none', 'gaussian:0.1+dropped:0.1+delay:1')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_policies_argument(parser, f'bundles: names or paths ({",".join(POLICIES)})')
    add_faults_argument(parser, f'faults ({",".join(FAULTS)})')
    add_simulated_argument(parser, contract=True)
    parser.add_argument('--worlds', type=whole(1), default=128, help='worlds at once (128)')
    parser.add_argument(
        '--steps', type=whole(1), default=100, help='control periods of an episode (100)'
    )
    parser.add_argument(
        '--cores', type=whole(1, 64), action='append', metavar='N',
        help='processes that work at once; may be repeated (1, 2)',
    )  # fmt: skip
    parser.add_argument('--rounds', type=whole(1), default=5, help='rounds of each, in turn (5)')
    parser.add_argument(
        '--no-plain', action='store_true',
        help='leave out the loop over one Gymnasium environment with ncps or torch',
    )  # fmt: skip


def main(args: argparse.Namespace) -> int:
    from rich.console import Console

    from liquid_control import extras, paths
    from liquid_control.benchmarks.rollouts import RolloutSettings, measure_rollouts
    from liquid_control.cli.progress import counting
    from liquid_control.control.contract import Contract
    from liquid_control.evaluation.episodes import require_faults
    from liquid_control.provenance import provenance, write_json
    from liquid_control.sim import simulated_contract

    if not args.no_plain:
        extras.require('torch', 'ncps', 'gymnasium')
    robot = simulated_contract(args.robot)
    contract = Contract.load(robot)
    faults = tuple(args.fault) or FAULTS
    require_faults(contract, faults)
    policies = tuple(paths.policy(name, contract.robot) for name in args.policy or POLICIES)
    settings = RolloutSettings(
        policies, robot, faults, args.worlds, args.steps, plain=not args.no_plain
    )
    cores = args.cores or [1, 2]
    console = Console()
    with counting(console, 'rounds', args.rounds + 1) as advance:
        rows = measure_rollouts(settings, cores, args.rounds, advance)
    console.print(_table(rows))
    if args.json:
        shown = {
            'worlds': args.worlds, 'steps': args.steps, 'rounds': args.rounds, 'cores': cores,
        }  # fmt: skip
        about = provenance(contract_sha256=contract.hash)
        write_json(args.json, {'format': 1, 'provenance': about, 'settings': shown, 'rows': rows})
    return 0


def _table(rows: list[dict[str, Any]]):
    """Thousands of steps a second, and the ratios."""
    rates = {
        'physics': 'physics', 'rollout': 'MuJoCo rollout', 'closed_loop': 'closed loop',
        'plain_loop': 'plain loop',
    }  # fmt: skip
    columns = [Figure(title, '.2f') for title in rates.values()]
    table = new_table(
        'policy', 'fault', Figure('cores', 'd'), *columns, Figure('share, %', '.0f'),
        Figure('times plain', '.1f'), left=('fault',), title='thousand steps a second',
    )  # fmt: skip
    for row in rows:
        figures = [row[name] / 1000.0 if name in row else None for name in rates]
        share = 100.0 * row['share']
        table.add_row(row['policy'], row['fault'], row['cores'], *figures, share, row.get('times'))
    return table
