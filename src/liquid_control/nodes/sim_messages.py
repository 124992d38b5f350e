"""The simulated sensors as ROS messages, filled in place."""

import array
from typing import Any

from nav_msgs.msg import Odometry
from rclpy.node import Node
from rclpy.qos import QoSProfile
from sensor_msgs.msg import Imu, JointState

from liquid_control.control.stamps import stamp_ns
from liquid_control.nodes.wire import set_stamp
from liquid_control.sim import walker2d


class SensorPublishers:
    """Publishes what :meth:`liquid_control.sim.world.World.messages` returns.

    ``all`` has its publishers; ``pace`` is that of the joint states, which come last and set the
    policy's pace.
    """

    def __init__(self, node: Node, profile: QoSProfile):
        self._imu = Imu()
        self._imu.header.frame_id = 'torso'
        self._odom = Odometry(child_frame_id='torso')
        self._odom.header.frame_id = 'odom'
        self._joints = JointState(name=list(walker2d.JOINTS))
        self._fill = {
            'imu/data': (self._fill_imu, node.create_publisher(Imu, 'imu/data', profile)),
            'odom': (self._fill_odom, node.create_publisher(Odometry, 'odom', profile)),
            'joint_states': (
                self._fill_joints,
                node.create_publisher(JointState, 'joint_states', profile),
            ),
        }
        self.pace = self._fill['joint_states'][1]
        self.all = tuple(publisher for _, publisher in self._fill.values())

    def publish(self, messages: dict[str, Any]) -> None:
        for topic, sensed in messages.items():
            fill, publisher = self._fill[topic]
            message = fill(sensed)
            set_stamp(message, stamp_ns(sensed))
            publisher.publish(message)

    def _fill_joints(self, sensed: Any) -> JointState:
        self._joints.position = array.array('d', sensed.position.tobytes())
        self._joints.velocity = array.array('d', sensed.velocity.tobytes())
        return self._joints

    def _fill_imu(self, sensed: Any) -> Imu:
        _copy(sensed.orientation, self._imu.orientation, 'xyzw')
        _copy(sensed.angular_velocity, self._imu.angular_velocity, 'xyz')
        _copy(sensed.linear_acceleration, self._imu.linear_acceleration, 'xyz')
        return self._imu

    def _fill_odom(self, sensed: Any) -> Odometry:
        _copy(sensed.pose.pose.position, self._odom.pose.pose.position, 'xyz')
        _copy(sensed.pose.pose.orientation, self._odom.pose.pose.orientation, 'xyzw')
        _copy(sensed.twist.twist.linear, self._odom.twist.twist.linear, 'xyz')
        _copy(sensed.twist.twist.angular, self._odom.twist.twist.angular, 'xyz')
        return self._odom


def _copy(source: Any, target: Any, names: str) -> None:
    for name in names:
        setattr(target, name, getattr(source, name))
