"""The sensors of a simulated robot: what it publishes, on which topic."""

from dataclasses import dataclass
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


@dataclass(frozen=True)
class BaseState:
    """Pose of the base in the world; its velocities and acceleration in its own frame."""

    position: Vector
    orientation: Quaternion
    rotation: Vector
    velocity: Vector
    acceleration: Vector


class BaseReader:
    """Reads the base's state from a world, brought to the instant of its positions.

    Args:
        model: the world's model.
        body: name of the base.
    """

    def __init__(self, model: 'mujoco.MjModel', body: str):
        import mujoco

        self._body, self._kind = model.body(body).id, mujoco.mjtObj.mjOBJ_BODY
        self._mujoco = mujoco

    def __call__(self, model: 'mujoco.MjModel', data: 'mujoco.MjData') -> BaseState:
        mujoco, body = self._mujoco, self._body
        # A step ends with an integration: bring poses and velocities to the instant of qpos.
        mujoco.mj_kinematics(model, data)
        mujoco.mj_comPos(model, data)
        mujoco.mj_comVel(model, data)
        mujoco.mj_rnePostConstraint(model, data)
        moving, result = np.zeros(6), np.zeros(6)
        mujoco.mj_objectVelocity(model, data, self._kind, body, moving, 1)
        mujoco.mj_objectAcceleration(model, data, self._kind, body, result, 1)
        w, x, y, z = data.xquat[body].tolist()
        return BaseState(
            position=Vector(*data.xpos[body].tolist()),
            orientation=Quaternion(x, y, z, w),
            rotation=Vector(*moving[:3].tolist()),
            velocity=Vector(*moving[3:].tolist()),
            acceleration=Vector(*result[3:].tolist()),
        )


class Sensor:
    """One topic of a robot."""

    topic: ClassVar[str]
    type: ClassVar[str]
    """Type of its messages, such as ``sensor_msgs/msg/Imu``."""

    def __init__(self, robot: SimulatedRobot, model: 'mujoco.MjModel'):
        self._robot = robot

    def read(self, data: 'mujoco.MjData', base: BaseState | None, stamp_ns: int) -> Any:
        """The current message; ``base`` is the base's state, None if the robot has none."""
        raise NotImplementedError


class JointSensor(Sensor):
    """Positions and velocities of all joints."""

    topic, type = 'joint_states', 'sensor_msgs/msg/JointState'

    def __init__(self, robot: SimulatedRobot, model: 'mujoco.MjModel'):
        super().__init__(robot, model)
        joints = [model.joint(name) for name in robot.joints]
        self._qpos = np.array([joint.qposadr[0] for joint in joints])
        self._qvel = np.array([joint.dofadr[0] for joint in joints])

    def read(self, data: 'mujoco.MjData', base: BaseState | None, stamp_ns: int) -> JointState:
        header, names = Header(Stamp.of(stamp_ns)), list(self._robot.joints)
        return JointState(header, names, data.qpos.take(self._qpos), data.qvel.take(self._qvel))


class ImuSensor(Sensor):
    """Orientation, angular velocity and acceleration of the base, as an IMU reads them."""

    topic, type = 'imu/data', 'sensor_msgs/msg/Imu'

    def read(self, data: 'mujoco.MjData', base: BaseState | None, stamp_ns: int) -> Imu:
        assert base is not None
        header = Header(Stamp.of(stamp_ns), self._robot.base or '')
        return Imu(header, base.orientation, base.rotation, base.acceleration)


class OdometrySensor(Sensor):
    """Pose of the base in the world, and its velocities in its own frame."""

    topic, type = 'odom', 'nav_msgs/msg/Odometry'

    def read(self, data: 'mujoco.MjData', base: BaseState | None, stamp_ns: int) -> Odometry:
        assert base is not None
        return Odometry(
            Header(Stamp.of(stamp_ns), 'odom'),
            WithCovariance(pose=Pose(base.position, base.orientation)),
            WithCovariance(twist=Twist(base.velocity, base.rotation)),
            self._robot.base or '',
        )


def sensors_of(robot: SimulatedRobot) -> tuple[type[Sensor], ...]:
    """The sensors of a robot; that of the joints comes last, since it sets the pace."""
    if robot.base is None:
        return (JointSensor,)
    return ImuSensor, OdometrySensor, JointSensor
