"""Samples that never arrive."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from liquid_control.faults.kinds import SensorFault
from liquid_control.faults.randomness import Draws
from liquid_control.faults.settings import setting


@dataclass(frozen=True)
class Dropped(SensorFault):
    """Each sample is lost with the same probability, independently.

    Attributes:
        probability: probability that a sample is lost.
    """

    name: ClassVar[str] = 'dropped'
    about: ClassVar[str] = 'messages are lost, by chance'
    graded: ClassVar[bool] = True
    by_channel: ClassVar[bool] = False

    probability: float = setting(0.1, 0.0, 1.0, neutral=0.0)

    def drops(self, draws: Draws) -> np.ndarray:
        return draws.uniform(each='sample') < self.probability
