"""Compared runs of a file of results, checked before they are compared."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from liquid_control.study.run import COMPARISON

Result = Mapping[str, Any]
_NAMED = 3


def compared(results: Iterable[Result]) -> list[Result]:
    """The runs of the comparison; those whose training failed are among them.

    Raises:
        ValueError: a run is there twice.
    """
    found = [result for result in results if result['run']['part'] == COMPARISON]
    names = [result['run']['name'] for result in found]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f'{name} is there twice')
    return found


def by_cell(
    runs: Iterable[Result], score: str
) -> tuple[dict[str, list[Result]], tuple[str, ...], str]:
    """The runs of each cell with a finite score, the cells without one, and what is missing.

    Raises:
        ValueError: a run that did not fail has no such score, or it is no number.
    """
    runs = list(runs)
    cells: dict[str, list[Result]] = {}
    failed = []
    for result in runs:
        name = result['run']['name']
        if result.get('failed'):
            failed.append(name)
            continue
        if score not in result:
            raise ValueError(f'{name}: {score} is missing')
        value = result[score]
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise ValueError(f'{name}: {score}: expected a number, found {value!r}')
        if value is None or not math.isfinite(value):
            failed.append(name)
        else:
            cells.setdefault(result['run']['cell'], []).append(result)
    counts = [len(some) for some in cells.values()]
    said = [f'failed: {_some(failed)}' if failed else '']
    if counts and min(counts) < max(counts):
        said.append(f'{min(counts)} to {max(counts)} seeds a cell')
    lost = dict.fromkeys(result['run']['cell'] for result in runs)
    return cells, tuple(cell for cell in lost if cell not in cells), '; '.join(filter(None, said))


def _some(names: Sequence[str]) -> str:
    more = f' and {len(names) - _NAMED} more' if len(names) > _NAMED else ''
    return ', '.join(names[:_NAMED]) + more
