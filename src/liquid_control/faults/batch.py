"""The same faults for many robots stepped at once, each robot with its own."""

from collections.abc import Sequence

import numpy as np

from liquid_control.faults.chain import FaultChain
from liquid_control.faults.fault import Fault


class FaultySensors:
    """Sensors of N robots, each with some of the faults, which act in their order.

    Args:
        faults: all K faults.
        has: which robot has which fault, (N, K) bool; changed by :meth:`restart`.
        std: standard deviation of each channel in normal motion, (n,).
    """

    def __init__(self, faults: Sequence[Fault], has: np.ndarray, std: np.ndarray):
        self._std, self._rows = std, np.arange(len(has))
        self._chain = FaultChain(faults, has, len(std))
        depth = 1 + sum(fault.lag for fault in self._chain.faults)
        self._truth = np.zeros((depth, len(has), len(std)))
        self._known = np.zeros((depth, len(has)), dtype=bool)
        self._from = np.zeros(len(has), dtype=np.int64)
        self._arrived = np.zeros(len(has), dtype=bool)

    @property
    def has(self) -> np.ndarray:
        """Which robot has which fault now, (N, K) bool."""
        return self._chain.has

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """All mutable state, to be read or written in place."""
        own = {name: getattr(self, f'_{name}') for name in ('truth', 'known', 'from', 'arrived')}
        return {**self._chain.arrays, **own}

    def restart(self, index: int, has: np.ndarray) -> None:
        """Begin an episode of one robot, which now has these faults (K,) bool."""
        self._chain.restart(index, has)

    def read(self, true: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Take in true values (N, n); return what arrives (N, n) and whether it arrives (N,)."""

        def affect(_: int, fault: Fault, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            lost = fault.drops(rng, (len(values),))
            return lost, fault.corrupt(values, self._std, rng)

        values, self._from[:], self._arrived[:] = self._chain.push(true, affect)
        return values, self._arrived.copy()

    def foretold(self, true: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What follows the last readings: the true values one period after they were taken.

        Args:
            true: values one period later than at the last :meth:`read`, (N, n).
            known: whether they count, (N,).

        Returns:
            The true values that predictions from the last readings are for, and whether they
            count; those of a reading that did not arrive never do.
        """
        now = (self._chain.count - 1) % len(self._truth)
        self._truth[now, self._rows], self._known[now, self._rows] = true, known
        then = self._from % len(self._truth)
        return self._truth[then, self._rows], self._known[then, self._rows] & self._arrived

    def periods(self, rng: np.random.Generator, steps: np.ndarray) -> np.ndarray:
        """Length of each robot's current control period in nominal periods, (N,).

        Args:
            rng: source of randomness.
            steps: periods that each robot's episode has lasted, (N,).
        """
        lengths = np.ones(len(self.has))
        for place, fault in enumerate(self._chain.faults):
            active = self.has[:, place] & (steps >= fault.start)
            lengths *= np.where(active, fault.periods(rng, lengths.shape), 1.0)
        return lengths
