"""Whether the policy that drives a simulation has stopped, by what it says of itself."""

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node

from liquid_control.control.topics import STATUS
from liquid_control.nodes.log_lines import TAKEN
from liquid_control.nodes.session import ASKED_TO_END


class PolicyStop:
    """Follows the status of the policy node.

    Args:
        node: the simulation.

    Attributes:
        why: why the policy has stopped driving; empty while it has not, and where a node only
            says that it goes: asked to end, or since another one has its name, as a second run
            does that has come to this ROS domain by mistake.
    """

    def __init__(self, node: Node):
        self.why = ''
        node.create_subscription(DiagnosticArray, STATUS, self._on_status, 10)

    def _on_status(self, message: DiagnosticArray) -> None:
        values = {pair.key: pair.value for status in message.status for pair in status.values}
        stopped = values.get('stopped', '')
        goes = stopped == ASKED_TO_END or TAKEN in stopped
        if values.get('active') == 'True' and not goes:
            self.why = stopped
