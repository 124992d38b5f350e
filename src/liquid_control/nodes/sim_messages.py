"""The simulated sensors as ROS messages, filled in place."""

import array
from typing import Any

from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile

from liquid_control.control.stamps import stamp_ns
from liquid_control.nodes.wire import message_type, set_stamp
from liquid_control.sim import SimulatedRobot
from liquid_control.sim.sensors import ImuSensor, JointSensor, OdometrySensor, sensors_of


class SensorPublishers:
    """Publishes what :meth:`liquid_control.sim.world.World.messages` returns.

    ``all`` has its publishers; ``pace`` is that of the joint states, which come last and set the
    policy's pace.
    """

    def __init__(self, node: Node, robot: SimulatedRobot, profile: QoSProfile):
        self._publishers: dict[str, Publisher] = {}
        self._messages: dict[str, Any] = {}
        self._fill = {}
        for sensor in sensors_of(robot):
            kind = message_type(sensor.type)
            self._publishers[sensor.topic] = node.create_publisher(kind, sensor.topic, profile)
            self._messages[sensor.topic] = kind()
            self._fill[sensor.topic] = _FILL[sensor.type]
        self.pace = self._publishers[JointSensor.topic]
        self.all = tuple(self._publishers.values())

    def publish(self, messages: dict[str, Any]) -> None:
        for topic, sensed in messages.items():
            message = self._messages[topic]
            message.header.frame_id = sensed.header.frame_id
            self._fill[topic](sensed, message)
            set_stamp(message, stamp_ns(sensed))
            self._publishers[topic].publish(message)


def _fill_joints(sensed: Any, message: Any) -> None:
    if not message.name:
        message.name = sensed.name
    message.position = array.array('d', sensed.position.tobytes())
    message.velocity = array.array('d', sensed.velocity.tobytes())


def _fill_imu(sensed: Any, message: Any) -> None:
    _copy(sensed.orientation, message.orientation, 'xyzw')
    _copy(sensed.angular_velocity, message.angular_velocity, 'xyz')
    _copy(sensed.linear_acceleration, message.linear_acceleration, 'xyz')


def _fill_odometry(sensed: Any, message: Any) -> None:
    message.child_frame_id = sensed.child_frame_id
    _copy(sensed.pose.pose.position, message.pose.pose.position, 'xyz')
    _copy(sensed.pose.pose.orientation, message.pose.pose.orientation, 'xyzw')
    _copy(sensed.twist.twist.linear, message.twist.twist.linear, 'xyz')
    _copy(sensed.twist.twist.angular, message.twist.twist.angular, 'xyz')


def _copy(source: Any, target: Any, names: str) -> None:
    for name in names:
        setattr(target, name, getattr(source, name))


_FILL = {
    JointSensor.type: _fill_joints,
    ImuSensor.type: _fill_imu,
    OdometrySensor.type: _fill_odometry,
}
