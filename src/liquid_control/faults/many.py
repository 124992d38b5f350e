"""The same faults for many robots stepped at once, each robot with its own."""

from collections.abc import Sequence

import numpy as np

from liquid_control.faults.base import Fault
from liquid_control.faults.delay import DelayLine


class FaultySensors:
    """Sensors of N robots, each with some of the faults.

    Noise and losses are applied in the order of the faults and delays after them, as with a noisy
    sensor and a slow transport.

    Args:
        faults: all K faults.
        has: which robot has which fault, (N, K) bool; changed by :meth:`restart`.
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
        """Delay of each robot's readings in samples, (N,)."""
        return self.has @ self._lags if len(self._lags) else np.zeros(len(self.has), np.int64)

    def restart(self, index: int, has: np.ndarray) -> None:
        """Begin an episode of one robot, which now has these faults (K,) bool."""
        self.has[index] = has
        for line in (self.readings, self.truth):
            line.restart(index, int(self.lags()[index]))

    def read(self, true: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Take in true values (N, n); return what arrives (N, n) and whether it arrives (N,)."""
        values, arrived = true, np.ones(len(self.has), dtype=bool)
        for place, fault in enumerate(self._faults):
            mine = self.has[:, place]
            arrived = arrived & ~(fault.drops(rng, arrived.shape) & mine)
            values = np.where(mine[:, None], fault.corrupt(values, self._std, rng), values)
        return self.readings.push(values, arrived)

    def foretold(self, true: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Delay true values to match the last readings: the values one period after those readings.

        Args:
            true: values one period later than at the last :meth:`read`, (N, n).
            known: whether they count, (N,).

        Returns:
            The true values that predictions from the last readings are for, and whether they
            count.
        """
        return self.truth.push(true, known)

    def periods(self, rng: np.random.Generator) -> np.ndarray:
        """Length of each robot's current control period in nominal periods, (N,)."""
        lengths = np.ones(len(self.has))
        for place, fault in enumerate(self._faults):
            lengths *= np.where(self.has[:, place], fault.periods(rng, lengths.shape), 1.0)
        return lengths
