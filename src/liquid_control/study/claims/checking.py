"""Whether what a file of results says can be true: names given once, numbers, bounds."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import astuple
from numbers import Real
from typing import Any

from liquid_control.evaluation.robustness import Estimate
from liquid_control.report.study.groups import Group
from liquid_control.study.run import COMPARISON

_BOUNDS = {
    'auroc': (0.0, 1.0), 'auprc': (0.0, 1.0), 'brier': (0.0, 1.0),
    'mse': (0.0, math.inf), 'nmse': (0.0, math.inf),
}  # fmt: skip
"""Last word of a criterion → its bounds."""


def check_run(number: int, result: Any) -> None:
    """Check that a recorded run has what comparisons ask of every run.

    Raises:
        ValueError: it has not; the message names the run and the key.
    """
    run = result.get('run') if isinstance(result, dict) else None
    if not isinstance(run, dict):
        raise ValueError(f'runs, number {number}: expected an object with run, found {run!r}')
    where = f'run {run.get("name", f"number {number}")}'
    kinds = {'name': str, 'part': str, 'cell': str, 'seed': int, 'model': dict, 'recipe': dict}
    for key, kind in kinds.items():
        if not isinstance(run.get(key), kind):
            raise ValueError(f'{where}: {key}: expected {kind.__name__}, found {run.get(key)!r}')
    updates = run['recipe'].get('updates')
    size = list(run['model'].items())[:1] if run['part'] == COMPARISON else []
    for key, value in {'updates': updates, **dict(size)}.items():
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValueError(f'{where}: {key}: expected a whole number, found {value!r}')


def once(rows: Iterable[Mapping[str, Any]], *keys: str) -> list[Mapping[str, Any]]:
    """The rows, if no two have the same keys.

    Raises:
        ValueError: two have; the message names the keys.
    """
    found: dict[tuple[Any, ...], Mapping[str, Any]] = {}
    for row in rows:
        key = tuple(row[name] for name in keys)
        if key in found:
            said = ', '.join(f'{name} {value}' for name, value in zip(keys, key, strict=True))
            raise ValueError(f'{said} is there twice')
        found[key] = row
    return list(found.values())


def check_group(group: Group) -> None:
    """Check the scores and figures of a group.

    Raises:
        ValueError: one cannot be true; the message names the cell and the figure.
    """
    where = f'{group.study}, {group.condition}'
    if not isinstance(group.greater, bool):
        raise ValueError(f'{where}: greater: expected true or false, found {group.greater!r}')
    bounds = _BOUNDS.get(group.criterion.rpartition(' ')[2], (-math.inf, math.inf))
    for name, one in group.cells.items():
        _check_estimate(f'{where}: {name}: {group.criterion}', one.score, *bounds)
        for other, difference in one.differences.items():
            _check_estimate(f'{where}: {name}: difference from {other}', difference)
        if one.from_best is not None:
            _check_estimate(f'{where}: {name}: difference from the best', one.from_best)
        for figure, value in one.figures.items():
            if not _number(value) or not 0.0 <= value < math.inf:
                raise ValueError(
                    f'{where}: {name}: {figure}: expected a finite number from 0 on, '
                    f'found {_short(value)}'
                )


def _check_estimate(
    where: str, found: Estimate, low: float = -math.inf, high: float = math.inf
) -> None:
    for value in astuple(found):
        if not _number(value) or math.isinf(value) or value < low or value > high:
            bounds = f' from {low:g} to {high:g}' if low > -math.inf else ''
            raise ValueError(f'{where}: expected a finite number{bounds}, found {_short(value)}')
    if found.low > found.high:
        raise ValueError(f'{where}: expected an interval, found {found.low:g} to {found.high:g}')


def _number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, Real):
        return False
    try:
        float(value)
    except OverflowError:
        return False
    return True


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f'{text[:40]}…'
