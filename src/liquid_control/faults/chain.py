"""Faults of readings, one after another: the same for one robot's messages and for many robots."""

from collections.abc import Callable, Sequence

import numpy as np

from liquid_control.faults.delay import DelayLine
from liquid_control.faults.fault import Fault

Affect = Callable[[int, Fault, np.ndarray], tuple[np.ndarray, np.ndarray]]
"""(place of a fault, the fault, readings (N, n)) → which it loses (N,), all as it corrupts them."""


class FaultChain:
    """Passes the readings of N sources through faults, in the order of the faults.

    A source counts its samples, whether they arrive or not; a fault acts on those from its
    ``start`` on.

    Args:
        faults: all K faults.
        has: which source has which fault, (N, K) bool; changed by :meth:`restart`.
        width: values per sample, n.
    """

    def __init__(self, faults: Sequence[Fault], has: np.ndarray, width: int):
        self.faults = tuple(faults)
        self.has = np.array(has, dtype=bool).reshape(len(has), len(self.faults))
        self.count = np.zeros(len(has), dtype=np.int64)
        """Samples that each source has taken in, (N,)."""
        self._lines = {
            place: DelayLine(fault.lag, len(has), width)
            for place, fault in enumerate(self.faults)
            if fault.lag
        }

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """All mutable state, to be read or written in place."""
        found = {'has': self.has, 'count': self.count}
        for place, line in self._lines.items():
            found |= {f'line{place}.{name}': array for name, array in line.arrays.items()}
        return found

    def push(self, values: np.ndarray, affect: Affect) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Take in one sample of each source.

        Args:
            values: readings (N, n).
            affect: does what a fault does.

        Returns:
            The readings that arrive (N, n), from which sample of its source each is (N,), and
            whether one arrives (N,).
        """
        numbers, arrived = self.count.copy(), np.ones(len(self.has), dtype=bool)
        for place, fault in enumerate(self.faults):
            active = self.has[:, place] & (self.count >= fault.start)
            if fault.alters:
                lost, corrupted = affect(place, fault, values)
                arrived = arrived & ~(lost & active)
                values = np.where(active[:, None], corrupted, values)
            if place in self._lines:
                line = self._lines[place]
                values, numbers, arrived = line.push(values, numbers, arrived, active)
        self.count += 1
        return values, numbers, arrived

    def restart(self, index: int, has: np.ndarray) -> None:
        """Begin an episode of one source, which now has these faults (K,) bool."""
        self.has[index] = has
        self.count[index] = 0
        for line in self._lines.values():
            line.restart(index)
