"""What the studies share: their folder, the list of runs, the exit code, the note on quick runs."""

import argparse
import contextlib
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from liquid_control.study.run import Run

QUICK = 'quick run: its figures only show that the study works'


def add_out_argument(parser: argparse.ArgumentParser, name: str, what: str) -> None:
    """Add ``--out``; :func:`out_folder` knows its default.

    Args:
        parser: of the study.
        name: of the study.
        what: the folder is for.
    """
    parser.add_argument(
        '--out', type=Path, metavar='FOLDER',
        help=f'{what} (runs/{name}; with --quick runs/{name}-quick)',
    )  # fmt: skip


def out_folder(args: argparse.Namespace, name: str) -> Path:
    """The folder asked for; by default that of the study, or another one for its quick runs."""
    return args.out or Path('runs') / (f'{name}-quick' if args.quick else name)


def study_folder(path: Path, mark: str, study: str) -> Path:
    """The folder itself, if it is empty, not there yet, or that of the same study.

    Args:
        path: the folder.
        mark: what the study writes first, before its results.
        study: its name.

    Raises:
        FileExistsError: it holds something else, or results of another study.
        NotADirectoryError: it is a file.
    """
    from liquid_control.files import from_json
    from liquid_control.run_folder import own_folder

    results, found = path / 'results.json', None
    with contextlib.suppress(OSError, ValueError):  # not there, or broken: it is written anew
        whole = from_json(results.read_text())
        found = whole.get('study') if isinstance(whole, dict) else None
    if found not in (None, study):
        raise FileExistsError(
            f'{results}: holds results of study {found}, which would be overwritten: '
            'use another --out'
        )
    return path if found == study else own_folder(path, mark)


def require_runs(names: Sequence[str], pattern: str) -> None:
    """Check that some run matches the pattern of ``--runs``.

    Raises:
        ValueError: none does.
    """
    if not names:
        raise ValueError(f'--runs {pattern}: matches no run; --list without it lists all of them')


def list_runs(names: Iterable[str], runs: 'Sequence[Run]', estimated: bool = True) -> int:
    """Print the names of runs, and on stderr how many there are; returns the exit code.

    Args:
        names: as they are shown.
        runs: all of them.
        estimated: whether to say about how long they train.
    """
    from liquid_control.study.estimates import estimate

    print('\n'.join(names))
    print(estimate(runs) if estimated else f'{len(runs):,} runs', file=sys.stderr)
    return 0


def exit_code(folder: Path, stopped: bool, failed: Mapping[str, str], kept: int, total: int) -> int:
    """Say on stderr how a study ended; returns the exit code.

    Args:
        folder: of the study.
        stopped: whether Ctrl-C ended it.
        failed: run → why it failed.
        kept: number of results.
        total: number of runs.
    """
    if stopped:
        print(
            f'stopped; {kept} of {total} runs are kept in {folder}: '
            'the same command resumes from there',
            file=sys.stderr,
        )
        return 130
    for name, why in failed.items():
        print(f'liquid-control study: {name}: {why}', file=sys.stderr)
    return 1 if failed else 0
