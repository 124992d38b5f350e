"""``study own FILE.py:CLASS``: cells on a data set of the user's own."""

import argparse
import importlib.util
import inspect
import sys
from pathlib import Path
from typing import Any

from liquid_control.cli.parser import Parser
from liquid_control.cli.study.compared import add_compared_arguments, asked_footing, compare
from liquid_control.cli.study.shared import out_folder


def add_arguments(parser: Parser) -> None:
    parser.add_argument('source', metavar='FILE.py:CLASS', help='a class derived from StudyData')
    parser.add_argument('--data', required=True, type=Path, help='what the class is called with')
    add_compared_arguments(parser, 'own-NAME', updates=2000)


def main(args: argparse.Namespace) -> int:
    from liquid_control.study.checks import check_names
    from liquid_control.study.default_footing import FOOTING, QUICK
    from liquid_control.study.sequences import naming

    kind = _class(args.source)
    try:
        inspect.signature(kind).bind(args.data)
    except TypeError as error:
        raise ValueError(
            f'{args.source}: is called with the path of --data, and cannot be: {error}'
        ) from None
    with naming(args.source):
        data = kind(args.data.resolve())
    check_names(data)
    args.out = out_folder(args, f'own-{data.name}')
    footing = asked_footing(args, FOOTING, QUICK)
    return compare(args, 'own', footing, [data])


def _class(source: str) -> 'type[Any]':
    """The class that ``FILE.py:CLASS`` names.

    Raises:
        ValueError: there is none, or its file cannot be imported.
    """
    from liquid_control.study.sequences import StudyData, naming

    name, _, wanted = source.rpartition(':')
    path = Path(name)
    if not name or wanted.endswith('.py'):
        raise ValueError(f'expected FILE.py:CLASS, found {source!r}, without a class')
    if path.suffix != '.py':
        raise ValueError(f'expected FILE.py:CLASS, found {source!r}')
    if not path.is_file():
        raise ValueError(f'{path}: no such file')
    if not path.stem.isidentifier():
        raise ValueError(f'{path}: expected a file that can be imported, without dots and dashes')
    other = importlib.util.find_spec(path.stem)
    if other is not None and (
        other.origin is None or Path(other.origin).resolve() != path.resolve()
    ):
        raise ValueError(f'{path}: another module has the name {path.stem}: rename the file')
    sys.path.insert(0, str(path.resolve().parent))  # training processes import it too
    with naming(f'{path}: cannot be imported'):
        module = importlib.import_module(path.stem)
    derived = {
        name: kind
        for name, kind in vars(module).items()
        if isinstance(kind, type) and issubclass(kind, StudyData) and kind is not StudyData
    }
    if wanted not in derived:
        raise ValueError(
            f'{path}: expected a class {wanted} derived from StudyData, '
            f'found {", ".join(derived) or "none"}'
        )
    return derived[wanted]
