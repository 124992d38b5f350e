"""``liquid-control benchmark training``: what training a cell costs, beside ncps and torch."""

import argparse

from liquid_control.cli.arguments import add_device_argument
from liquid_control.report.tables import Figure, new_table

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
    from liquid_control.cli.progress import counting
    from liquid_control.provenance import provenance, write_json

    console = Console()
    names = cells.chosen(args.cell or ['all'])
    both = len(names) + sum(pair.cell in names for pair in PAIRS)
    rows = []
    for count in threads:
        with counting(console, f'training, threads: {count}', both * (args.rounds + 1)) as advance:
            rows += beside_references(
                names, count, args.batch, args.length, args.rounds, advance, device
            )
    console.print(_table(rows, title(device)))
    grown = []
    if args.growth:
        with counting(console, 'growth', len(names) * len(LENGTHS) * 4) as advance:
            grown = growth(names, list(LENGTHS), 16, 3, advance, device)
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
    columns: dict[str, str | Figure] = {
        'cell': 'cell', 'threads': Figure('threads', 'd'), 'step_ms': Figure('step, ms', '.1f'),
        'saved_mb': Figure('saved, MB', '.1f'), 'reference': 'beside',
        'ratio': Figure('times faster', '.1f'), 'memory_ratio': Figure('times leaner', '.1f'),
    }  # fmt: skip
    if on_gpu:
        del columns['threads']
        columns['captured_ms'] = Figure('graph, ms', '.1f')
        columns['captured_ratio'] = Figure('graph times faster', '.1f')
    table = new_table(*columns.values(), left=('beside',), title=device)
    for row in rows:
        table.add_row(*(row.get(name, '') for name in columns))
    return table


def _growth_table(rows: list[dict]):
    lengths = (Figure(str(length), '.0f') for length in LENGTHS)
    slopes = Figure('time ∝ T^', '.2f'), Figure('memory ∝ T^', '.2f')
    table = new_table('ms per step at length', *lengths, *slopes)
    for row in rows:
        table.add_row(row['cell'], *row['step_ms'], row['time_exponent'], row['memory_exponent'])
    return table
