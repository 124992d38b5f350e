"""``liquid-control benchmark rollouts``: steps a second in closed loop, beside physics alone."""

import argparse
import sys
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
    add_policies_argument(parser, f'bundles: names, paths or all ({",".join(POLICIES)})')
    add_faults_argument(parser, f'faults ({",".join(FAULTS)})')
    add_simulated_argument(parser, contract=True)
    parser.add_argument('--worlds', type=whole(1), default=128, help='worlds at once (128)')
    parser.add_argument(
        '--steps', type=whole(1), default=50, help='control periods of an episode (50)'
    )
    parser.add_argument(
        '--cores', type=whole(1, 64), action='append', metavar='N',
        help='processes that work at once; may be repeated (1, 2)',
    )  # fmt: skip
    parser.add_argument('--rounds', type=whole(1), default=3, help='rounds of each, in turn (3)')
    parser.add_argument(
        '--no-plain', action='store_true',
        help='leave out the loop over one Gymnasium environment with ncps or torch',
    )  # fmt: skip


def main(args: argparse.Namespace) -> int:
    from rich.console import Console

    from liquid_control import extras, paths
    from liquid_control.benchmarks.rollouts import RolloutSettings, measure_rollouts
    from liquid_control.cli.progress import reporting
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
    policies = tuple(paths.chosen_policies(args.policy or POLICIES, contract.robot))
    settings = RolloutSettings(
        policies, robot, faults, args.worlds, args.steps, plain=not args.no_plain
    )
    cores = args.cores or [1, 2]
    console = Console()
    rows: list[dict[str, Any]] = []
    done = 0
    try:
        with reporting(console, 'rollouts') as report:
            for found in measure_rollouts(settings, cores, args.rounds, report):
                rows, done = found, done + 1
    except KeyboardInterrupt:
        print(f'stopped after {done} of {args.rounds} rounds', file=sys.stderr)
        if not rows:
            return 130
    console.print(_table(rows))
    if args.json:
        shown = {
            'worlds': args.worlds, 'steps': args.steps, 'rounds': done, 'cores': cores,
        }  # fmt: skip
        about = provenance(contract_sha256=contract.hash)
        write_json(args.json, {'format': 1, 'provenance': about, 'settings': shown, 'rows': rows})
    return 0 if done == args.rounds else 130


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
