"""One Walker2d that emits messages and keeps time in stamps."""

from typing import Any

import mujoco
import numpy as np

from liquid_control.sim import walker2d
from liquid_control.sim.environment import WALKER2D
from liquid_control.sim.messages import (
    Header,
    Imu,
    JointState,
    Odometry,
    Pose,
    Quaternion,
    Stamp,
    Twist,
    Vector,
    WithCovariance,
)

FIRST_STAMP_NS = 1_000_000_000


class World:
    """Walker2d-v5 for one episode after another, with the same physics as Gymnasium's.

    ``reset`` starts an episode, ``step`` advances one control period, and ``messages`` returns the
    current sensor readings. ``episode_gap`` is the time in seconds by which the clock jumps
    between two episodes.
    """

    def __init__(self, episode_gap: float = 1.0):
        self.nominal = mujoco.MjModel.from_xml_path(str(WALKER2D.model_path()))
        self.model = self.nominal
        self.data = mujoco.MjData(self.model)
        self._torso = self.model.body('torso').id
        self._gap_ns = round(episode_gap * 1e9)
        self.stamp_ns = 0
        self.steps = 0

    def reset(self, seed: int) -> None:
        """Start an episode from the same state as Gymnasium's ``reset(seed=seed)``."""
        self.stamp_ns = self.stamp_ns + self._gap_ns if self.stamp_ns else FIRST_STAMP_NS
        self.steps = 0
        self.model = self.nominal
        mujoco.mj_resetData(self.model, self.data)
        qpos, qvel = WALKER2D.start(self.model.qpos0, self.model.nv, seed)
        self.data.qpos[:], self.data.qvel[:] = qpos, qvel
        mujoco.mj_forward(self.model, self.data)

    def use(self, model: mujoco.MjModel) -> None:
        """Go on with a model whose dynamics differ from the nominal one's, until the next reset."""
        if model is not self.model:
            self.model = model
            mujoco.mj_forward(model, self.data)

    def step(self, action: np.ndarray, length: float = 1.0) -> tuple[float, bool]:
        """Apply a torque command (6,) in [−1, 1] for one period; return reward and terminated.

        Args:
            action: the command, (6,).
            length: length of the period in nominal periods; rounded to whole physics steps, at
                least one.
        """
        substeps = max(1, round(length * walker2d.FRAME_SKIP))
        x_before = self.data.qpos[0].copy()
        self.data.ctrl[:] = action
        mujoco.mj_step(self.model, self.data, substeps)
        self.stamp_ns += substeps * walker2d.PERIOD_NS // walker2d.FRAME_SKIP
        self.steps += 1
        action = np.asarray(action, dtype=np.float64)
        healthy = WALKER2D.healthy(self.data.qpos, self.data.qvel)
        length = substeps / walker2d.FRAME_SKIP
        reward = WALKER2D.reward(x_before, self.data.qpos, healthy, action, length)
        return float(reward), not healthy

    def messages(self) -> dict[str, Any]:
        """Return topic → current reading; ``joint_states`` comes last, since it sets the pace."""
        header = Header(Stamp.of(self.stamp_ns))
        # A step ends with an integration: bring poses and velocities to the same instant as qpos.
        mujoco.mj_kinematics(self.model, self.data)
        mujoco.mj_comPos(self.model, self.data)
        mujoco.mj_comVel(self.model, self.data)
        mujoco.mj_rnePostConstraint(self.model, self.data)
        rotation, velocity = self._torso_frame(mujoco.mj_objectVelocity)
        _, acceleration = self._torso_frame(mujoco.mj_objectAcceleration)
        w, x, y, z = self.data.xquat[self._torso].tolist()
        orientation = Quaternion(x, y, z, w)
        pose = Pose(Vector(*self.data.xpos[self._torso].tolist()), orientation)
        return {
            'imu/data': Imu(header, orientation, rotation, acceleration),
            'odom': Odometry(
                header,
                WithCovariance(pose=pose),
                WithCovariance(twist=Twist(velocity, rotation)),
            ),
            'joint_states': JointState(
                header,
                list(walker2d.JOINTS),
                self.data.qpos.copy(),
                self.data.qvel.copy(),
            ),
        }

    def _torso_frame(self, measure) -> tuple[Vector, Vector]:
        """Rotational and linear part of a spatial quantity of the torso, in the torso's frame."""
        result = np.zeros(6)
        body = mujoco.mjtObj.mjOBJ_BODY
        measure(self.model, self.data, body, self._torso, result, 1)
        return Vector(*result[:3].tolist()), Vector(*result[3:].tolist())
