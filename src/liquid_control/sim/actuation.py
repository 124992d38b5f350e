"""How a command becomes a force: through the model's own actuators, or through position gains."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    import mujoco


class Actuation(Protocol):
    """Sets up the actuators of a model."""

    def apply(self, model: 'mujoco.MjModel', actuated: Sequence[str]) -> None:
        """Change a model's actuators in place; ``actuated`` names the joint of each."""
        ...


@dataclass(frozen=True)
class Direct:
    """A command is the control of the model's own actuators, for example a share of torque."""

    def apply(self, model: 'mujoco.MjModel', actuated: Sequence[str]) -> None:
        """Leave the model as it is."""


@dataclass(frozen=True)
class PositionGains:
    """A command is a joint position, which a PD controller follows at the physics rate.

    The force is ``stiffness · (command − position) − damping · velocity``, inside the force that
    the model's own actuator can give.
    """

    stiffness: dict[str, float]
    """Joint → N·m/rad or N/m."""
    damping: dict[str, float]
    """Joint → N·m·s/rad or N·s/m."""

    def apply(self, model: 'mujoco.MjModel', actuated: Sequence[str]) -> None:
        """Turn each actuator into a PD controller.

        Raises:
            ValueError: a gain names no actuated joint, or an actuated joint has no gain.
        """
        import mujoco

        for name in ('stiffness', 'damping'):
            found = sorted(getattr(self, name))
            if found != sorted(actuated):
                raise ValueError(
                    f'actuation: {name}: expected one for each of {", ".join(sorted(actuated))}, '
                    f'found {", ".join(found) or "none"}'
                )
        stiffness = np.array([self.stiffness[joint] for joint in actuated])
        limited = (model.actuator_ctrllimited == 1) & (model.actuator_forcelimited == 0)
        strength = model.actuator_gear[:, :1] * model.actuator_gainprm[:, :1]
        force = model.actuator_ctrlrange * strength
        model.actuator_forcerange[limited] = force[limited]
        model.actuator_forcelimited[limited] = 1
        model.actuator_ctrllimited[:] = 0
        model.actuator_dyntype[:] = mujoco.mjtDyn.mjDYN_NONE
        model.actuator_gaintype[:] = mujoco.mjtGain.mjGAIN_FIXED
        model.actuator_biastype[:] = mujoco.mjtBias.mjBIAS_AFFINE
        model.actuator_gear[:] = 0.0
        model.actuator_gear[:, 0] = 1.0
        model.actuator_gainprm[:], model.actuator_biasprm[:] = 0.0, 0.0
        model.actuator_gainprm[:, 0] = stiffness
        model.actuator_biasprm[:, 1] = -stiffness
        model.actuator_biasprm[:, 2] = [-self.damping[joint] for joint in actuated]
