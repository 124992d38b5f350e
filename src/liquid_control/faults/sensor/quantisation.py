"""Readings in whole steps."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from liquid_control.faults.kinds import SensorFault
from liquid_control.faults.randomness import Draws
from liquid_control.faults.settings import setting


@dataclass(frozen=True)
class Quantisation(SensorFault):
    """Readings are rounded to whole multiples of a step, as by a coarse encoder.

    Attributes:
        step: size of the step, in units of each channel's ``std`` in the contract; 0: none.
    """

    name: ClassVar[str] = 'quantisation'
    about: ClassVar[str] = 'readings in whole steps, in std'

    step: float = setting(0.1, 0.0, 100.0, neutral=0.0)

    def corrupt(self, values: np.ndarray, scale: np.ndarray, draws: Draws) -> np.ndarray:
        step = self.step * scale
        return np.round(values / step) * step
