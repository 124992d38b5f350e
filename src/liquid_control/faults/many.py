"""The same faults for many robots stepped at once, each robot with its own."""

from collections.abc import Sequence

import numpy as np

from liquid_control.faults.base import Fault
from liquid_control.faults.delay import DelayLine


class FaultySensors:
    """Sensors of N robots, of which each has some of the faults.

    Noise and losses come in the order of the faults, the wait of delayed samples after them, as
    where a sensor is noisy and its transport slow.

    Args:
        faults: all that there are.
        has: which robot has which, (N, K) bool; changed by :meth:`restart`.
        std: standard deviation of each channel in normal motion, (n,).
    """

    def __init__(self, faults: Sequence[Fault], has: np.ndarray, std: np.ndarray):
        self._faults, self._std = tuple(faults), std
        self.has = np.array(has, dtype=bool).reshape(len(has), len(self._faults))
        self._lags = np.array([fault.lag for fault in self._faults], dtype=np.int64)
        longest = int(self._lags.sum())
        self.readings = DelayLine(self.lags(), len(std), longest)
        self.truth = DelayLine(self.lags(), len(std), longest)

    def lags(self) -> np.ndarray:
        """By how many samples each robot's readings are late, (N,)."""
        return self.has @ self._lags if len(self._lags) else np.zeros(len(self.has), np.int64)

    def restart(self, index: int, has: np.ndarray) -> None:
        """Begin an episode of one robot, which has these faults (K,) now."""
        self.has[index] = has
        for line in (self.readings, self.truth):
            line.restart(index, int(self.lags()[index]))

    def read(self, true: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """True values (N, n) → what arrives (N, n), and whether anything does (N,)."""
        values, arrived = true, np.ones(len(self.has), dtype=bool)
        for place, fault in enumerate(self._faults):
            mine = self.has[:, place]
            arrived = arrived & ~(fault.drops(rng, arrived.shape) & mine)
            values = np.where(mine[:, None], fault.corrupt(values, self._std, rng), values)
        return self.readings.push(values, arrived)

    def foretold(self, true: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """True values one period after those that the last samples read, and whether known.

        Args:
            true: values one period later than at the last :meth:`read`, (N, n).
            known: whether they count, (N,).
        """
        return self.truth.push(true, known)

    def periods(self, rng: np.random.Generator) -> np.ndarray:
        """Length of the present control period of each robot, in nominal ones, (N,)."""
        lengths = np.ones(len(self.has))
        for place, fault in enumerate(self._faults):
            lengths *= np.where(self.has[:, place], fault.periods(rng, lengths.shape), 1.0)
        return lengths
