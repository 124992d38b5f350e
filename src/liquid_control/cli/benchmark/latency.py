"""``liquid-control benchmark latency``: what a policy costs, beside a bare echo node."""

import argparse
from typing import Any

from liquid_control.cli.arguments import (
    add_policies_argument,
    add_priority_argument,
    number,
    whole,
)
from liquid_control.report.tables import Figure, new_table

_PARTS = ('p50', 'p99')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_policies_argument(parser, 'bundles: names, paths or all (cfc, lstm)')
    parser.add_argument('--robot', default='walker2d', help='contract: a name or a path')
    parser.add_argument(
        '--rounds', type=whole(1), default=20, help='blocks of 100 samples each (20)'
    )
    parser.add_argument(
        '--period',
        type=number(0.0),
        help="time between observations in s (that of the robot's contract)",
    )
    add_priority_argument(parser, 'all of them, and of what asks them')
    parser.add_argument(
        '--cell',
        action='append',
        help='instead, time the step of a bare cell as a bundle (17 inputs, 6 outputs) beside ncps '
        'or torch in eager mode; may be repeated; all: every cell',
    )


def main(args: argparse.Namespace) -> int:
    if args.cell:
        return _cells(args)
    from rich.console import Console
    from rich.progress import Progress

    from liquid_control import paths
    from liquid_control.benchmarks.loop import LoopSettings, candidates_of, measure_loops
    from liquid_control.benchmarks.step import quantiles, step_times
    from liquid_control.control.contract import Contract
    from liquid_control.control.runtime import PolicyRunner
    from liquid_control.provenance import provenance, write_json

    console = Console()
    robot = paths.robot(args.robot)
    nominal = 1.0 / Contract.load(robot).rate
    period = nominal if args.period is None else args.period
    if period < nominal:
        raise ValueError(
            f'--period: expected at least {nominal:g} s, the period of {args.robot}, found '
            f'{period:g}: observations that come faster are thinned out, not answered'
        )
    bundles = paths.chosen_policies(args.policy or ('cfc', 'lstm'), robot)
    candidates = candidates_of(bundles, robot, args.priority)
    runners = [PolicyRunner(path) for path in bundles]
    with console.status('steps in process'):
        steps = [quantiles(times) for times in step_times(runners)]
    settings = LoopSettings(rounds=args.rounds, period=period, priority=args.priority)
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task('sensor to command and back', total=settings.rounds)
        measure_loops(candidates, settings, lambda done: progress.update(task, completed=done))
    bare = {**quantiles(candidates[0].times), 'resident_mb': candidates[0].memory_mb}
    rows = []
    for runner, path, step, loop in zip(runners, bundles, steps, candidates[1:], strict=True):
        figures = {**quantiles(loop.times), 'resident_mb': loop.memory_mb, 'lost': loop.lost}
        rows.append(
            {
                'policy': path.stem,
                'sha256': runner.bundle.sha256,
                'parameters': runner.bundle.counts.get('parameters'),
                'step': step,
                'loop': figures,
                'ratio_to_echo': {
                    key: figures[key] / bare[key] for key in bare if key != 'samples'
                },
            }
        )
    console.print(_table(bare, rows))
    if args.json:
        settings = {
            'rounds': args.rounds,
            'block': settings.block,
            'period_s': period,
            'priority': args.priority,
        }
        result = {'settings': settings, 'echo': bare, 'policies': rows}
        write_json(args.json, {'format': 1, 'provenance': provenance(), **result})
    return 0


def _cells(args: argparse.Namespace) -> int:
    from rich.console import Console

    from liquid_control import cells, paths
    from liquid_control.benchmarks.step_cost import beside_references
    from liquid_control.cli.progress import counting
    from liquid_control.control.contract import Contract
    from liquid_control.provenance import provenance, write_json

    console = Console()
    names = cells.chosen(args.cell)
    robot = Contract.load(paths.robot(args.robot))
    with counting(console, 'steps', len(names) * (args.rounds + 1)) as advance:
        rows = beside_references(names, robot, args.rounds, advance=advance)
    table = new_table(
        'cell', Figure('step, µs p50/p99', '.1f', _PARTS), Figure('operations', ',d'), 'beside',
        Figure('p50, µs', '.0f'), Figure('times faster', '.1f'), left=('beside',),
    )  # fmt: skip
    for row in rows:
        beside = (row.get('reference', ''), row.get('reference_us'), row.get('ratio'))
        table.add_row(row['cell'], _pair(row), row['operations'], *beside)
    console.print(table)
    if args.json:
        settings = {'rounds': args.rounds, 'block': 100}
        result = {'settings': settings, 'cells': rows}
        write_json(args.json, {'format': 1, 'provenance': provenance(), **result})
    return 0


def _table(bare: dict[str, float], rows: list[dict[str, Any]]):
    table = new_table(
        'node', Figure('step, µs p50/p99', '.1f', _PARTS),
        Figure('loop, µs p50/p99', '.0f', _PARTS),
        Figure('loop / echo p50/p99', '.2f', _PARTS), Figure('memory, MiB', '.0f'),
        Figure('memory / echo', '.2f'),
    )  # fmt: skip
    table.add_row('bare echo', None, _pair(bare), None, bare['resident_mb'], None)
    for row in rows:
        loop, ratio = row['loop'], row['ratio_to_echo']
        memory = loop['resident_mb'], ratio['resident_mb']
        table.add_row(row['policy'], _pair(row['step']), _pair(loop), _pair(ratio), *memory)
    return table


def _pair(figures: dict[str, float]) -> tuple[float, float]:
    return figures['p50_us'], figures['p99_us']
