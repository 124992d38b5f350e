"""Reads a contract's terms from the states of many worlds at once."""

from typing import TYPE_CHECKING

import numpy as np

from liquid_control.control.contract import Contract

if TYPE_CHECKING:
    import mujoco

_FIELDS = ('position', 'velocity')


class StateReader:
    """The true values that a contract's sensed terms have, for many worlds at once.

    Args:
        model: the robot's model.
        contract: a contract whose sensed terms are positions and velocities of joints.

    Raises:
        ValueError: a term is something else, or a joint is not in the model.
    """

    def __init__(self, model: 'mujoco.MjModel', contract: Contract):
        self._columns: list[int] = []
        lower: list[float] = []
        upper: list[float] = []
        for term in contract.sensed:
            if term.components or term.field not in _FIELDS:
                raise ValueError(
                    f'{contract.source}: {term.name}: many worlds at once have positions and '
                    f'velocities of joints alone, found the field {term.field} of {term.topic}'
                )
            joints = [model.joint(name) for name in term.channels]
            velocity = term.field == 'velocity'
            self._columns += [
                model.nq + int(joint.dofadr[0]) if velocity else int(joint.qposadr[0])
                for joint in joints
            ]
            low, high = term.clip or (-np.inf, np.inf)
            lower += [low] * len(joints)
            upper += [high] * len(joints)
        self._lower, self._upper = np.array(lower), np.array(upper)
        self._clips = bool(np.isfinite([*lower, *upper]).any())

    def __call__(self, qpos: np.ndarray, qvel: np.ndarray) -> np.ndarray:
        """Values of the terms in their order, clipped: (..., nq), (..., nv) → (..., n)."""
        values = np.concatenate([qpos, qvel], axis=-1).take(self._columns, axis=-1)
        return np.clip(values, self._lower, self._upper) if self._clips else values
