"""Offsets of readings that wander."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from liquid_control.faults.kinds import SensorFault
from liquid_control.faults.memory import Memory, Samples
from liquid_control.faults.randomness import Draws
from liquid_control.faults.settings import setting
from liquid_control.faults.signals import Signal


class _Walk(Memory):
    kept: ClassVar[tuple[str, ...]] = ('offset', 'last', 'begun')

    def __init__(self, sources: int, sigma: np.ndarray):
        self._sigma = sigma
        self.offset = np.zeros((sources, len(sigma)))
        self.last = np.zeros(sources, dtype=np.int64)
        self.begun = np.zeros(sources, dtype=bool)

    def push(self, samples: Samples, active: np.ndarray, draws: Draws) -> Samples:
        passed = np.where(active & self.begun, samples.stamps - self.last, 0)
        seconds = np.maximum(passed, 0) * 1e-9
        self.offset += self._sigma * np.sqrt(seconds)[:, None] * draws.normal()
        self.last[active] = samples.stamps[active]
        self.begun |= active
        return samples._replace(values=samples.values + self.offset)

    def restart(self, which: int | np.ndarray) -> None:
        self.offset[which] = 0.0
        self.begun[which] = False


@dataclass(frozen=True)
class RandomWalk(SensorFault):
    """An offset on every channel that takes normal steps, independent of each other.

    It is 0 when the fault begins; t seconds later its standard deviation is ``sigma`` · √t.

    Attributes:
        sigma: standard deviation after a second, in units of each channel's ``std``.
    """

    name: ClassVar[str] = 'random_walk'
    about: ClassVar[str] = 'an offset wanders; std after 1 s'
    graded: ClassVar[bool] = True
    in_units: ClassVar[bool | None] = True

    sigma: float = setting(0.1, 0.0, 1000.0, neutral=0.0)

    def memory(self, sources: int, signal: Signal) -> Memory:
        return _Walk(sources, self.sigma * signal.scale)
