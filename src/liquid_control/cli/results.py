"""Where the results of a verb go beside the terminal: ``--json`` and ``--csv``."""

import argparse
import contextlib
import sys
import tempfile
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

STDOUT = Path('-')
"""Standard output, as an argument."""


@dataclass
class Outcome:
    """How a verb ended."""

    code: int = 0


@contextlib.contextmanager
def delivered(args: argparse.Namespace) -> Generator[Outcome]:
    """Write the tables that are printed meanwhile to ``--csv``, and what ``-`` names to stdout.

    If one of them is standard output, everything else that is printed goes to standard error. A
    verb finds a temporary file in ``args.json`` instead of ``-``; one that sets ``writes_csv``
    writes ``args.csv`` itself in the same way.

    Raises:
        ValueError: both are the same, or no table was printed.
    """
    json, csv = getattr(args, 'json', None), getattr(args, 'csv', None)
    outcome = Outcome()
    if STDOUT not in (json, csv) and not csv:
        yield outcome
        return
    if json == csv:
        raise ValueError(
            '--json and --csv: only one of them can be '
            + ('standard output' if json == STDOUT else str(json))
        )
    from liquid_control.report.fitted import keeping

    stdout, own = sys.stdout, ['json']
    if getattr(args, 'writes_csv', False):
        own.append('csv')
    with contextlib.ExitStack() as stack:
        if STDOUT in (json, csv):
            stack.enter_context(contextlib.redirect_stdout(sys.stderr))
        piped = [name for name in own if getattr(args, name) == STDOUT]
        for name in piped:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            setattr(args, name, folder / f'results.{name}')
        tables = stack.enter_context(keeping())
        try:
            yield outcome
        finally:
            for name in piped:
                path = getattr(args, name)
                if path.is_file():
                    print(path.read_text(), end='', file=stdout, flush=True)
    if csv and 'csv' not in own:
        _write_csv(csv, tables)


def _write_csv(path: Path, tables: list) -> None:
    from liquid_control.files import write_whole
    from liquid_control.report.tables import csv_text

    if not tables:
        raise ValueError('--csv: there is no table to write')
    if path == STDOUT:
        print(csv_text(tables), end='', flush=True)
    else:
        write_whole(path, csv_text(tables))
