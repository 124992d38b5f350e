"""Samples that never arrive."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from liquid_control.faults.fault import setting
from liquid_control.faults.kinds import SensorFault
from liquid_control.faults.randomness import Draws


@dataclass(frozen=True)
class Dropped(SensorFault):
    """Each sample is lost with the same probability, independently.

    Attributes:
        probability: probability that a sample is lost.
    """

    name: ClassVar[str] = 'dropped'
    about: ClassVar[str] = 'each sample is lost with this probability'

    probability: float = setting(0.1, 0.0, 1.0)

    @property
    def idle(self) -> bool:
        return self.probability == 0

    def drops(self, draws: Draws) -> np.ndarray:
        return draws.uniform(each='sample') < self.probability
