"""Running sums over a recording of any length, in constant memory."""

from collections.abc import Sequence
from typing import Any

import numpy as np


class Moments:
    """Mean and standard deviation by channel, of rows that arrive in parts."""

    def __init__(self, size: int):
        self.count, self.mean, self._m2 = 0, np.zeros(size), np.zeros(size)

    def add(self, rows: np.ndarray) -> None:
        """Take in rows (n, p); rows with a non-finite value are left out."""
        rows = rows[np.isfinite(rows).all(axis=1)].astype(np.float64)
        if not len(rows):
            return
        count = self.count + len(rows)
        delta = rows.mean(axis=0) - self.mean
        self._m2 += rows.var(axis=0) * len(rows) + delta**2 * self.count * len(rows) / count
        self.mean += delta * len(rows) / count
        self.count = count

    @property
    def std(self) -> np.ndarray:
        """Standard deviations, (p,)."""
        return np.sqrt(self._m2 / max(1, self.count))


class Squares:
    """Mean squares by channel of two kinds of errors, the model's and persistence's."""

    def __init__(self, shape: tuple[int, ...]):
        self.count = np.zeros(shape[:-1], dtype=np.int64)
        self._model, self._persistence = np.zeros(shape), np.zeros(shape)

    def add(self, model: np.ndarray, persistence: np.ndarray) -> None:
        """Take in errors (n, *shape); rows with a NaN are not counted."""
        there = np.all(np.isfinite(model), axis=-1)
        self.count += there.sum(axis=0)
        for total, errors in ((self._model, model), (self._persistence, persistence)):
            known = np.where(there[..., None], errors, 0.0).astype(np.float64)
            total += (known**2).sum(axis=0)

    def means(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the mean squares of both, (*shape); NaN where nothing was counted."""
        with np.errstate(invalid='ignore'):
            count = np.where(self.count > 0, self.count, np.nan)[..., None]
            return self._model / count, self._persistence / count


class Differences:
    """Largest and root mean square difference of vectors of one size.

    Attributes:
        count: number of vectors.
        largest: largest absolute difference of a value; NaN if there are none.
    """

    def __init__(self, size: int):
        self._squares, self.largest = Squares((size,)), np.nan

    def add(self, differences: np.ndarray) -> None:
        """Take in differences (n, size); those with a NaN do not count for the mean."""
        self._squares.add(differences, differences)
        self.largest = np.nanmax([self.largest, np.abs(differences).max()])

    @property
    def count(self) -> int:
        return int(self._squares.count)

    @property
    def rms(self) -> float | None:
        """Root mean square of all values; None if there are none."""
        return float(np.sqrt(self._squares.means()[0].mean())) if self.count else None


class Times:
    """Quantiles of durations, to one percent, from a histogram on a logarithmic axis."""

    _LEAST, _STEP, _SIZE = 1e-7, np.log(1.01), 2500

    def __init__(self):
        self._counts = np.zeros(self._SIZE, dtype=np.int64)

    def add(self, seconds: np.ndarray) -> None:
        """Take in durations in seconds; zeros (nothing was done) are not counted."""
        seconds = seconds[seconds > 0]
        bins = np.log(np.maximum(seconds, self._LEAST) / self._LEAST) / self._STEP
        self._counts += np.bincount(
            np.minimum(bins.astype(int), self._SIZE - 1), minlength=self._SIZE
        )

    def quantile(self, share: float) -> float | None:
        """Return a quantile of the durations in seconds; None if there are none."""
        total = self._counts.sum()
        if not total:
            return None
        bin_ = int(np.searchsorted(np.cumsum(self._counts), share * total))
        return float(self._LEAST * np.exp((bin_ + 0.5) * self._STEP))


class Thinned:
    """At most ``limit`` of any number of rows, evenly spaced: every second is dropped when full."""

    def __init__(self, limit: int = 3000):
        self._limit, self._stride, self._count = limit, 1, 0
        self.rows: list[Sequence[Any]] = []

    def add(self, *row: Any) -> None:
        if self._count % self._stride == 0:
            self.rows.append(row)
            if len(self.rows) >= self._limit:
                del self.rows[1::2]
                self._stride *= 2
        self._count += 1

    def columns(self) -> list[np.ndarray]:
        """Return one array per column; empty if there are no rows."""
        return [np.array(column) for column in zip(*self.rows, strict=True)]
