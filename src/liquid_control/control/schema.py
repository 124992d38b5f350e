"""Read hand-written configuration: a typo is an error that names the nearest key."""

import difflib
import math
from collections.abc import Iterable, Mapping
from typing import Any


class Section:
    """One mapping of a configuration file; :meth:`done` refuses keys that were never asked for.

    ``where`` names it in messages, for example ``walker2d.yaml: action``. Errors are raised as
    ``error``, a subclass of ValueError.
    """

    def __init__(self, data: Any, where: str, error: type[ValueError]):
        self.where, self.error = where, error
        if not isinstance(data, Mapping):
            raise error(f'{where}: expected a mapping, found {_describe(data)}')
        self._data = data
        self._asked: list[str] = []

    def fail(self, key: str, found: Any, expected: str) -> ValueError:
        return self.error(f'{self.where}: {key}: expected {expected}, found {_describe(found)}')

    def __contains__(self, key: str) -> bool:
        """Whether an optional key is present; asking makes it known. Null counts as absent."""
        self._asked.append(key)
        return self._data.get(key) is not None

    def get(self, key: str, default: Any = None) -> Any:
        """Return the raw value of an optional key."""
        self._asked.append(key)
        value = self._data.get(key)
        return default if value is None else value

    def require(self, key: str) -> Any:
        """Return the raw value of a required key."""
        value = self.get(key)
        if value is None:
            near = nearest(key, set(self._data) - set(self._asked))
            hint = f'; is {near!r} a typo for it?' if near else ''
            there = ', '.join(map(str, self._data)) or 'nothing'
            raise self.error(f'{self.where}: {key} is missing{hint} (found: {there})')
        return value

    def text(self, key: str, default: str | None = None) -> str:
        value = self.get(key, default) if default is not None else self.require(key)
        if not isinstance(value, str) or not value:
            raise self.fail(key, value, 'a non-empty string')
        return value

    def number(self, key: str, *, low: float, high: float) -> float:
        """Return a number from low to high, both included."""
        value = self._number(key, self.require(key))
        if not low <= value <= high:
            raise self.fail(key, value, f'a number from {low:g} to {high:g}')
        return value

    def _number(self, key: str, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.fail(key, value, 'a number')
        try:
            number = float(value)
        except OverflowError:  # an integer of hundreds of digits
            number = math.inf
        if not math.isfinite(number):
            raise self.fail(key, value, 'a finite number')
        return number

    def flag(self, key: str) -> bool:
        """Return true or false; false if the key is missing."""
        value = self.get(key, False)
        if not isinstance(value, bool):
            raise self.fail(key, value, 'true or false')
        return value

    def texts(self, key: str, *, distinct: bool = True) -> tuple[str, ...]:
        """Return a list of non-empty strings, all different if ``distinct``."""
        value = self.require(key)
        if not isinstance(value, list | tuple) or not value:
            raise self.fail(key, value, 'a list of names')
        for item in value:
            if not isinstance(item, str) or not item:
                raise self.fail(key, item, 'only names')
        twice = sorted({item for item in value if value.count(item) > 1})
        if twice and distinct:
            raise self.error(f'{self.where}: {key}: {", ".join(twice)} is named more than once')
        return tuple(value)

    def numbers(self, key: str, count: int, *, above: float | None = None) -> tuple[float, ...]:
        """Return ``count`` numbers, given as a list or as one number for all."""
        value = self.require(key)
        if isinstance(value, list | tuple):
            if len(value) != count:
                raise self.fail(key, value, f'{count} numbers')
            numbers = tuple(self._number(key, item) for item in value)
        else:
            numbers = (self._number(key, value),) * count
        for item in numbers:
            if above is not None and not item > above:
                raise self.fail(key, item, f'numbers above {above:g}')
        return numbers

    def done(self) -> None:
        """Refuse keys that were never asked for."""
        for key in self._data:
            if key not in self._asked:
                near = nearest(str(key), self._asked)
                hint = f'; did you mean {near!r}?' if near else ''
                known = ', '.join(dict.fromkeys(self._asked))
                raise self.error(f'{self.where}: unknown key {key!r}{hint} (known: {known})')


def nearest(name: str, names: Iterable[str]) -> str | None:
    """Return the one of ``names`` most likely meant by ``name``, if any is close."""
    lower = {str(n).lower(): str(n) for n in names}
    matches = difflib.get_close_matches(name.lower(), lower, n=1, cutoff=0.5)
    return lower[matches[0]] if matches else None


def unknown(kind: str, name: str, names: Iterable[str]) -> str:
    """Error message for a name that is not among those available."""
    names = sorted(names)
    near = nearest(name, names)
    hint = f' (did you mean {near!r}?)' if near else ''
    return f'unknown {kind} {name!r}{hint}; there are: {", ".join(names)}'


def _describe(value: Any) -> str:
    if value is None:
        return 'nothing'
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + '...'
