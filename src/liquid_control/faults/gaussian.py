"""Gaussian sensor noise."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from liquid_control.faults.fault import Fault, setting


@dataclass(frozen=True)
class Gaussian(Fault):
    """Independent normal noise on every channel.

    Attributes:
        sigma: standard deviation, in units of each channel's own standard deviation in normal
            motion, as given in the robot's contract.
    """

    about: ClassVar[str] = "noise in units of a channel's std"

    sigma: float = setting(0.1, 0.0, 1000.0)

    def corrupt(self, values, std, rng):
        return values + self.sigma * std * rng.standard_normal(np.shape(values))
