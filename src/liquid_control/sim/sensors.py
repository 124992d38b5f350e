"""The sensors of a simulated robot: what it publishes, on which topic."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

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
from liquid_control.sim.robot import SimulatedRobot

if TYPE_CHECKING:
    import mujoco


class Sensor:
    """One topic of a robot, read from a world of a model."""

    topic: ClassVar[str]
    type: ClassVar[str]
    """Type of its messages, such as ``sensor_msgs/msg/Imu``."""

    def __init__(self, robot: SimulatedRobot, model: 'mujoco.MjModel'):
        self._robot, self._model = robot, model

    def read(self, data: 'mujoco.MjData', stamp_ns: int) -> Any:
        """The current reading; ``data`` has poses and velocities of the same instant."""
        raise NotImplementedError


class JointSensor(Sensor):
    """Positions and velocities of all joints."""

    topic, type = 'joint_states', 'sensor_msgs/msg/JointState'

    def __init__(self, robot: SimulatedRobot, model: 'mujoco.MjModel'):
        super().__init__(robot, model)
        joints = [model.joint(name) for name in robot.joints]
        self._qpos = np.array([joint.qposadr[0] for joint in joints])
        self._qvel = np.array([joint.dofadr[0] for joint in joints])

    def read(self, data: 'mujoco.MjData', stamp_ns: int) -> JointState:
        header, names = Header(Stamp.of(stamp_ns)), list(self._robot.joints)
        return JointState(header, names, data.qpos[self._qpos], data.qvel[self._qvel])


class _BaseSensor(Sensor):
    """A sensor on the base."""

    def __init__(self, robot: SimulatedRobot, model: 'mujoco.MjModel'):
        import mujoco

        super().__init__(robot, model)
        self._body, self._frame = model.body(robot.base).id, str(robot.base)
        self._kind = mujoco.mjtObj.mjOBJ_BODY
        self._velocity = mujoco.mj_objectVelocity
        self._acceleration = mujoco.mj_objectAcceleration

    def _orientation(self, data: 'mujoco.MjData') -> Quaternion:
        w, x, y, z = data.xquat[self._body].tolist()
        return Quaternion(x, y, z, w)

    def _in_base_frame(self, measure: Callable, data: 'mujoco.MjData') -> tuple[Vector, Vector]:
        """Rotational and linear part of a spatial quantity, in the base's frame."""
        result = np.zeros(6)
        measure(self._model, data, self._kind, self._body, result, 1)
        return Vector(*result[:3].tolist()), Vector(*result[3:].tolist())


class ImuSensor(_BaseSensor):
    """Orientation, angular velocity and acceleration of the base, as an IMU reads them."""

    topic, type = 'imu/data', 'sensor_msgs/msg/Imu'

    def read(self, data: 'mujoco.MjData', stamp_ns: int) -> Imu:
        rotation, _ = self._in_base_frame(self._velocity, data)
        _, acceleration = self._in_base_frame(self._acceleration, data)
        header = Header(Stamp.of(stamp_ns), self._frame)
        return Imu(header, self._orientation(data), rotation, acceleration)


class OdometrySensor(_BaseSensor):
    """Pose of the base in the world, and its velocities in its own frame."""

    topic, type = 'odom', 'nav_msgs/msg/Odometry'

    def read(self, data: 'mujoco.MjData', stamp_ns: int) -> Odometry:
        rotation, velocity = self._in_base_frame(self._velocity, data)
        pose = Pose(Vector(*data.xpos[self._body].tolist()), self._orientation(data))
        return Odometry(
            Header(Stamp.of(stamp_ns), 'odom'),
            WithCovariance(pose=pose),
            WithCovariance(twist=Twist(velocity, rotation)),
            self._frame,
        )


def sensors_of(robot: SimulatedRobot) -> tuple[type[Sensor], ...]:
    """The sensors of a robot; that of the joints comes last, since it sets the pace."""
    if robot.base is None:
        return (JointSensor,)
    return ImuSensor, OdometrySensor, JointSensor
