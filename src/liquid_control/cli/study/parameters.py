"""``study parameters``: parameters of every cell in closed form, checked against the modules."""

import argparse
from pathlib import Path

from liquid_control.cli.arguments import add_json_argument, add_names_argument, whole
from liquid_control.cli.parser import Parser
from liquid_control.cli.study.shared import study_folder

DATA = None


def add_arguments(parser: Parser) -> None:
    parser.add_argument(
        '--out', type=Path, default=Path('runs/parameters'), metavar='FOLDER',
        help='folder for page and picture (runs/parameters)',
    )  # fmt: skip
    add_names_argument(parser, '--cells', 'A,B', 'only these cells')
    parser.add_argument('--workers', type=whole(1), default=1, help='not used: it takes seconds')
    parser.add_argument('--quick', action='store_true', help='not used: it takes seconds')
    parser.add_argument('--list', action='store_true', help='list the formulas and exit')
    add_json_argument(parser, 'also write the results here')


def main(args: argparse.Namespace) -> int:
    from rich.console import Console

    from liquid_control.cells import chosen
    from liquid_control.provenance import provenance, write_json
    from liquid_control.report.study.parameters import table, write
    from liquid_control.study import parameters

    names = chosen(args.cells or ['all'])
    formulas = {name: parameters.FORMULAS[name].text for name in names}
    console = Console()
    if args.list:
        for name, text in formulas.items():
            print(f'{name:<12} {text}')
        print(f'n: inputs; h: units; {parameters.SYMBOLS}')
        return 0
    with console.status('counting'):
        counts = parameters.counts(names)
    folder, origin = study_folder(args.out, 'results.json', 'parameters'), provenance()
    folder.mkdir(parents=True, exist_ok=True)
    results = {
        'format': 1,
        'study': 'parameters',
        'complete': True,
        'provenance': origin,
        'formulas': formulas,
        'counts': [one._asdict() for one in counts],
    }
    for path in filter(None, (folder / 'results.json', args.json)):
        write_json(path, results)
    held = parameters.ORDER, parameters.UNIT
    console.print(table(counts, formulas, parameters.ORDER, parameters.SYMBOLS))
    written = write(folder, counts, formulas, held, origin, parameters.SYMBOLS)
    files = ', '.join(path.name for path in (folder / 'results.json', *written))
    console.print(f'in {args.out}: {files}', highlight=False)
    return 0
