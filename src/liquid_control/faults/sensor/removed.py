"""Channels that are not there."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from liquid_control.faults.kinds import SensorFault
from liquid_control.faults.randomness import Draws
from liquid_control.faults.settings import setting


@dataclass(frozen=True)
class Removed(SensorFault):
    """Channels read a constant, as where a sensor is missing: ``removed:on=joint_velocity``.

    It is a number, never NaN, which a policy's gate would refuse. ``frozen`` holds the last
    reading instead.

    Attributes:
        value: what they read, in the unit of each channel.
    """

    name: ClassVar[str] = 'removed'
    about: ClassVar[str] = 'channels read this constant'
    graded: ClassVar[bool] = True
    in_units: ClassVar[bool | None] = False

    value: float = setting(0.0, -1e4, 1e4)

    def corrupt(self, values: np.ndarray, scale: np.ndarray, draws: Draws) -> np.ndarray:
        return np.full_like(values, self.value)
