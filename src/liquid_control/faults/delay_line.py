"""Samples that arrive late."""

from typing import ClassVar

import numpy as np

from liquid_control.faults.memory import Memory, Samples
from liquid_control.faults.randomness import Draws


class DelayLine(Memory):
    """Delays the samples of N sources by the same number of samples.

    Args:
        lag: delay in samples.
        sources: N.
        width: values per sample, n.
        repeat_first: whether the sample with which a delay begins is repeated until it is as old
            as the delay; otherwise nothing arrives until then.
    """

    kept: ClassVar[tuple[str, ...]] = ('values', 'numbers', 'arrived', 'begun', 'pushed')

    def __init__(self, lag: int, sources: int, width: int, repeat_first: bool = True):
        self.lag, self._repeat_first = lag, repeat_first
        self.values = np.zeros((lag + 1, sources, width))
        self.numbers = np.zeros((lag + 1, sources), dtype=np.int64)
        self.arrived = np.zeros((lag + 1, sources), dtype=bool)
        self.begun = np.zeros(sources, dtype=bool)
        self.pushed = np.zeros((), dtype=np.int64)

    def push(self, samples: Samples, active: np.ndarray, draws: Draws) -> Samples:
        first = active & samples.arrived & ~self.begun
        if self._repeat_first and first.any():
            self.values[:, first] = samples.values[first]
            self.numbers[:, first] = samples.numbers[first]
            self.arrived[:, first] = True
        self.begun |= first
        newest = int(self.pushed) % len(self.values)
        self.values[newest] = samples.values
        self.numbers[newest] = samples.numbers
        self.arrived[newest] = samples.arrived & active
        self.pushed += 1
        oldest = int(self.pushed) % len(self.values)
        return Samples(
            self.values[oldest].copy(),
            self.numbers[oldest].copy(),
            self.arrived[oldest].copy(),
            samples.stamps,
        )

    def restart(self, which: int | np.ndarray) -> None:
        self.arrived[:, which] = False
        self.begun[which] = False


class TimedDelayLine(Memory):
    """Delivers the newest sample that is at least so old by its stamp, and the oldest until then.

    Args:
        delay_ns: smallest age in ns.
        slots: number of samples that are kept; if more arrive within the delay, the oldest kept is
            delivered, which is younger.
        sources: N.
        width: values per sample, n.
    """

    kept: ClassVar[tuple[str, ...]] = ('values', 'numbers', 'stamps', 'pushed')

    def __init__(self, delay_ns: int, slots: int, sources: int, width: int):
        self.lag, self._delay_ns = slots - 1, delay_ns
        self.values = np.zeros((slots, sources, width))
        self.numbers = np.zeros((slots, sources), dtype=np.int64)
        self.stamps = np.full((slots, sources), _NONE)
        self.pushed = np.zeros((), dtype=np.int64)
        self._each = np.arange(sources)

    def push(self, samples: Samples, active: np.ndarray, draws: Draws) -> Samples:
        newest = int(self.pushed) % len(self.values)
        self.values[newest], self.numbers[newest] = samples.values, samples.numbers
        self.stamps[newest] = np.where(samples.arrived & active, samples.stamps, _NONE)
        self.pushed += 1
        old = (self.stamps != _NONE) & (self.stamps <= samples.stamps - self._delay_ns)
        chosen = np.where(
            old.any(axis=0),
            np.where(old, self.stamps, _NONE).argmax(axis=0),
            np.where(self.stamps == _NONE, _NEVER, self.stamps).argmin(axis=0),
        )
        there = chosen, self._each
        return Samples(
            self.values[there], self.numbers[there], self.stamps[there] != _NONE, samples.stamps
        )

    def restart(self, which: int | np.ndarray) -> None:
        self.stamps[:, which] = _NONE


_NONE, _NEVER = np.iinfo(np.int64).min, np.iinfo(np.int64).max
