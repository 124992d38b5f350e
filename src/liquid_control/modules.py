"""The modules of a package that everybody may add to: a robot, a fault, a type of command."""

import importlib
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType


def modules_of(
    package: ModuleType,
    what: str,
    error: type[ValueError],
    passed: type[Exception] | tuple[type[Exception], ...] = (),
) -> Iterator[tuple[Path, ModuleType]]:
    """Yield the file and the module of every file of a package, in the order of their names.

    Files whose name begins with ``_`` are left out, as ``__init__.py`` is.

    Args:
        package: the package.
        what: what a module is expected to be, for messages, such as ``a fault``.
        error: raised if a module cannot be imported; the message names its file and line.
        passed: errors that are raised as they are.
    """
    files = [file for folder in package.__path__ for file in Path(folder).glob('[!_]*.py')]
    for file in sorted(files, key=lambda file: file.stem):
        try:
            module = importlib.import_module(f'{package.__name__}.{file.stem}')
        except passed:
            raise
        except Exception as why:  # the file may be the user's: anything may go wrong in it
            raise error(
                f'{file}:{_line(why, file)} expected {what}, found {type(why).__name__}: '
                f'{getattr(why, "msg", why)}'
            ) from why
        yield file, module


def _line(error: Exception, file: Path) -> str:
    """Where in a file an error arose, as `` line 3:``; empty if it was elsewhere."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if Path(frame.filename) == file]
    if isinstance(error, SyntaxError) and error.filename == str(file):
        lines.append(error.lineno)
    return f' line {lines[-1]}:' if lines else ''
