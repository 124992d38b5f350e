"""Other friction."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from liquid_control.faults.kinds import DynamicsFault
from liquid_control.faults.settings import setting

if TYPE_CHECKING:
    from mujoco import MjModel


@dataclass(frozen=True)
class Friction(DynamicsFault):
    """The friction of every geom is a multiple of the model's: sliding, torsional and rolling.

    MuJoCo takes the larger friction of two geoms that touch, so it is scaled on the robot and on
    the floor alike, and on pairs that have their own.

    Attributes:
        factor: friction relative to the model's.
    """

    name: ClassVar[str] = 'friction'
    about: ClassVar[str] = 'scales the friction of every geom'
    graded: ClassVar[bool] = True

    factor: float = setting(0.5, 0.0, 100.0, neutral=1.0)

    def change(self, model: 'MjModel', rng: np.random.Generator) -> None:
        model.geom_friction *= self.factor
        model.pair_friction *= self.factor
