"""Readings that arrive late."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from liquid_control.faults.fault import Fault, setting


@dataclass(frozen=True)
class Delay(Fault):
    """Every message carries the readings of an earlier message, under its own stamp.

    This is what happens with a driver that stamps readings on receipt: no stamp shows how old a
    reading is. No message is withheld: when the delay begins, its first reading is repeated until
    it is ``samples`` old, as by a driver that holds the last value that it has. The delay begins
    with the episode or at its ``start``, and again after a gap longer than the contract's
    ``max_gap`` or if stamps go back.

    Attributes:
        samples: delay in samples, a whole number.
    """

    about: ClassVar[str] = 'readings arrive this many samples late'

    samples: int = setting(1, 0, 1000, whole=True)

    @property
    def lag(self) -> int:
        return self.samples


class DelayLine:
    """Delays the samples of N sources by the same number of samples.

    Args:
        lag: delay in samples.
        sources: N.
        width: values per sample, n.
    """

    def __init__(self, lag: int, sources: int, width: int):
        self.values = np.zeros((lag + 1, sources, width))
        self.numbers = np.zeros((lag + 1, sources), dtype=np.int64)
        self.arrived = np.zeros((lag + 1, sources), dtype=bool)
        self.begun = np.zeros(sources, dtype=bool)
        self.pushed = np.zeros((), dtype=np.int64)

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """All mutable state, to be read or written in place."""
        return dict(vars(self))

    def push(
        self, values: np.ndarray, numbers: np.ndarray, arrived: np.ndarray, active: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Take in one sample of each source; return the delayed ones alike.

        Args:
            values: readings (N, n).
            numbers: number of the sample from which each reading is, (N,).
            arrived: whether it arrived, (N,).
            active: whether the source is delayed, (N,); the others pass as they are.
        """
        first = active & arrived & ~self.begun
        if first.any():
            self.values[:, first] = values[first]
            self.numbers[:, first] = numbers[first]
            self.arrived[:, first] = True
            self.begun |= first
        newest = int(self.pushed) % len(self.values)
        self.values[newest] = values
        self.numbers[newest] = numbers
        self.arrived[newest] = arrived & active
        self.pushed += 1
        oldest = int(self.pushed) % len(self.values)
        return (
            np.where(active[:, None], self.values[oldest], values),
            np.where(active, self.numbers[oldest], numbers),
            np.where(active, self.arrived[oldest], arrived),
        )

    def restart(self, index: int) -> None:
        """Discard the waiting samples of one source."""
        self.arrived[:, index] = False
        self.begun[index] = False
