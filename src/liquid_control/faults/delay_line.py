"""Samples that arrive late."""

import numpy as np


class DelayLine:
    """Delays the samples of N sources by the same number of samples.

    Args:
        lag: delay in samples.
        sources: N.
        width: values per sample, n.
        repeat_first: whether the sample with which a delay begins is repeated until it is as old
            as the delay; otherwise nothing arrives until then.
    """

    def __init__(self, lag: int, sources: int, width: int, repeat_first: bool = True):
        self._repeat_first = repeat_first
        self.values = np.zeros((lag + 1, sources, width))
        self.numbers = np.zeros((lag + 1, sources), dtype=np.int64)
        self.arrived = np.zeros((lag + 1, sources), dtype=bool)
        self.begun = np.zeros(sources, dtype=bool)
        self.pushed = np.zeros((), dtype=np.int64)

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """All mutable state, to be read or written in place."""
        names = ('values', 'numbers', 'arrived', 'begun', 'pushed')
        return {name: getattr(self, name) for name in names}

    def push(
        self,
        values: np.ndarray,
        numbers: np.ndarray,
        arrived: np.ndarray,
        active: np.ndarray,
        draws: object = None,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Take in one sample of each source; see :meth:`kinds.Memory.push`."""
        first = active & arrived & ~self.begun
        if self._repeat_first and first.any():
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
