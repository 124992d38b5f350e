"""Normal noise on readings."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from liquid_control.faults.kinds import SensorFault
from liquid_control.faults.randomness import Draws
from liquid_control.faults.settings import setting


@dataclass(frozen=True)
class Gaussian(SensorFault):
    """Independent normal noise on every channel.

    Attributes:
        sigma: standard deviation, in units of each channel's own standard deviation in normal
            motion, as given in the robot's contract.
    """

    name: ClassVar[str] = 'gaussian'
    about: ClassVar[str] = "noise in units of a channel's std"
    graded: ClassVar[bool] = True

    sigma: float = setting(0.1, 0.0, 1000.0, neutral=0.0)

    def corrupt(self, values: np.ndarray, scale: np.ndarray, draws: Draws) -> np.ndarray:
        return values + self.sigma * scale * draws.normal()
