"""Files of results: which there are, what they hold, and which of them say something new."""

import contextlib
import hashlib
import json
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

from liquid_control.files import from_json

NAMES = 'results.json', 'robustness.csv', 'generalization.csv', 'cost.json'
"""Files looked for in a folder."""


def files(given: Sequence[Path]) -> list[Path]:
    """The files given, and those in folders whose name is that of results.

    Raises:
        ValueError: a path does not exist.
    """
    found = []
    for place in given:
        if place.is_dir():
            found += sorted(path for name in NAMES for path in place.rglob(name))
        elif place.is_file():
            found.append(place)
        else:
            raise ValueError(f'{place}: expected a file of results or a folder, found nothing')
    return found


def distinct(every: Sequence[Path]) -> dict[Path, tuple[Any, str]]:
    """File → its text or JSON, and its digest; without those that another one has whole.

    Raises:
        ValueError: a file cannot be read as text or JSON; the message names it.
    """
    found, parts = {}, {}
    for path in every:
        with naming(path):
            content = path.read_bytes()
            text = content.decode()
            whole = text if path.suffix == '.csv' else from_json(text)
            found[path] = whole, hashlib.sha256(content).hexdigest()
            parts[path] = _parts(whole)
    kept: list[Path] = []
    for path in sorted(found, key=lambda path: -len(parts[path])):
        if not any(parts[path] <= parts[other] for other in kept):
            kept.append(path)
    return {path: one for path, one in found.items() if path in kept}


@contextlib.contextmanager
def naming(path: Path) -> Generator[None]:
    """Raise an error about the content of a file as one line that names it.

    Raises:
        ValueError: instead of the error.
    """
    try:
        yield
    except (KeyError, TypeError, AttributeError, ValueError, ArithmeticError) as error:
        raise ValueError(
            f'{path}: expected results of a study or benchmark: {_reason(error)}'
        ) from None


def _parts(whole: Any) -> frozenset[str]:
    """What a file says, however it is laid out: its study and each run; without runs, all of it."""
    if isinstance(whole, str):
        return frozenset(['\n'.join(whole.split())])
    said = [whole]
    with contextlib.suppress(KeyError, TypeError, AttributeError):
        data = whole['data'].values() if 'data' in whole else [whole]
        runs = [run for each in data for run in each['runs']]
        said = [whole['study'], *runs] if runs else said
    return frozenset(json.dumps(one, sort_keys=True) for one in said)


def _reason(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f'{error.args[0]!r} is missing'
    if isinstance(error, UnicodeDecodeError):
        return 'it is no text in UTF-8'
    return str(error) if isinstance(error, ValueError) else f'a value is of another type: {error}'
