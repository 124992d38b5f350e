"""Another mass of a body."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from liquid_control.control.schema import unknown
from liquid_control.faults.fault import FaultError, name_setting, setting
from liquid_control.faults.kinds import DynamicsFault

if TYPE_CHECKING:
    from mujoco import MjModel


@dataclass(frozen=True)
class Mass(DynamicsFault):
    """A body is of another density: its mass and its inertia are the same multiple of the model's.

    Attributes:
        factor: mass relative to the model's.
        body: name of the body in the MuJoCo model.
    """

    name: ClassVar[str] = 'mass'
    about: ClassVar[str] = "scales a body's mass"

    factor: float = setting(1.3, 0.01, 100.0)
    body: str = name_setting('torso', 'body')

    def change(self, model: 'MjModel', rng: np.random.Generator) -> None:
        bodies = {model.body(index).name: index for index in range(1, model.nbody)}
        if self.body not in bodies:
            raise FaultError(f'{self.name}: {unknown("body", self.body, bodies)}')
        index = bodies[self.body]
        model.body_mass[index] *= self.factor
        model.body_inertia[index] *= self.factor
