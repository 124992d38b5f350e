"""What a policy reads of many simulated robots at once: joints, then faults, then its own terms."""

from typing import TYPE_CHECKING

import numpy as np

from liquid_control.control.contract import Contract
from liquid_control.control.observe import no_value
from liquid_control.faults.signals import Signal, sensed_terms, sensor_signals

if TYPE_CHECKING:
    import mujoco

TOPIC = 'joint_states'
_FIELDS = ('position', 'velocity')


def joints_alone(contract: Contract, robot: Contract) -> bool:
    """Whether all that a policy senses are positions and velocities of joints, on one topic."""
    names = {term.name for term in contract.sensed}
    terms = [*contract.sensed, *(term for term in robot.sensed if term.name in names)]
    return all(
        term.topic == TOPIC and term.field in _FIELDS and not term.components and not term.hold
        for term in terms
    )


class JointReadings:
    """Readings of the joints of N robots, for one policy.

    The n values that sensors send are those of the robot's terms that the policy asks for; the
    policy reads p of them, clipped as its contract says.

    Args:
        model: the robots' model.
        contract: what the policy asks of a robot.
        robot: complete contract of the robots.
    """

    def __init__(self, model: 'mujoco.MjModel', contract: Contract, robot: Contract):
        self._robot, self._names = robot, frozenset(term.name for term in contract.sensed)
        places: dict[tuple[str, str], int] = {}
        self._columns = []
        for _, term in sensed_terms(robot, self._names)[TOPIC]:
            for channel in term.channels:
                joint, velocity = model.joint(channel), term.field == 'velocity'
                column = model.nq + int(joint.dofadr[0]) if velocity else int(joint.qposadr[0])
                places[term.name, channel] = len(self._columns)
                self._columns.append(column)
        asked = [(term, channel) for term in contract.sensed for channel in term.channels]
        self._picked = np.array([places[term.name, channel] for term, channel in asked])
        clips = np.array([term.clip or (-np.inf, np.inf) for term, _ in asked])
        self._lower, self._upper = clips.T
        self._no_value = np.array([no_value(term.field) for term, _ in asked])

    def signal(self, scaled: bool) -> Signal:
        """What the sensors send, for faults; ``scaled`` as for :func:`sensor_signals`."""
        return sensor_signals(self._robot, self._names, scaled)[TOPIC]

    def sent(self, qpos: np.ndarray, qvel: np.ndarray) -> np.ndarray:
        """What the sensors send: (N, nq), (N, nv) → (N, n)."""
        return np.concatenate([qpos, qvel], axis=1)[:, self._columns]

    def observed(self, sent: np.ndarray) -> np.ndarray:
        """What the policy reads of it, (K, n) → (K, p) float32; an infinity stays one."""
        values = sent[:, self._picked]
        values = np.where(values == self._no_value, np.nan, values)
        below = (values < self._lower) & (values > -np.inf)
        above = (values > self._upper) & (values < np.inf)
        values = np.where(below, self._lower, np.where(above, self._upper, values))
        with np.errstate(over='ignore'):
            return values.astype(np.float32)
