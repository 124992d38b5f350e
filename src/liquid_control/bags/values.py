"""Statistics of a field's values, channel by channel, in bounded memory."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from liquid_control.bags.numbers import Numbers
from liquid_control.control.observe import no_value

_FULL = 256
_WIDEST, _MOST = 512, 4096


@dataclass
class Channel:
    """Values of one channel.

    Attributes:
        count: values seen.
        missing: values that are not finite.
        sentinel: values that say "no value", see :func:`no_value`.
        zero: values that are 0.
        repeated: values equal to the one before.
        low, high: smallest and largest of the values that are finite and not the sentinel.
    """

    count: int = 0
    missing: int = 0
    sentinel: int = 0
    zero: int = 0
    repeated: int = 0
    low: float = math.inf
    high: float = -math.inf
    last: float = math.nan
    origin: float = math.nan
    total: float = 0.0
    squares: float = 0.0

    def add(self, values: np.ndarray, marker: float) -> None:
        """Take in values (k,) in the order of their messages; ``marker`` says "no value"."""
        before = np.concatenate([[self.last], values[:-1]])
        self.count += len(values)
        self.last = float(values[-1])
        self.repeated += int((values == before).sum())
        marked = values == marker
        self.sentinel += int(marked.sum())
        usable = np.isfinite(values) & ~marked
        self.missing += len(values) - int(usable.sum()) - int(marked.sum())
        values = values[usable]
        if not len(values):
            return
        self.zero += int((values == 0.0).sum())
        self.low, self.high = min(self.low, values.min()), max(self.high, values.max())
        if math.isnan(self.origin):
            self.origin = float(values[0])
        with np.errstate(over='ignore'):
            offset = values - self.origin
            self.total += float(offset.sum())
            self.squares += float((offset**2).sum())

    @property
    def usable(self) -> int:
        return self.count - self.missing - self.sentinel

    def summary(self) -> dict[str, Any]:
        """Return counts, range, mean and standard deviation."""
        usable = self.usable
        result: dict[str, Any] = {
            'count': self.count,
            'not_finite': self.missing,
            'sentinel': self.sentinel,
            'zero': self.zero,
            'repeated': self.repeated,
        }
        if usable:
            mean = self.total / usable
            variance = max(self.squares / usable - mean * mean, 0.0)
            result.update(
                min=float(self.low),
                max=float(self.high),
                mean=self.origin + mean,
                std=math.sqrt(variance) if self.low < self.high else 0.0,
            )
        return result


class Values:
    """Collects the values of one field of one topic."""

    def __init__(self, numbers: Numbers):
        self.numbers = numbers
        self.channels: dict[str, Channel] = {}
        self.messages = self.empty = self.unnamed = self.mismatched = self.wide = 0
        self.layouts = 0
        self._names: tuple[str, ...] | None = numbers.channels
        self._given: Any = None
        self._marker = no_value(numbers.field)
        self._rows: list[Any] = []

    def add(self, message: Any) -> None:
        """Take in a message of the topic."""
        values = self.numbers.read(message)
        self.messages += 1
        size = len(values)
        if size == 0:
            self.empty += 1
            return
        if size > _WIDEST:
            self.wide += 1
            return
        if self.numbers.channels is None:
            names = None
            if self.numbers.read_names is not None:
                names = self.numbers.read_names(message)
                if not names:
                    self.unnamed += 1
                elif len(names) != size:
                    self.mismatched += 1
                    return
            given = names or size
            if given != self._given:
                self._flush()
                self._given = given
                self._names = tuple(map(str, names or range(size)))
                self.layouts += 1
        self._rows.append(values)
        if len(self._rows) == _FULL:
            self._flush()

    def summary(self) -> dict[str, Any]:
        """Return what was found, channel by channel."""
        self._flush()
        return {
            'names': self.numbers.names,
            'messages': self.messages,
            'empty': self.empty,
            'unnamed': self.unnamed,
            'mismatched': self.mismatched,
            'wide': self.wide,
            'layouts': self.layouts,
            'channels': {name: channel.summary() for name, channel in self.channels.items()},
        }

    def _flush(self) -> None:
        if self._rows and self._names is not None:
            table = np.array(self._rows, dtype=np.float64)
            for name, column in zip(self._names, table.T, strict=True):
                if name in self.channels or len(self.channels) < _MOST:
                    self.channels.setdefault(name, Channel()).add(column, self._marker)
        self._rows.clear()
