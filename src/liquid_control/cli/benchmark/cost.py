"""``liquid-control benchmark cost``: time, memory, operations and energy of policies."""

import argparse
from typing import Any

from liquid_control.cli.arguments import ROBOT, add_policies_argument
from liquid_control.report.tables import Figure, new_table

OPERATIONS = (
    'Multiply-adds and functions are those of one step of the exported graph, counted. Functions '
    'are tanh, sigmoid, exp and the like, divisions and roots.'
)
STEP = (
    'Step: median time of a step on one thread of this machine, of 4,000 each, in turn. Memory: '
    'policy, NumPy and ONNX Runtime in a fresh process, without the Python interpreter and ROS.'
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_policies_argument(parser, 'bundles: names, paths, or all that ship for the robot (all)')
    parser.add_argument('--robot', default=ROBOT, help=f'contract: a name or a path ({ROBOT})')


def main(args: argparse.Namespace) -> int:
    from rich.console import Console
    from rich.markup import escape

    from liquid_control import paths
    from liquid_control.benchmarks.step import quantiles, step_times
    from liquid_control.cli.progress import counting
    from liquid_control.cli.say import say
    from liquid_control.control.bundle import Bundle
    from liquid_control.control.runtime import PolicyRunner
    from liquid_control.evaluation.cost import count_operations, policy_figures
    from liquid_control.evaluation.cost.energy import ESTIMATE, NEUROMORPHIC
    from liquid_control.evaluation.cost.rapl import MEASURED, Rapl, RaplError
    from liquid_control.provenance import provenance, write_json

    files = paths.chosen_policies(args.policy or [paths.ALL], args.robot)
    bundles = [Bundle.read(path) for path in files]
    try:
        Rapl.found()
        measured = MEASURED
    except RaplError as error:
        measured = f'Energy is not measured: {error}.'
    console = Console()
    rows: list[dict[str, Any]] = []
    with counting(console, 'policies', len(bundles)) as advance:
        for bundle in bundles:
            operations = count_operations(bundle.graph)
            rows.append(
                {
                    'policy': bundle.path.stem if bundle.path else bundle.cell,
                    'sha256': bundle.sha256,
                    'figures': policy_figures(bundle),
                    'functions': dict(sorted(operations.functions.items())),
                    'not_counted': sorted(operations.unknown),
                }
            )
            advance()
    with console.status('timing steps'):
        times = step_times([PolicyRunner(bundle) for bundle in bundles])
    for row, taken in zip(rows, times, strict=True):
        row['figures']['latency_us_p50'] = quantiles(taken)['p50_us']
    console.print(_table(rows))
    for row in rows:
        if row['not_counted']:
            what = escape(', '.join(row['not_counted']))
            say(console, f'[yellow]{escape(row["policy"])}: operations not counted: {what}[/]')
    for note in (STEP, OPERATIONS, ESTIMATE, NEUROMORPHIC, measured):
        say(console, f'[dim]{escape(note)}[/]')
    if args.json:
        notes = {
            'step': STEP,
            'operations': OPERATIONS,
            'estimate': ESTIMATE,
            'neuromorphic': NEUROMORPHIC,
            'measured': measured,
        }
        result = {'notes': notes, 'policies': rows}
        write_json(args.json, {'format': 1, 'provenance': provenance(), **result})
    return 0


def _table(rows: list[dict[str, Any]]) -> Any:
    columns = (
        ('parameters', 1, Figure('params', ',.0f')),
        ('state_bytes', 1, Figure('state, bytes', ',.0f')),
        ('bundle_bytes', 2**10, Figure('file, KiB', '.0f')),
        ('resident_bytes', 2**20, Figure('memory, MiB', '.0f')),
        ('latency_us_p50', 1, Figure('step, µs', '.0f')),
        ('multiply_adds', 1, Figure('multiply- adds', ',.0f')),
        ('transcendentals', 1, Figure('func- tions', ',.0f')),
        ('energy_nj', 1, Figure('energy, nJ, estimate', ',.0f')),
        ('neuromorphic_nj', 1, Figure('neuro- morphic, nJ, estimate', ',.0f')),
        ('measured_nj', 1, Figure('energy, nJ, measured', ',.0f')),
    )
    used = [column for column in columns if any(column[0] in row['figures'] for row in rows)]
    table = new_table('policy', *(figure for *_, figure in used))
    for row in rows:
        values = [
            None if (value := row['figures'].get(name)) is None else value / unit
            for name, unit, _ in used
        ]
        table.add_row(row['policy'], *values)
    return table
