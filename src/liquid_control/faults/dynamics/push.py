"""Pushes."""

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from liquid_control.faults.kinds import DynamicsFault
from liquid_control.faults.model_parts import base
from liquid_control.faults.schedules import Burst, Schedule, schedule_check
from liquid_control.faults.settings import FaultError, setting

if TYPE_CHECKING:
    from mujoco import MjModel

_FAR = 1e9
"""Distance of a spring's rest position, m: over a robot's way, its force stays the same."""


@dataclass(frozen=True)
class Push(DynamicsFault):
    """A horizontal force pushes the base, in a direction drawn for each push.

    By default a push lasts 12 control periods and comes once in every 250, at a random time;
    another schedule says otherwise: ``push:50/burst:25:500``. A base on rails is pushed forwards or
    backwards, a free one in any direction.

    The force is that of a weak spring to a point far away, so that it is part of the model, in one
    world as in many.

    Attributes:
        force: force in N.
    """

    name: ClassVar[str] = 'push'
    about: ClassVar[str] = 'pushes of the base, in N'
    graded: ClassVar[bool] = True

    force: float = setting(50.0, 0.0, 100_000.0, neutral=0.0)
    schedule: Schedule | None = dataclasses.field(
        default=Burst(12, 250), kw_only=True, metadata=schedule_check()
    )

    def change(self, model: 'MjModel', rng: np.random.Generator) -> None:
        import mujoco

        angle = rng.uniform(0.0, 2.0 * np.pi)
        pushed, index = False, base(model, self.name)
        first = model.body_jntadr[index]
        for joint in range(first, first + model.body_jntnum[index]):
            kind, start = model.jnt_type[joint], model.jnt_qposadr[joint]
            if kind == mujoco.mjtJoint.mjJNT_FREE:
                self._pull(model, joint, start, np.cos(angle))
                self._pull(model, joint, start + 1, np.sin(angle))
                return
            if kind == mujoco.mjtJoint.mjJNT_SLIDE and abs(model.jnt_axis[joint, 2]) < 0.5:
                self._pull(model, joint, start, np.sign(np.cos(angle)))
                pushed = True
        if not pushed:
            raise FaultError(f'{self.name}: expected a base that can move horizontally')

    def _pull(self, model: 'MjModel', joint: int, position: int, part: float) -> None:
        """Add a constant force along one coordinate of a joint."""
        if not model.jnt_stiffness[joint]:
            model.jnt_stiffness[joint] = self.force / _FAR
        if self.force:
            model.qpos_spring[position] += part * self.force / model.jnt_stiffness[joint]
