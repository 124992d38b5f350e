"""What studies on the same footing share: arguments, carrying out, results, the exit code."""

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from liquid_control.cli.arguments import add_device_argument, add_json_argument, whole

if TYPE_CHECKING:
    from liquid_control.study.footing import Footing
    from liquid_control.study.sequences import StudyData


def add_compared_arguments(parser: argparse.ArgumentParser, name: str) -> None:
    """Add the arguments of a study on the same footing; its data are not among them."""
    parser.add_argument(
        '--out', type=Path, default=Path('runs') / name, metavar='FOLDER',
        help=f'folder for finished runs, from which a stopped study resumes (runs/{name})',
    )  # fmt: skip
    parser.add_argument('--cells', default='', metavar='A,B', help='only these cells')
    parser.add_argument(
        '--runs', default='*', metavar='PATTERN', help="only matching runs ('*-seed0')"
    )
    parser.add_argument('--seeds', type=whole(1), default=3, help='number of seeds, from 0 on (3)')
    parser.add_argument('--workers', type=whole(1), default=1, help='runs at a time (1)')
    parser.add_argument('--quick', action='store_true', help='few updates and cells, to try it')
    parser.add_argument('--list', action='store_true', help='list the runs and exit')
    add_device_argument(parser)
    add_json_argument(parser, 'also write the results here')


def cells_of(args: argparse.Namespace) -> tuple[str, ...]:
    """The cells that are asked for; none for all."""
    return tuple(filter(None, (name.strip() for name in args.cells.split(','))))


def compare(
    args: argparse.Namespace, footing: 'Footing', data: 'StudyData', study: str | None = None
) -> int:
    """List or carry out a comparison; write results.json and the page, print the table.

    Args:
        args: of the command.
        footing: the runs.
        data: the data set.
        study: name of the study, if it is not that of the data set.

    Returns:
        The exit code.
    """
    from rich.console import Console

    from liquid_control.cli.arguments import terminable
    from liquid_control.cli.progress import follow
    from liquid_control.run_folder import own_folder
    from liquid_control.study.carry_out import carry_out
    from liquid_control.study.run import ResultStore
    from liquid_control.training.device import device_named

    names = [run.name for run in (*footing.tuning(), *footing.runs({}))]
    console = Console()
    if args.list:
        console.print('\n'.join(names), highlight=False)
        return 0
    if not names:
        raise ValueError('no run matches; --list without filters lists all runs')
    device_named(args.device)
    with console.status('reading the data'):
        sha256 = data.load().sha256
    store = ResultStore(own_folder(args.out, 'weights'), sha256)
    with terminable():
        states = carry_out(footing, store, data, args.workers, args.device)
        progress, stopped = follow(console, 'study', 'runs', states)
        failed = _finish(
            args, console, footing, data, store, progress.failed, len(names), study or data.name
        )
    if stopped:
        print(
            f'stopped; what is finished is kept in {args.out}: the same command resumes from there',
            file=sys.stderr,
        )
        return 130
    for name, why in failed.items():
        print(f'liquid-control study: {name}: {why}', file=sys.stderr)
    return 1 if failed else 0


def _finish(args, console, footing, data, store, failed, total: int, study: str) -> dict[str, str]:
    """Write results.json and the page, print the table; returns run → why it failed."""
    from liquid_control.cli.study.pages import write_report
    from liquid_control.provenance import provenance, write_json
    from liquid_control.study.carry_out import failures, results
    from liquid_control.study.summary import summarize, table

    runs = results(footing, store, data)
    failed = failed | failures(runs)
    summary = summarize(runs.values(), data)
    complete = len(runs) == total
    seeds = list(range(footing.seeds))
    written: dict[str, Any] = {
        'format': 1,
        'study': study,
        'data': data.name,
        'complete': 'quick' if complete and args.quick else complete,
        'failed': failed,
        'provenance': provenance(data_sha256=store.data_sha256, seeds=seeds),
        'criterion': data.criterion,
        'greater': data.greater,
        'footing': asdict(footing),
        'summary': summary,
        'runs': [runs[name] for name in sorted(runs)],
    }
    for path in filter(None, (args.out / 'results.json', args.json)):
        write_json(path, written)
    console.print(table(summary, data))
    pages = ''.join(f', {path.name}' for path in write_report(args.out))
    console.print(f'in {args.out}: results.json{pages}', highlight=False)
    return failed
