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
        body: name of the body in the MuJoCo model; None: the robot's base, that is, of the bodies
            that move relative to the world alone the one that carries the largest mass.
    """

    name: ClassVar[str] = 'mass'
    about: ClassVar[str] = "scales a body's mass"

    factor: float = setting(1.3, 0.01, 100.0)
    body: str | None = name_setting(None, 'body', otherwise='the base')

    def change(self, model: 'MjModel', rng: np.random.Generator) -> None:
        index = _base(model) if self.body is None else self._named(model, self.body)
        model.body_mass[index] *= self.factor
        model.body_inertia[index] *= self.factor

    def _named(self, model: 'MjModel', body: str) -> int:
        bodies = {model.body(index).name: index for index in range(1, model.nbody)}
        if body not in bodies:
            raise FaultError(f'{self.name}: {unknown("body", body, bodies)}')
        return bodies[body]


def _base(model: 'MjModel') -> int:
    """Index of the moving body without a moving parent whose subtree has the largest mass.

    Raises:
        FaultError: nothing moves.
    """
    moves = np.asarray(model.body_weldid) != 0
    bases = np.flatnonzero(moves & ~moves[model.body_parentid])
    if not bases.size:
        raise FaultError('mass: expected a body that moves, found none in the model')
    return int(bases[np.argmax(model.body_subtreemass[bases])])
