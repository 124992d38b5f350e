"""Walking uphill or downhill."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from liquid_control.faults.kinds import DynamicsFault
from liquid_control.faults.settings import setting

if TYPE_CHECKING:
    from mujoco import MjModel


@dataclass(frozen=True)
class Slope(DynamicsFault):
    """The ground rises towards +x, by tilting gravity about the y axis.

    Tilting gravity rather than the floor keeps the height above the ground what it is, by which a
    fall is told; positions and angles are those relative to the slope.

    Attributes:
        degrees: slope in degrees; above 0 uphill.
    """

    name: ClassVar[str] = 'slope'
    about: ClassVar[str] = 'a slope in degrees; above 0 uphill'
    graded: ClassVar[bool] = True

    degrees: float = setting(5.0, -45.0, 45.0, neutral=0.0)

    def change(self, model: 'MjModel', rng: np.random.Generator) -> None:
        x, _, z = model.opt.gravity
        angle = np.radians(self.degrees)
        model.opt.gravity[0] = np.cos(angle) * x + np.sin(angle) * z
        model.opt.gravity[2] = np.cos(angle) * z - np.sin(angle) * x
