"""A random sign, or offset, of each channel, which stays as it is while a fault acts."""

from typing import ClassVar

import numpy as np

from liquid_control.faults.memory import Memory, Samples
from liquid_control.faults.randomness import Draws


class Signs(Memory):
    """Draws +1 or −1 for each channel, with equal chance, when a fault begins.

    Args:
        sources: N.
        width: number of channels, n.
    """

    kept: ClassVar[tuple[str, ...]] = ('signs', 'drawn')

    def __init__(self, sources: int, width: int):
        self.signs = np.ones((sources, width))
        self.drawn = np.zeros(sources, dtype=bool)

    def draw(self, active: np.ndarray, draws: Draws) -> np.ndarray:
        """Draw the signs of the sources that begin; return which these are, (N,) bool."""
        new = active & ~self.drawn
        if new.any():
            self.signs[new] = np.where(draws.uniform() < 0.5, -1.0, 1.0)[new]
            self.drawn |= new
        return new

    def restart(self, which: int | np.ndarray) -> None:
        self.drawn[which] = False


class Offset(Signs):
    """A constant offset of each channel, up or down.

    Args:
        sources: N.
        size: size of the offset of each channel, (n,).
    """

    def __init__(self, sources: int, size: np.ndarray):
        super().__init__(sources, len(size))
        self._size = size

    def push(self, samples: Samples, active: np.ndarray, draws: Draws) -> Samples:
        self.draw(active, draws)
        return samples._replace(values=samples.values + self.signs * self._size)
