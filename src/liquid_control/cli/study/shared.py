"""What the studies that train share: their folder, the list of runs, and the note on quick ones."""

import argparse
import sys
from collections.abc import Iterable, Sequence
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


def list_runs(names: Iterable[str], runs: 'Sequence[Run]') -> int:
    """Print the names of runs, and on stderr about how long they train; returns the exit code.

    Args:
        names: as they are shown.
        runs: all of them; none if their cost is not known.
    """
    from liquid_control.study.estimates import estimate

    print('\n'.join(names))
    if runs:
        print(estimate(runs), file=sys.stderr)
    return 0
