"""Normal noise on commands."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from liquid_control.faults.kinds import CommandFault
from liquid_control.faults.randomness import Draws
from liquid_control.faults.settings import setting


@dataclass(frozen=True)
class CommandNoise(CommandFault):
    """Independent normal noise on the command of every joint, new in each control period.

    Attributes:
        sigma: standard deviation, in units of half the range between a joint's limits.
    """

    name: ClassVar[str] = 'command_noise'
    about: ClassVar[str] = "noise in units of half a joint's range"
    graded: ClassVar[bool] = True

    sigma: float = setting(0.1, 0.0, 10.0, neutral=0.0)

    def corrupt(self, values: np.ndarray, scale: np.ndarray, draws: Draws) -> np.ndarray:
        return values + self.sigma * scale * draws.normal()
