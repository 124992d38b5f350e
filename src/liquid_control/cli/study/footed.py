"""What the studies on the same footing share: arguments, progress, table and results.json."""

import argparse
import contextlib
import sys
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from liquid_control.cli.arguments import add_device_argument, add_json_argument, whole
from liquid_control.cli.parser import Parser

if TYPE_CHECKING:
    from liquid_control.jobs import Progress
    from liquid_control.study.footing import Footing
    from liquid_control.study.sequences import StudyData


def add_arguments(parser: Parser, out: str) -> None:
    parser.add_argument(
        '--out', type=Path, default=Path(out), metavar='FOLDER',
        help=f'folder for finished runs, from which a stopped study resumes ({out})',
    )  # fmt: skip
    parser.add_argument('--cells', metavar='A,B', help='only these cells')
    parser.add_argument('--seeds', type=whole(1), help='number of seeds, from 0 on (3)')
    parser.add_argument('--updates', type=whole(1), help='gradient steps of each compared run')
    parser.add_argument('--workers', type=whole(1), default=1, help='runs at a time (1)')
    parser.add_argument('--quick', action='store_true', help='few updates and cells, to try it')
    parser.add_argument('--list', action='store_true', help='list the runs and exit')
    add_device_argument(parser)
    add_json_argument(parser, 'also write the results here')


def footing(args: argparse.Namespace) -> 'Footing':
    """The footing that the arguments ask for."""
    import dataclasses

    from liquid_control.study.synthetic import plan

    asked: dict[str, Any] = {'seeds': args.seeds, 'updates': args.updates}
    asked['cells'] = tuple(filter(None, (args.cells or '').split(',')))
    given = {name: value for name, value in asked.items() if value}
    return dataclasses.replace(plan.QUICK if args.quick else plan.FOOTING, **given)


def compare(
    args: argparse.Namespace,
    study: str,
    data: 'Sequence[StudyData]',
    baselines: Mapping[str, Mapping[str, Any]],
) -> int:
    """Carry out the runs on each data set, print a table, and write results.json.

    Args:
        args: of the command.
        study: its name.
        data: the data sets.
        baselines: data set → what it says beside the cells' results.
    """
    from rich.console import Console

    from liquid_control.cli.arguments import terminable
    from liquid_control.cli.progress import follow
    from liquid_control.cli.study.pages import write_report
    from liquid_control.provenance import provenance, write_json
    from liquid_control.study.carry_out import carry_out_all, results, store

    plan, console = footing(args), Console()
    failed: dict[str, str] = {}

    def states() -> 'Generator[Progress]':
        every = carry_out_all(plan, data, args.out, args.workers, args.device)
        with contextlib.closing(every):
            for each, progress in every:
                failed.update((f'{each.name}: {run}', why) for run, why in progress.failed.items())
                yield progress

    with terminable():
        _, stopped = follow(console, 'study', 'runs', states())
    found = {each.name: results(plan, store(args.out, each), each) for each in data}
    _print(console, data, found)
    whole_results = {
        'format': 1,
        'study': study,
        'complete': False if stopped or failed else ('quick' if args.quick else True),
        'failed': failed,
        'provenance': provenance(),
        'baselines': dict(baselines),
        'runs': found,
    }
    for path in filter(None, (args.out / 'results.json', args.json)):
        write_json(path, whole_results)
    pages = ''.join(f', {path.name}' for path in write_report(args.out))
    console.print(f'in {args.out}: results.json{pages}', highlight=False)
    for name, why in failed.items():
        print(f'liquid-control study: {name}: {why}', file=sys.stderr)
    return 130 if stopped else int(bool(failed))


def list_runs(args: argparse.Namespace, names: Sequence[str]) -> int:
    """Print every run of every data set."""
    plan = footing(args)
    for name in names:
        for run in (*plan.tuning(), *plan.runs({})):
            print(f'{name}/{run.name}')
    return 0


def _print(console: Any, data: 'Sequence[StudyData]', found: Mapping[str, Any]) -> None:
    from liquid_control.report.tables import new_table

    for each in data:
        keys = [f'test_{each.criterion}', f'outside_{each.criterion}']
        keys += ['test_valid_time', 'outside_valid_time']
        scored = [result for result in found[each.name].values() if keys[0] in result]
        keys = [key for key in keys if any(key in result for result in scored)]
        table = new_table(each.title, 'seed', *(key.replace('_', ' ') for key in keys))
        for result in scored:
            figures = (f'{result[key]:.4g}' for key in keys)
            table.add_row(result['run']['cell'], str(result['run']['seed']), *figures)
        console.print(table)
