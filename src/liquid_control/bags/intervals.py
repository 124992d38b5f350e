"""Times between stamps, summarised in bounded memory however many there are."""

from array import array
from typing import Any

import numpy as np

_FULL = 4096
_BINS = 1000.0  # a bin spans a thousandth of its value
GAP, BURST = 3.0, 0.1
"""An interval above 3 medians is a gap, one below a tenth of the median a burst."""


class Intervals:
    """Intervals between the stamps of one topic, in the order of its messages.

    A stamp that goes back or repeats is counted; the next interval starts at the latest stamp.
    """

    def __init__(self):
        self._buffer = array('q')
        self._last: int | None = None
        self._first: int | None = None
        self._bins: dict[int, list[float]] = {}
        self.back = self.same = self.count = 0
        self._longest = self._longest_at = 0

    def add(self, stamp: int) -> None:
        """Take in a stamp in ns."""
        self._buffer.append(stamp)
        if len(self._buffer) == _FULL:
            self._flush()

    def restart(self) -> None:
        """The clock was set back: the next stamp ends no interval."""
        self._flush()
        self._last = None

    def summary(self) -> dict[str, Any]:
        """Return rate in Hz, intervals in ms, gaps, bursts, and repeated and backward stamps."""
        self._flush()
        median = self._quantile(0.5)
        gaps = bursts = 0
        for count, total in self._bins.values():
            mean = total / count
            gaps += int(count) if mean > GAP * median else 0
            bursts += int(count) if mean < BURST * median else 0
        low, high = self._quantile(0.05), self._quantile(0.95)
        return {
            'rate_hz': 1e9 / median if median else None,
            'interval_ms': median / 1e6 if median else None,
            'jitter_ms': (high - low) / 2e6 if median else None,
            'longest_ms': self._longest / 1e6 if median else None,
            'longest_at_s': self._longest_at / 1e9 if median else None,
            'gaps': gaps,
            'bursts': bursts,
            'repeated': self.same,
            'backward': self.back,
        }

    def _flush(self) -> None:
        if not self._buffer:
            return
        stamps = np.frombuffer(self._buffer, dtype=np.int64).copy()
        del self._buffer[:]
        if self._last is None:
            self._first = int(stamps[0]) if self._first is None else self._first
            latest = np.maximum.accumulate(stamps)
            before, stamps = latest[:-1], stamps[1:]
        else:
            latest = np.maximum.accumulate(np.concatenate([[self._last], stamps]))
            before = latest[:-1]
        passed = stamps - before
        self._last = int(latest[-1])
        self.back += int((passed < 0).sum())
        self.same += int((passed == 0).sum())
        forward = passed > 0
        passed, before = passed[forward], before[forward]
        self.count += len(passed)
        if not len(passed):
            return
        longest = int(passed.argmax())
        if passed[longest] > self._longest:
            self._longest = int(passed[longest])
            self._longest_at = int(before[longest]) - (self._first or 0)
        bins = np.round(np.log(passed) * _BINS).astype(np.int64)
        distinct, where = np.unique(bins, return_inverse=True)
        counts = np.bincount(where)
        totals = np.bincount(where, weights=passed.astype(np.float64))
        for number, count, total in zip(distinct.tolist(), counts, totals, strict=True):
            known = self._bins.setdefault(number, [0, 0.0])
            known[0] += int(count)
            known[1] += float(total)

    def _quantile(self, share: float) -> float:
        """This quantile of the intervals in ns, within a thousandth; 0 if there are none."""
        wanted, seen = share * self.count, 0
        for _, (count, total) in sorted(self._bins.items()):
            seen += count
            if seen >= wanted:
                return total / count
        return 0.0
