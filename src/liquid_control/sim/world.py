"""One simulated robot that emits messages and keeps time in stamps."""

from typing import Any

import mujoco
import numpy as np

from liquid_control.control.contract import Contract
from liquid_control.sim.robot import SimulatedRobot
from liquid_control.sim.sensors import BaseReader, sensors_of

FIRST_STAMP_NS = 1_000_000_000
_GAP_S = 1.0
"""How much longer than ``max_gap`` the clock jumps between two episodes, s."""


class World:
    """One robot for one episode after another, with the same physics as Gymnasium's.

    ``reset`` starts an episode, ``step`` advances one control period, and ``messages`` returns the
    current sensor readings. The clock jumps between two episodes, by a gap after which every
    memory starts anew.

    Args:
        robot: what is simulated.
        contract: the contract whose actions it takes; by default the robot's own.
        model: a model with changed dynamics, from :meth:`SimulatedRobot.load_model`.

    Raises:
        MissingModuleError: Gymnasium's model files are not installed.
        ValueError: the model lacks what the description names.
    """

    def __init__(
        self,
        robot: SimulatedRobot,
        contract: Contract | None = None,
        model: mujoco.MjModel | None = None,
    ):
        self.robot = robot
        self.nominal = robot.load_model() if model is None else model
        self.model = self.nominal
        self.data = mujoco.MjData(self.model)
        contract = robot.contract() if contract is None else contract
        self._controls = controls(robot, contract)
        self._gap_ns = round((contract.max_gap + _GAP_S) * 1e9)
        self._base = None if robot.base is None else BaseReader(self.model, robot.base)
        self._sensors = [kind(robot, self.model) for kind in sensors_of(robot)]
        self.stamp_ns = self._begun_ns = 0
        self.steps = 0

    def reset(self, seed: int) -> None:
        """Start an episode from the same state as Gymnasium's ``reset(seed=seed)``."""
        self.stamp_ns = self.stamp_ns + self._gap_ns if self.stamp_ns else FIRST_STAMP_NS
        self._begun_ns = self.stamp_ns
        self.steps = 0
        self.model = self.nominal
        mujoco.mj_resetData(self.model, self.data)
        qpos, qvel = self.robot.start.draw(self.model.qpos0, self.model.nv, seed)
        self.data.qpos[:], self.data.qvel[:] = qpos, qvel
        mujoco.mj_forward(self.model, self.data)

    def use(self, model: mujoco.MjModel) -> None:
        """Go on with a model whose dynamics differ from the nominal one's, until the next reset."""
        if model is not self.model:
            self.model = model
            mujoco.mj_forward(model, self.data)

    def passed(self, by_clock: bool) -> float:
        """How much of an episode has passed.

        Args:
            by_clock: whether to return its time in nominal periods, else the number of its periods.
        """
        if by_clock:
            return (self.stamp_ns - self._begun_ns) / self.robot.period_ns
        return self.steps

    def whole(self, length: float) -> float:
        """Round the length of a period to whole physics steps, at least one."""
        return max(1, round(length * self.robot.frame_skip)) / self.robot.frame_skip

    def step(self, action: np.ndarray, length: float = 1.0) -> tuple[float, bool]:
        """Apply a command for one period; return the reward and whether the robot has fallen.

        Args:
            action: the command, one value for each joint of the contract's action, (m,).
            length: length of the period in nominal periods; rounded to whole physics steps, at
                least one.
        """
        robot, data = self.robot, self.data
        substeps = round(self.whole(length) * robot.frame_skip)
        before = data.qpos.copy()
        data.ctrl[self._controls] = action
        mujoco.mj_step(self.model, data, substeps)
        self.stamp_ns += substeps * robot.step_ns
        self.steps += 1
        action = np.asarray(action, dtype=np.float64)
        fallen = robot.task.fallen(data.qpos, data.qvel)
        length = substeps / robot.frame_skip
        reward = robot.task.reward(before, data.qpos, fallen, action, robot.period_s, length)
        return float(reward), bool(fallen)

    def messages(self) -> dict[str, Any]:
        """Return topic → current reading; ``joint_states`` comes last, since it sets the pace."""
        base = None if self._base is None else self._base(self.model, self.data)
        stamp = self.stamp_ns
        return {sensor.topic: sensor.read(self.data, base, stamp) for sensor in self._sensors}


def controls(robot: SimulatedRobot, contract: Contract) -> np.ndarray:
    """Index of the actuator that each value of a contract's action commands, (m,)."""
    return np.array([robot.actuated.index(joint) for joint in contract.action.joints])
