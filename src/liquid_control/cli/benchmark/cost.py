"""``liquid-control benchmark cost``: memory, operations and energy of policies."""

import argparse
from typing import Any

from liquid_control.cli.arguments import ROBOT, add_policies_argument
from liquid_control.report.tables import Figure, new_table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_policies_argument(parser, 'bundles: names or paths (all that ship for the robot)')
    parser.add_argument('--robot', default=ROBOT, help=f'contract: a name or a path ({ROBOT})')


def main(args: argparse.Namespace) -> int:
    from rich.console import Console
    from rich.markup import escape

    from liquid_control import paths
    from liquid_control.cli.progress import counting
    from liquid_control.cli.say import say
    from liquid_control.control.bundle import Bundle
    from liquid_control.evaluation.cost import count_operations, policy_figures
    from liquid_control.evaluation.cost.energy import ESTIMATE, NEUROMORPHIC
    from liquid_control.evaluation.cost.rapl import MEASURED, Rapl, RaplError
    from liquid_control.provenance import provenance, write_json

    names = args.policy or paths.policies(args.robot)
    bundles = [Bundle.read(paths.policy(name, args.robot)) for name in names]
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
    console.print(_table(rows))
    for row in rows:
        if row['not_counted']:
            what = escape(', '.join(row['not_counted']))
            say(console, f'[yellow]{escape(row["policy"])}: operations not counted: {what}[/]')
    for note in (ESTIMATE, NEUROMORPHIC, measured):
        say(console, f'[dim]{escape(note)}[/]')
    if args.json:
        notes = {'estimate': ESTIMATE, 'neuromorphic': NEUROMORPHIC, 'measured': measured}
        result = {'notes': notes, 'policies': rows}
        write_json(args.json, {'format': 1, 'provenance': provenance(), **result})
    return 0


def _table(rows: list[dict[str, Any]]) -> Any:
    columns = (
        ('parameters', 1, Figure('params', ',.0f')),
        ('state_bytes', 1, Figure('state, B', ',.0f')),
        ('bundle_bytes', 1e3, Figure('file, kB', '.0f')),
        ('resident_bytes', 1e6, Figure('memory, MB', '.0f')),
        ('multiply_adds', 1, Figure('multiply- adds', ',.0f')),
        ('transcendentals', 1, Figure('func- tions', ',.0f')),
        ('energy_nj', 1, Figure('energy, nJ', ',.0f')),
        ('neuromorphic_nj', 1, Figure('neuro- morphic, nJ', ',.0f')),
        ('measured_nj', 1, Figure('measured, nJ', ',.0f')),
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
