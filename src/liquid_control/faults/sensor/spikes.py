"""Single wild readings."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from liquid_control.faults.kinds import SensorFault
from liquid_control.faults.randomness import Draws
from liquid_control.faults.settings import setting


@dataclass(frozen=True)
class Spikes(SensorFault):
    """Each channel of each sample is off by the same large amount, up or down, by chance.

    Attributes:
        chance: probability of a spike, for each channel and sample.
        size: size of a spike, in units of each channel's ``std`` in the contract.
    """

    name: ClassVar[str] = 'spikes'
    about: ClassVar[str] = 'values off by ±SIZE std'
    graded: ClassVar[bool] = True

    chance: float = setting(0.01, 0.0, 1.0, neutral=0.0)
    size: float = setting(5.0, 0.0, 100.0, neutral=0.0)

    def corrupt(self, values: np.ndarray, scale: np.ndarray, draws: Draws) -> np.ndarray:
        there, up = draws.uniform() < self.chance, draws.uniform() < 0.5
        return values + np.where(up, self.size, -self.size) * scale * there
