"""Sensor messages without ROS: the attributes of sensor_msgs and nav_msgs used here."""

from dataclasses import dataclass

import numpy as np


@dataclass
class Stamp:
    sec: int = 0
    nanosec: int = 0

    @classmethod
    def of(cls, stamp_ns: int) -> 'Stamp':
        return cls(*divmod(stamp_ns, 1_000_000_000))


@dataclass
class Header:
    stamp: Stamp
    frame_id: str = ''


@dataclass
class Vector:
    x: float = 0.0
    y: float = 0.0
    z: float = 0.0


@dataclass
class Quaternion:
    x: float = 0.0
    y: float = 0.0
    z: float = 0.0
    w: float = 1.0


@dataclass
class JointState:
    header: Header
    name: list[str]
    position: np.ndarray
    velocity: np.ndarray


@dataclass
class Imu:
    header: Header
    orientation: Quaternion
    angular_velocity: Vector
    linear_acceleration: Vector


@dataclass
class Pose:
    position: Vector
    orientation: Quaternion


@dataclass
class Twist:
    linear: Vector
    angular: Vector


@dataclass
class WithCovariance:
    """PoseWithCovariance or TwistWithCovariance; the covariance is not used here."""

    pose: Pose | None = None
    twist: Twist | None = None


@dataclass
class Odometry:
    header: Header
    pose: WithCovariance
    twist: WithCovariance
    child_frame_id: str = ''
