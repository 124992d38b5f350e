"""Weaker or stronger motors."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from liquid_control.faults.kinds import DynamicsFault
from liquid_control.faults.settings import FaultError, setting

if TYPE_CHECKING:
    from mujoco import MjModel

_FIXED, _AFFINE = 0, 1
"""Types of gain and bias whose first three parameters are proportional to the force."""


@dataclass(frozen=True)
class Motor(DynamicsFault):
    """Every motor gives the same multiple of the force or torque that it gives in the model.

    Gain, bias and force limits of the actuators are scaled, so that a position servo gets softer,
    too, and keeps its set point.

    Attributes:
        factor: force relative to the model's.
    """

    name: ClassVar[str] = 'motor'
    about: ClassVar[str] = 'scales the force of every motor'
    graded: ClassVar[bool] = True

    factor: float = setting(0.8, 0.0, 10.0, neutral=1.0)

    def change(self, model: 'MjModel', rng: np.random.Generator) -> None:
        if not model.nu:
            raise FaultError(f'{self.name}: expected an actuator, found none in the model')
        kinds = np.concatenate([model.actuator_gaintype, model.actuator_biastype])
        if not np.isin(kinds, (_FIXED, _AFFINE)).all():
            raise FaultError(
                f'{self.name}: expected actuators with a fixed or affine gain and bias, '
                'found others in the model'
            )
        model.actuator_gainprm[:, :3] *= self.factor
        model.actuator_biasprm[:, :3] *= self.factor
        model.actuator_forcerange *= self.factor
