"""Normal noise on readings, in their own units."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from liquid_control.faults.kinds import SensorFault
from liquid_control.faults.randomness import Draws
from liquid_control.faults.settings import setting


@dataclass(frozen=True)
class GaussianSI(SensorFault):
    """Independent normal noise of the same absolute size on every channel.

    Attributes:
        sigma: standard deviation in the unit of each channel, such as m, rad or rad/s.
    """

    name: ClassVar[str] = 'gaussian_si'
    about: ClassVar[str] = 'noise in SI units'
    graded: ClassVar[bool] = True
    in_units: ClassVar[bool | None] = False

    sigma: float = setting(0.01, 0.0, 1e6, neutral=0.0)

    def corrupt(self, values: np.ndarray, scale: np.ndarray, draws: Draws) -> np.ndarray:
        return values + self.sigma * draws.normal()
