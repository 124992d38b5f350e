"""Whether readings come at the rate of the contract, by their stamps."""

import math

_WINDOW_S, _PERIODS = 1.0, 8
"""A verdict covers at least one second and eight nominal periods,"""
_LEAST = 4
"""and at least four distances between readings."""


class RateMonitor:
    """Measures the distances between readings, and judges them about once a second.

    Neither lost readings nor uneven periods look like another rate: it is too low if 19 of 20
    distances are too long, too high if three of four are too short. Readings that come often enough
    to be thinned out to the right rate are right.

    Args:
        topic: name of the topic, for messages.
        rate: the contract's rate, Hz.
        tolerance: share by which the rate may differ; 0: any rate will do.
    """

    def __init__(self, topic: str, rate: float, tolerance: float):
        self._topic, self._rate, self._tolerance = topic, rate, tolerance
        self._window = round(max(_WINDOW_S, _PERIODS / rate) * 1e9)
        self._last: int | None = None
        self._apart: list[int] = []
        self._span = 0
        self.measured = math.nan
        """Rate in Hz, by the last verdict."""
        self.problem: str | None = None
        """What is wrong, by the last verdict."""

    def seen(self, stamp_ns: int, waited: bool = False) -> None:
        """Take note of a reading.

        Args:
            stamp_ns: its stamp.
            waited: whether it came while the node was busy; others may have come before it that
                the node never saw, so its distance tells nothing.
        """
        apart = 0 if self._last is None else stamp_ns - self._last
        self._last = stamp_ns
        if apart <= 0 or waited:
            return
        self._apart.append(apart)
        self._span += apart
        if self._span >= self._window and len(self._apart) >= _LEAST:
            self._judge()
            self._apart.clear()
            self._span = 0

    def _judge(self) -> None:
        ordered = [apart * 1e-9 * self._rate for apart in sorted(self._apart)]
        low, middle, high = (ordered[int(len(ordered) * part)] for part in (0.05, 0.5, 0.75))
        self.measured = self._rate / middle
        self.problem = None
        if self._tolerance == 0.0:
            return
        shortest = 1.0 / (1.0 + self._tolerance)
        longest = 1.0 / (1.0 - self._tolerance) if self._tolerance < 1.0 else math.inf
        thinned = middle * max(1, round(1.0 / middle))
        if low > longest or (high < shortest and not shortest <= thinned <= longest):
            self.problem = (
                f'{self._topic} comes at {self.measured:.3g} Hz; the contract says '
                f'{self._rate:g} Hz, and rate_tolerance allows {self._tolerance:.0%}'
            )
