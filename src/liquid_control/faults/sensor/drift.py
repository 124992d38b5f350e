"""Offsets of readings that grow with time."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from liquid_control.faults.kinds import SensorFault
from liquid_control.faults.memory import Samples
from liquid_control.faults.randomness import Draws
from liquid_control.faults.settings import setting
from liquid_control.faults.signals import Signal
from liquid_control.faults.signs import Signs


class _Drift(Signs):
    kept: ClassVar[tuple[str, ...]] = (*Signs.kept, 'since')

    def __init__(self, sources: int, rate: np.ndarray):
        super().__init__(sources, len(rate))
        self._rate = rate
        self.since = np.zeros(sources, dtype=np.int64)

    def push(self, samples: Samples, active: np.ndarray, draws: Draws) -> Samples:
        new = self.draw(active, draws)
        self.since[new] = samples.stamps[new]
        seconds = (samples.stamps - self.since) * 1e-9
        offset = self.signs * self._rate * seconds[:, None]
        return samples._replace(values=samples.values + offset)


@dataclass(frozen=True)
class Drift(SensorFault):
    """An offset on every channel that grows linearly with time, from 0 when the fault begins.

    The sign of each channel is drawn when the fault begins, as for a bias.

    Attributes:
        rate: growth in a second, in units of each channel's ``std`` in the contract.
    """

    name: ClassVar[str] = 'drift'
    about: ClassVar[str] = 'an offset grows, in std a second'
    graded: ClassVar[bool] = True
    in_units: ClassVar[bool | None] = True

    rate: float = setting(0.05, 0.0, 1000.0, neutral=0.0)

    def memory(self, sources: int, signal: Signal) -> Signs:
        return _Drift(sources, self.rate * signal.scale)
