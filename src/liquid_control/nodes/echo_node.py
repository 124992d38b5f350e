"""echo_node: the least that a node can do between a sensor and a command.

It takes and answers with the same message types as the policy node, on the same executor, but
without a policy: the yardstick of ``liquid-control benchmark latency``.
"""

import array
import sys

from rclpy.node import Node
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray, MultiArrayDimension

from liquid_control.nodes.session import Session, run_process
from liquid_control.nodes.wire import qos

_JOINTS = 6


class EchoNode(Node):
    """Answers every ``joint_states`` with a constant ``commands``."""

    def __init__(self):
        super().__init__('echo')
        self._answer = Float64MultiArray(data=array.array('d', [0.0] * _JOINTS))
        self._answer.layout.dim = [MultiArrayDimension(label='', size=_JOINTS, stride=_JOINTS)]
        profile = qos(lockstep=False, reliable=True, depth=1)
        self._commands = self.create_publisher(Float64MultiArray, 'commands', profile)
        sensors = qos(lockstep=False, reliable=False, depth=1)
        self.create_subscription(JointState, 'joint_states', self._on_message, sensors)

    def _on_message(self, message: JointState) -> None:
        stamp = message.header.stamp
        self._answer.layout.dim[0].label = str(stamp.sec * 1_000_000_000 + stamp.nanosec)
        self._commands.publish(self._answer)


def _work(session: Session) -> int:
    while not session.stopping:
        session.spin_once()
    return 0


def main() -> int:
    """Entry point of the executable."""
    return run_process(EchoNode, _work)


if __name__ == '__main__':
    sys.exit(main())
