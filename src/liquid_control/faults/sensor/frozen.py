"""Channels that are frozen."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from liquid_control.faults.kinds import SensorFault
from liquid_control.faults.memory import Memory, Samples
from liquid_control.faults.randomness import Draws
from liquid_control.faults.settings import setting
from liquid_control.faults.signals import Signal


class _Frozen(Memory):
    kept: ClassVar[tuple[str, ...]] = ('held', 'which', 'begun')

    def __init__(self, count: int | None, sources: int, signal: Signal, chosen: np.ndarray | None):
        width = len(signal.scale)
        self._count, self._signal = count, signal
        self._chosen = np.ones(width, dtype=bool) if chosen is None else chosen
        self.held = np.zeros((sources, width))
        self.which = np.zeros((sources, width), dtype=bool)
        self.begun = np.zeros(sources, dtype=bool)

    def push(self, samples: Samples, active: np.ndarray, draws: Draws) -> Samples:
        new = active & samples.arrived & ~self.begun
        if new.any():
            self.held[new] = samples.values[new]
            self.which[new] = self._draw(draws, len(new))[new]
            self.begun |= new
        frozen = self.which & self.begun[:, None]
        return samples._replace(values=np.where(frozen, self.held, samples.values))

    def _draw(self, draws: Draws, sources: int) -> np.ndarray:
        """Draw which channels are frozen, (N, n) bool."""
        which = np.tile(self._chosen, (sources, 1))
        if self._count is None:
            return which
        luck = np.where(self._chosen, draws.uniform(), np.inf)
        for _, span in self._signal.terms:
            ranks = luck[:, span].argsort(axis=1).argsort(axis=1)
            which[:, span] &= ranks < self._count
        return which

    def restart(self, which: int | np.ndarray) -> None:
        self.begun[which] = False


@dataclass(frozen=True)
class Frozen(SensorFault):
    """Channels repeat the reading with which the fault begins, for as long as it acts.

    With a schedule, they freeze anew each time: ``frozen:1/burst:62:250`` freezes one channel for
    62 samples in every 250.

    Attributes:
        channels: number of channels of each term, drawn each time, with equal chance; None: all.
    """

    name: ClassVar[str] = 'frozen'
    about: ClassVar[str] = 'channels of each term that freeze'

    channels: int | None = setting(None, 1, 1000, whole=True, otherwise='all')

    def memory(self, sources: int, signal: Signal) -> Memory:
        return _Frozen(self.channels, sources, signal, self.chosen(signal))
