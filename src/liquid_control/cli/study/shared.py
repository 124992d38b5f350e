"""What the studies that train share: the folder of their runs, and the note on quick ones."""

import argparse
from pathlib import Path

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
