"""Wrong stamps."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from liquid_control.faults.kinds import SensorFault
from liquid_control.faults.memory import Memory, Samples
from liquid_control.faults.randomness import Draws
from liquid_control.faults.settings import setting
from liquid_control.faults.signals import Signal

_LEAST = 0.1
"""Least share of the time that has passed by which a stamp advances."""


class _Stamps(Memory):
    kept: ClassVar[tuple[str, ...]] = ('last', 'stamped', 'begun')

    def __init__(self, sigma_ns: float, sources: int):
        self._sigma_ns = sigma_ns
        self.last = np.zeros(sources, dtype=np.int64)
        self.stamped = np.zeros(sources, dtype=np.int64)
        self.begun = np.zeros(sources, dtype=bool)

    def push(self, samples: Samples, active: np.ndarray, draws: Draws) -> Samples:
        error = np.rint(self._sigma_ns * draws.normal(each='sample')).astype(np.int64)
        wrong = np.maximum(samples.stamps + error, 1)
        passed = np.ceil(_LEAST * (samples.stamps - self.last)).astype(np.int64)
        earliest = self.stamped + np.maximum(passed, 1)
        stamps = np.where(self.begun, np.maximum(wrong, earliest), wrong)
        self.last[active], self.stamped[active] = samples.stamps[active], stamps[active]
        self.begun |= active
        return samples._replace(stamps=stamps)

    def restart(self, which: int | np.ndarray) -> None:
        self.begun[which] = False


@dataclass(frozen=True)
class StampJitter(SensorFault):
    """Readings are right and on time, but their stamps are off by normal noise.

    Elapsed time, which the policy takes from the stamps, is then wrong. Stamps always advance: by a
    tenth of the time that has really passed at least.

    Attributes:
        sigma: standard deviation in nominal periods.
    """

    name: ClassVar[str] = 'stamp_jitter'
    about: ClassVar[str] = 'wrong stamps; std in periods'
    by_channel: ClassVar[bool] = False
    restamps: ClassVar[bool] = True

    sigma: float = setting(0.1, 0.0, 10.0, neutral=0.0)

    def memory(self, sources: int, signal: Signal) -> Memory:
        return _Stamps(self.sigma * signal.period_ns, sources)
