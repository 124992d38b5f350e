"""``study own FILE.py:CLASS``: cells on a data set of the user's own."""

import argparse
import importlib
import sys
from pathlib import Path

from liquid_control.cli.parser import Parser
from liquid_control.cli.study.compared import add_compared_arguments, asked_footing, compare


def add_arguments(parser: Parser) -> None:
    parser.add_argument('source', metavar='FILE.py:CLASS', help='a class derived from StudyData')
    parser.add_argument('--data', required=True, type=Path, help='what the class is called with')
    add_compared_arguments(parser, 'own', updates=2000)


def main(args: argparse.Namespace) -> int:
    from liquid_control.study.default_footing import FOOTING, QUICK
    from liquid_control.study.sequences import StudyData

    name, _, wanted = args.source.rpartition(':')
    path = Path(name)
    if not name or wanted.endswith('.py'):
        raise ValueError(f'expected FILE.py:CLASS, found {args.source!r}, without a class')
    if path.suffix != '.py':
        raise ValueError(f'expected FILE.py:CLASS, found {args.source!r}')
    if not path.is_file():
        raise ValueError(f'{path}: no such file')
    sys.path.insert(0, str(path.resolve().parent))  # training processes import it too
    kind = getattr(importlib.import_module(path.stem), wanted, None)
    if not (isinstance(kind, type) and issubclass(kind, StudyData)):
        raise ValueError(f'{path}: expected a class {wanted} derived from StudyData, found {kind}')
    data = kind(args.data.resolve())
    return compare(args, 'own', asked_footing(args, FOOTING, QUICK), [data])
