"""Another mass of bodies."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from liquid_control.control.schema import unknown
from liquid_control.faults.kinds import DynamicsFault
from liquid_control.faults.model_parts import base
from liquid_control.faults.settings import FaultError, name_setting, setting

if TYPE_CHECKING:
    from mujoco import MjModel


@dataclass(frozen=True)
class Mass(DynamicsFault):
    """Bodies of another density: their mass and inertia are the same multiple of the model's.

    Attributes:
        factor: mass relative to the model's.
        body: name of the body in the MuJoCo model, or of several by a pattern, such as ``thigh*``;
            None: the robot's base, that is, of the bodies that move relative to the world alone
            the one that carries the largest mass.
    """

    name: ClassVar[str] = 'mass'
    about: ClassVar[str] = 'scales masses'
    graded: ClassVar[bool] = True

    factor: float = setting(1.3, 0.01, 100.0, neutral=1.0)
    body: str | None = name_setting(None, 'body', otherwise='the base')

    def change(self, model: 'MjModel', rng: np.random.Generator) -> None:
        bodies = [base(model, self.name)] if self.body is None else self._named(model, self.body)
        model.body_mass[bodies] *= self.factor
        model.body_inertia[bodies] *= self.factor

    def _named(self, model: 'MjModel', pattern: str) -> list[int]:
        bodies = {model.body(index).name: index for index in range(1, model.nbody)}
        found = [index for name, index in bodies.items() if fnmatchcase(name, pattern)]
        if not found:
            raise FaultError(f'{self.name}: {unknown("body", pattern, bodies)}')
        return found
