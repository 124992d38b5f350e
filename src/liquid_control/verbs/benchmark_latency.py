"""``liquid-control benchmark latency``: what a policy costs, beside a bare echo node."""

import argparse
from typing import Any

from liquid_control.verbs.arguments import add_priority_argument
from liquid_control.verbs.tables import new_table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--policy', action='append', help='bundle: a name or a path; may be repeated (cfc, lstm)'
    )
    parser.add_argument('--robot', default='walker2d', help='contract: a name or a path')
    parser.add_argument('--rounds', type=int, default=20, help='blocks of 100 samples each (20)')
    parser.add_argument(
        '--period', type=float, help="time between observations in s (that of the robot's contract)"
    )
    add_priority_argument(parser, 'all of them, and of what asks them')
    parser.add_argument(
        '--cell',
        action='append',
        help='instead, time the step of a bare cell as a bundle (17 inputs, 6 outputs) beside ncps '
        'or torch in eager mode; may be repeated; all: every cell',
    )


def main(args: argparse.Namespace) -> int:
    if args.rounds < 1 or not (args.period or 0.0) >= 0:
        raise ValueError('--rounds: expected 1 or more, and --period 0 or more')
    if args.cell:
        return _cells(args)
    from rich.console import Console
    from rich.progress import Progress

    from liquid_control import paths
    from liquid_control.benchmarks.latency import quantiles, step_times
    from liquid_control.control.contract import Contract
    from liquid_control.control.runtime import PolicyRunner
    from liquid_control.nodes.latency import LoopSettings, candidates_of, measure_loops
    from liquid_control.provenance import provenance, write_json

    console = Console()
    robot = paths.robot(args.robot)
    period = 1.0 / Contract.load(robot).rate if args.period is None else args.period
    bundles = [paths.policy(name, robot) for name in args.policy or ('cfc', 'lstm')]
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
    from liquid_control.control.contract import Contract
    from liquid_control.provenance import provenance, write_json
    from liquid_control.verbs.progress import counting

    console = Console()
    names = cells.chosen(args.cell)
    robot = Contract.load(paths.robot(args.robot))
    with counting(console, 'steps', len(names) * (args.rounds + 1)) as told:
        rows = beside_references(names, robot, args.rounds, told=told)
    titles = ('', 'step, µs\np50 / p99', 'operations', 'beside', 'p50, µs', 'times\nfaster')
    table = new_table(*titles, left=('beside',))
    for row in rows:
        beside = ()
        if 'ratio' in row:
            beside = row['reference'], f'{row["reference_us"]:.0f}', f'{row["ratio"]:.1f}'
        table.add_row(row['cell'], _pair(row, '.1f'), f'{row["operations"]:,}', *beside)
    console.print(table)
    if args.json:
        settings = {'rounds': args.rounds, 'block': 100}
        result = {'settings': settings, 'cells': rows}
        write_json(args.json, {'format': 1, 'provenance': provenance(), **result})
    return 0


def _table(bare: dict[str, float], rows: list[dict[str, Any]]):
    table = new_table('', 'step, µs\np50 / p99', 'loop, µs\np50 / p99', 'of the echo\np50 / p99',
                       'memory\nMB', 'of the\necho')  # fmt: skip
    table.add_row('bare echo', '', _pair(bare, '.0f'), '', f'{bare["resident_mb"]:.0f}', '')
    for row in rows:
        ratio = row['ratio_to_echo']
        table.add_row(
            row['policy'],
            _pair(row['step'], '.1f'),
            _pair(row['loop'], '.0f'),
            _pair(ratio, '.2f'),
            f'{row["loop"]["resident_mb"]:.0f}',
            f'{ratio["resident_mb"]:.2f}',
        )
    return table


def _pair(figures: dict[str, float], form: str) -> str:
    return f'{figures["p50_us"]:{form}} / {figures["p99_us"]:{form}}'
