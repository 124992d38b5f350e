"""Gaussian sensor noise."""

from dataclasses import dataclass

import numpy as np

from liquid_control.faults.base import Fault, FaultError


@dataclass(frozen=True)
class Gaussian(Fault):
    """Independent normal noise on every channel.

    Attributes:
        sigma: standard deviation, in units of each channel's own standard deviation in normal
            motion, as given in the robot's contract.
    """

    sigma: float = 0.1

    def __post_init__(self):
        if not 0.0 <= self.sigma < float('inf'):
            raise FaultError(f'gaussian: sigma: expected a number >= 0, found {self.sigma}')

    def corrupt(self, values, std, rng):
        return values + self.sigma * std * rng.standard_normal(np.shape(values))
