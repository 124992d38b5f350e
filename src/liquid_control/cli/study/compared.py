"""The front of studies on the same footing: arguments, carrying out, results, the exit code."""

import argparse
import contextlib
import dataclasses
import fnmatch
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from liquid_control.cli.arguments import (
    add_device_argument,
    add_json_argument,
    add_names_argument,
    whole,
)
from liquid_control.cli.study.shared import (
    QUICK,
    add_out_argument,
    exit_code,
    list_runs,
    out_folder,
    require_runs,
    study_folder,
)

if TYPE_CHECKING:
    from rich.console import Console

    from liquid_control.jobs import Progress
    from liquid_control.study.footing import Footing
    from liquid_control.study.run import ResultStore
    from liquid_control.study.sequences import StudyData

Stores = Sequence[tuple['StudyData', 'ResultStore']]
"""Each data set with its results."""


def add_compared_arguments(parser: argparse.ArgumentParser, name: str, updates: int) -> None:
    """Add the arguments of a study on the same footing; its data are not among them.

    Args:
        parser: of the study.
        name: of the study, for its folder.
        updates: gradient steps of a run that is not shortened, for the help.
    """
    add_out_argument(parser, name, 'folder for finished runs, from which a stopped study resumes')
    add_names_argument(parser, '--cells', 'A,B', 'only these cells')
    parser.add_argument(
        '--runs', default='*', metavar='PATTERN',
        help="only compared runs whose name matches, '*-seed0', as --list prints it or without its "
        'data set, or all of a data set; tuning is added as they need it',
    )  # fmt: skip
    parser.add_argument('--seeds', type=whole(1), help='number of seeds, from 0 on (3)')
    parser.add_argument(
        '--updates', type=whole(1), help=f'gradient steps of each compared run ({updates:,})'
    )
    parser.add_argument('--workers', type=whole(1), default=1, help='runs at a time (1)')
    parser.add_argument(
        '--from', type=Path, dest='finished', metavar='FILE',
        help='results.json of the same study elsewhere, whose runs count as finished',
    )  # fmt: skip
    parser.add_argument('--quick', action='store_true', help='few updates and cells, to try it')
    parser.add_argument('--list', action='store_true', help='list the runs and exit')
    add_device_argument(parser)
    add_json_argument(parser, 'also write the results here')


def asked_footing(args: argparse.Namespace, footing: 'Footing', quick: 'Footing') -> 'Footing':
    """The footing in full or to try it, with the cells, seeds and updates asked for."""
    asked = {
        'cells': tuple(args.cells),
        'seeds': args.seeds,
        'updates': args.updates,
    }
    given = {name: value for name, value in asked.items() if value}
    return dataclasses.replace(quick if args.quick else footing, **given)


def compare(
    args: argparse.Namespace,
    study: str,
    footing: 'Footing',
    data: 'Sequence[StudyData]',
    estimated: bool = False,
) -> int:
    """List or carry out a comparison; write results.json and the page, print a table a data set.

    Each data set has a folder of its name in ``--out``.

    Args:
        args: of the command.
        study: its name.
        footing: the runs on each data set, of which those asked for are carried out.
        data: the data sets, at least one.
        estimated: whether the cost of its runs was measured, for the list.

    Returns:
        The exit code.
    """
    from rich.console import Console

    from liquid_control.cli.arguments import terminable
    from liquid_control.cli.progress import follow
    from liquid_control.run_folder import alone_in
    from liquid_control.study.carry_out import carry_out_all
    from liquid_control.study.checks import checked
    from liquid_control.study.finished import Finished
    from liquid_control.study.sequences import DataError, naming, values
    from liquid_control.training.device import device_named

    args.out = out_folder(args, study)
    several = len(data) > 1
    data, pattern = _asked(args.runs, data)
    footing = dataclasses.replace(footing, pattern=pattern)
    runs = [*footing.tuning(), *footing.runs({})]
    names = [run.name for run in runs]
    listed = [f'{each.name}/{name}' if several else name for each in data for name in names]
    console = Console()
    require_runs(listed, args.runs)
    if args.list:
        return list_runs(listed, runs * len(data), estimated)
    device_named(args.device)
    folder = study_folder(args.out, data[0].name, study)
    finished = args.finished and Finished(args.finished, study)
    stores, beside = [], {}
    with console.status('reading the data'):
        for each in data:
            where = f'{type(each).__name__}.load'
            try:
                with naming(where):
                    split = each.load()
            except DataError as error:
                raise DataError(
                    str(error) if str(error).startswith(where) else f'{where}: {error}'
                ) from None
            store = checked(footing, folder / each.name, each, split, finished=finished)
            stores.append((each, store))
            beside[each.name] = values(f'{each.name}: baselines()', each.baselines)
    if finished:
        finished.require_some()
    failed: dict[str, str] = {}

    def states() -> 'Generator[Progress]':
        every = carry_out_all(footing, stores, args.workers, args.device)
        with contextlib.closing(every):
            for each, progress in every:
                failed.update(_named(each, progress.failed, stores))
                yield progress

    with alone_in(folder), terminable():
        _, stopped = follow(console, 'study', 'runs', states())
        kept, failed = _finish(args, console, study, footing, stores, beside, failed, len(names))
    return exit_code(args.out, stopped, failed, kept, len(names) * len(data))


