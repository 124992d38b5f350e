"""``liquid-control benchmark training``: what training a cell costs, beside ncps and torch."""

import argparse

from liquid_control.verbs.arguments import add_device_argument
from liquid_control.verbs.tables import new_table

LENGTHS = (16, 32, 64, 128, 256, 512, 1024)


_MOST_THREADS = 256


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--cell', action='append', help='recurrent cell; may be repeated; default: every cell (all)'
    )
    parser.add_argument(
        '--threads',
        type=int,
        action='append',
        help='number of threads; may be repeated (1, 2; on a GPU 1)',
    )
    add_device_argument(parser)
    parser.add_argument('--batch', type=int, default=64, help='sequences per step (64)')
    parser.add_argument('--length', type=int, default=64, help='samples per sequence (64)')
    parser.add_argument('--rounds', type=int, default=7, help='measured steps of each (7)')
    parser.add_argument(
        '--growth',
        action='store_true',
        help=f'also measure time and memory for lengths {LENGTHS[0]} to {LENGTHS[-1]}, batch 16',
    )


def main(args: argparse.Namespace) -> int:
    for name in ('batch', 'length', 'rounds'):
        if getattr(args, name) < 1:
            raise ValueError(f'--{name}: expected 1 or more, found {getattr(args, name)}')
    from liquid_control.training.device import device_named, title, use

    device = device_named(args.device)
    use(device)
    threads = args.threads or ([1, 2] if device.type == 'cpu' else [1])
    for count in threads:
        if not 1 <= count <= _MOST_THREADS:
            raise ValueError(f'--threads: expected 1 to {_MOST_THREADS}, found {count}')
    from rich.console import Console

    from liquid_control import cells
    from liquid_control.benchmarks.references import PAIRS
    from liquid_control.benchmarks.training_cost import beside_references, growth
    from liquid_control.provenance import provenance, write_json
    from liquid_control.verbs.progress import counting

    console = Console()
    names = cells.chosen(args.cell or ['all'])
    both = len(names) + sum(pair.cell in names for pair in PAIRS)
    rows = []
    for count in threads:
        with counting(console, f'training, threads: {count}', both * (args.rounds + 1)) as told:
            rows += beside_references(
                names, count, args.batch, args.length, args.rounds, told, device
            )
    console.print(_table(rows, title(device)))
    grown = []
    if args.growth:
        with counting(console, 'growth', len(names) * len(LENGTHS) * 4) as told:
            grown = growth(names, list(LENGTHS), 16, 3, told, device)
        console.print(_growth_table(grown))
    if args.json:
        settings = {
            'device': title(device), 'threads': threads, 'batch': args.batch,
            'length': args.length, 'rounds': args.rounds,
        }  # fmt: skip
        result = {'settings': settings, 'steps': rows, 'growth': grown}
        write_json(args.json, {'format': 1, 'provenance': provenance(), **result})
    return 0


def _table(rows: list[dict], device: str):
    """Steps of all cells; on a GPU with captured passes too, and without the threads."""
    on_gpu = 'captured_ms' in rows[0]
    columns = {
        '': '{cell}', **({} if on_gpu else {'threads': '{threads}'}),
        'step\nms': '{step_ms:.1f}', 'saved\nMB': '{saved_mb:.1f}', 'beside': '{reference}',
        'times\nfaster': '{ratio:.1f}', 'times\nleaner': '{memory_ratio:.1f}',
        **({'graph\nms': '{captured_ms:.1f}', 'graph\nfaster': '{captured_ratio:.1f}'}
           if on_gpu else {}),
    }  # fmt: skip
    table = new_table(*columns, left=('', 'beside'), title=device)
    for row in rows:
        table.add_row(*(_shown(text, row) for text in columns.values()))
    return table


def _shown(text: str, row: dict) -> str:
    """A value of a row; empty if the row has none."""
    try:
        return text.format_map(row)
    except KeyError:
        return ''


def _growth_table(rows: list[dict]):
    lengths = map(str, LENGTHS)
    table = new_table('ms per step\nat length', *lengths, 'time\n∝ T^', 'memory\n∝ T^')
    for row in rows:
        slopes = (f'{row[key]:.2f}' for key in ('time_exponent', 'memory_exponent'))
        table.add_row(row['cell'], *(f'{value:.0f}' for value in row['step_ms']), *slopes)
    return table
