"""Spells: something that begins by chance and lasts for a number of samples."""

from typing import ClassVar

import numpy as np

from liquid_control.faults.memory import Memory, Samples
from liquid_control.faults.randomness import Draws, Each


class Spells(Memory):
    """On every sample that is in no spell, one begins with the same probability.

    Args:
        chance: that probability.
        samples: length of a spell in samples.
        sources: N.
        width: number of channels, n.
        each: whether every channel has spells of its own, or a whole sample.
    """

    kept: ClassVar[tuple[str, ...]] = ('left',)

    def __init__(self, chance: float, samples: int, sources: int, width: int, each: Each):
        self._chance, self._samples, self._each = chance, samples, each
        shape = (sources, width) if each == 'channel' else (sources,)
        self.left = np.zeros(shape, dtype=np.int64)

    def draw(self, draws: Draws, ready: np.ndarray | bool = True) -> np.ndarray:
        """Whether the present samples are in a spell, (N, n) or (N,) bool.

        Args:
            draws: source of randomness.
            ready: where a spell may begin, of the same shape.
        """
        begins = (self.left == 0) & (draws.uniform(each=self._each) < self._chance) & ready
        self.left[begins] = self._samples
        during = self.left > 0
        self.left -= during
        return during

    def restart(self, which: int | np.ndarray) -> None:
        self.left[which] = 0


class Held(Spells):
    """In a spell, the values are the last ones before it, without which none begins.
    What did not arrive is never held.

    Arguments as for :class:`Spells`.
    """

    kept: ClassVar[tuple[str, ...]] = ('left', 'last', 'known')

    def __init__(self, chance: float, samples: int, sources: int, width: int, each: Each):
        super().__init__(chance, samples, sources, width, each)
        self.last = np.zeros((sources, width))
        self.known = np.zeros(sources, dtype=bool)

    def push(self, samples: Samples, active: np.ndarray, draws: Draws) -> Samples:
        known = self.known[:, None] if self._each == 'channel' else self.known
        during = self.draw(draws, known)
        if during.ndim == 1:
            during = during[:, None]
        values, arrived = np.where(during, self.last, samples.values), samples.arrived
        self.last[arrived] = values[arrived]
        self.known |= arrived
        return samples._replace(values=values)

    def restart(self, which: int | np.ndarray) -> None:
        super().restart(which)
        self.known[which] = False
