"""Other damping of the joints."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from liquid_control.faults.kinds import DynamicsFault
from liquid_control.faults.settings import setting

if TYPE_CHECKING:
    from mujoco import MjModel


@dataclass(frozen=True)
class Damping(DynamicsFault):
    """The viscous damping of every joint is the same multiple of the model's.

    Attributes:
        factor: damping relative to the model's.
    """

    name: ClassVar[str] = 'damping'
    about: ClassVar[str] = 'scales the damping of every joint'
    graded: ClassVar[bool] = True

    factor: float = setting(2.0, 0.0, 100.0, neutral=1.0)

    def change(self, model: 'MjModel', rng: np.random.Generator) -> None:
        model.dof_damping *= self.factor
