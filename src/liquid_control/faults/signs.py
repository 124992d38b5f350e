"""A random sign for each channel, which stays as it is while a fault acts."""

from typing import ClassVar

import numpy as np

from liquid_control.faults.memory import Memory
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