def _asked(pattern: str, data: 'Sequence[StudyData]') -> 'tuple[list[StudyData], str]':
    """The data sets asked for, and the pattern of their runs' names.

    Args:
        pattern: of names with or without the data set, or of the data set alone.
        data: all data sets.
    """
    where, _, name = pattern.rpartition('/')
    if not where and len(data) > 1 and any(fnmatch.fnmatch(each.name, name) for each in data):
        where, name = name, '*'
    return [each for each in data if fnmatch.fnmatch(each.name, where or '*')], name


def _finish(
    args: argparse.Namespace,
    console: 'Console',
    study: str,
    footing: 'Footing',
    stores: Stores,
    baselines: Mapping[str, Mapping[str, Any]],
    failed: Mapping[str, str],
    total: int,
) -> tuple[int, dict[str, str]]:
    """Write results.json and the page, print the tables.

    Returns the number of results, and why runs failed.
    """
    from liquid_control.cli.study.pages import write_report
    from liquid_control.provenance import provenance, write_json
    from liquid_control.study.carry_out import failures, results
    from liquid_control.study.summary import other_scores, summarize, table

    failed, kept = dict(failed), 0
    sets: dict[str, dict[str, Any]] = {}
    for each, store in stores:
        runs = results(footing, store, each)
        failed |= _named(each, failures(runs), stores)
        kept += len(runs)
        rows, known = summarize(runs.values(), each), baselines[each.name]
        sets[each.name] = {
            'title': each.title,
            'sha256': store.data_sha256,
            'criterion': each.criterion,
            'greater': each.greater,
            'units': dict(each.units),
            'baselines': known,
            'summary': rows,
            'runs': [_brief(runs[name]) for name in sorted(runs)],
        }
        for made in (table(rows, each, known), other_scores(rows, each)) if rows else ():
            if made is not None:
                console.print(made)
    complete = args.runs == '*' and kept == total * len(stores)
    written = {
        'format': 1,
        'study': study,
        'complete': 'quick' if complete and args.quick else complete,
        'failed': failed,
        'provenance': provenance(seeds=list(range(footing.seeds))),
        'footing': dataclasses.asdict(footing),
        'data': sets,
    }
    for path in filter(None, (args.out / 'results.json', args.json)):
        write_json(path, written)
    if args.quick:
        console.print(QUICK)
    pages = ''.join(f', {path.name}' for path in write_report(args.out))
    console.print(f'in {args.out}: results.json{pages}', highlight=False)
    return kept, failed


def _brief(run: Mapping[str, Any]) -> dict[str, Any]:
    """A run without the lists that its data set adds, which its own file keeps."""
    return {
        key: value for key, value in run.items() if key == 'curve' or not isinstance(value, list)
    }


def _named(each: 'StudyData', failed: Mapping[str, str], stores: Stores) -> dict[str, str]:
    """Failures under the name of their data set, if there are several."""
    if len(stores) == 1:
        return dict(failed)
    return {f'{each.name}/{name}': why for name, why in failed.items()}
