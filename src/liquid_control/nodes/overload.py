"""Whether a policy keeps up with its readings."""

import statistics

_WINDOW_S = 0.5
_LEAST = 3
"""Readings that a verdict needs."""
_FULL = 0.95
"""Share of the time spent on readings above which nothing is left for what may come."""
_NO_PAUSE_S = 1e-4
"""A reading that comes so soon after the one before has waited for it, or was being read."""


class Overload:
    """Judges, half a second at a time, the time that readings take.

    Args:
        period: the policy's nominal period, s.
    """

    def __init__(self, period: float):
        self._period = period
        self.restart()

    def restart(self) -> None:
        """Forget everything, as after a pause."""
        self.problem: str | None = None
        """What is wrong, by the last verdict."""
        self._since: float | None = None
        self._ended = 0.0
        self._taken: list[float] = []
        self._spans: list[float] = []  # the same, with what passed without a pause before

    def handled(self, began: float, ended: float) -> None:
        """Take note of a reading that was handled from one time to another, steady, in s."""
        if self._since is None:
            self._since = self._ended = began
        waited = began - self._ended < _NO_PAUSE_S
        self._spans.append(ended - (self._ended if waited else began))
        self._taken.append(ended - began)
        self._ended = ended
        window = ended - self._since
        if window >= _WINDOW_S and len(self._taken) >= _LEAST:
            self.problem = self._verdict(window)
            self._since = ended
            self._taken.clear()
            self._spans.clear()

    def _verdict(self, window: float) -> str | None:
        typical = statistics.median(self._taken)
        if typical > self._period:
            return (
                f'overloaded: a step takes {typical * 1e3:.3g} ms, '
                f'a period is {self._period * 1e3:g} ms'
            )
        # By the median, since a single long one, as after a suspension, is no load.
        share = statistics.median(self._spans) * len(self._spans) / window
        if share > _FULL:
            return (
                f'overloaded: {len(self._taken) / window:.0f} readings a second take '
                f'{typical * 1e3:.3g} ms each, {share:.0%} of the time'
            )
        return None
