"""A stand-in for your robot: an arm of two joints, 100 readings a second, torque commands.

``arm.py --record FOLDER`` writes twenty seconds as a bag, without ROS. ``arm.py`` runs as a ROS 2
node until Ctrl-C: driven by its own controller, or with ``--obey`` by what comes on ``commands``.
Its own controller moves both joints to and fro; without commands for 0.1 s its torque is zero.
"""

import argparse
import math
from pathlib import Path

import numpy as np

JOINTS = ['shoulder', 'elbow']
PERIOD_S = 0.01
_INERTIA = np.array([0.5, 0.2])
_GRAVITY = np.array([3.0, 0.8])
_DAMPING = np.array([1.0, 0.4])
_SUBSTEPS = 10
_START_NS = 1_790_000_000_000_000_000


class Arm:
    """Two hanging links that do not feel each other; positions in rad, 0 hangs down."""

    def __init__(self):
        self.position, self.velocity = np.array([0.6, -0.4]), np.zeros(2)

    def step(self, torque: np.ndarray) -> None:
        """Move for one period under constant torques (2,) in N m."""
        for _ in range(_SUBSTEPS):
            force = torque - _GRAVITY * np.sin(self.position) - _DAMPING * self.velocity
            self.velocity = self.velocity + force / _INERTIA * PERIOD_S / _SUBSTEPS
            self.position = self.position + self.velocity * PERIOD_S / _SUBSTEPS

    def own_torque(self, time_s: float) -> np.ndarray:
        """What the arm's own controller asks for, (2,) in N m."""
        target = np.array([0.8 * math.sin(1.5 * time_s), 0.5 * math.sin(2.3 * time_s)])
        return 8.0 * (target - self.position) - 0.5 * self.velocity


def record(folder: Path, seconds: float = 20.0) -> None:
    """Write a bag of the arm as its own controller drives it."""
    from rosbags.rosbag2 import StoragePlugin, Writer
    from rosbags.typesys import Stores, get_typestore

    store = get_typestore(Stores.ROS2_KILTED)
    types, arm = store.types, Arm()
    kinds = {
        'joint_states': 'sensor_msgs/msg/JointState',
        'commands': 'std_msgs/msg/Float64MultiArray',
    }
    layout = types['std_msgs/msg/MultiArrayLayout']([], 0)
    with Writer(folder, version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        topics = {t: writer.add_connection(t, kind, typestore=store) for t, kind in kinds.items()}
        for number in range(round(seconds / PERIOD_S)):
            torque = arm.own_torque(number * PERIOD_S)
            stamp_ns = _START_NS + round(number * PERIOD_S * 1e9)
            stamp = types['builtin_interfaces/msg/Time'](*divmod(stamp_ns, 10**9))
            header = types['std_msgs/msg/Header'](stamp, '')
            state = types[kinds['joint_states']](
                header, JOINTS, arm.position, arm.velocity, np.zeros(0)
            )
            command = types[kinds['commands']](layout, torque)
            for topic, message, delay_ns in (
                ('joint_states', state, 0), ('commands', command, 500_000),
            ):  # fmt: skip
                data = store.serialize_cdr(message, kinds[topic])
                writer.write(topics[topic], stamp_ns + delay_ns, data)
            arm.step(torque)


def run(obey: bool) -> None:
    """Run the arm as a ROS 2 node."""
    import rclpy
    from rclpy.signals import SignalHandlerOptions
    from sensor_msgs.msg import JointState
    from std_msgs.msg import Float64MultiArray

    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    node, arm, received = rclpy.create_node('arm'), Arm(), {'torque': np.zeros(2), 'age': 1.0}
    states = node.create_publisher(JointState, 'joint_states', 10)
    commands = node.create_publisher(Float64MultiArray, 'commands', 10)

    def take(message: Float64MultiArray) -> None:
        received.update(torque=np.array(message.data), age=0.0)

    def tick() -> None:
        now = node.get_clock().now()
        if obey:
            torque = received['torque'] if received['age'] < 0.1 else np.zeros(2)
            received['age'] += PERIOD_S
        else:
            torque = arm.own_torque(now.nanoseconds * 1e-9)
            commands.publish(Float64MultiArray(data=torque.tolist()))
        arm.step(torque)
        message = JointState(name=JOINTS, position=arm.position.tolist())
        message.velocity = arm.velocity.tolist()
        message.header.stamp = node.get_clock().now().to_msg()
        states.publish(message)

    if obey:
        node.create_subscription(Float64MultiArray, 'commands', take, 1)
    node.create_timer(PERIOD_S, tick)
    try:
        rclpy.spin(node)
    except KeyboardInterrupt:
        print(f'the arm is at {np.round(arm.position, 3)} rad')


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--record', type=Path, metavar='FOLDER', help='write a bag')
    parser.add_argument('--obey', action='store_true', help='take commands instead of its own')
    args = parser.parse_args()
    if args.record:
        record(args.record)
    else:
        run(args.obey)
