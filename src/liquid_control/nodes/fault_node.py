"""fault_node: sits between the sensors and the policy, and injects seeded faults.

Reads the topics in the robot's contract, republishes them under ``faulty/``, and reports on
``~/dropped`` which samples it withheld, so that a simulation in lockstep need not wait for them.
"""

import sys
from functools import partial
from typing import Any

from rclpy.node import Node
from std_msgs.msg import Header

from liquid_control import paths
from liquid_control.control.contract import Contract
from liquid_control.control.observe import ObservationError
from liquid_control.control.topics import faulty
from liquid_control.faults import FaultError, FaultInjector, SensorFault, of_kind, parse
from liquid_control.nodes.parameters import Parameters
from liquid_control.nodes.session import Session, run_process
from liquid_control.nodes.wire import message_type, qos


class FaultNode(Node):
    """Injects faults into every sensor message that passes."""

    def __init__(self):
        super().__init__('fault')
        declare = Parameters(self)
        robot = declare.get('robot', 'walker2d', 'Contract: a name, or a path to its YAML.')
        spec = declare.get('fault', 'none', 'Faults; those of sensors act here.')
        seed = declare.get('seed', 0, 'Seed of the faults.', low=0)
        lockstep = declare.get('lockstep', False, 'The simulation waits for every command.')
        self.priority = declare.priority()
        declare.done()
        self._contract = Contract.load(paths.robot(robot))
        faults = parse(spec)
        if faults and not of_kind(faults, SensorFault):
            raise FaultError(f'fault: expected at least one sensor fault, found {spec}')
        self._injector = FaultInjector(self._contract, faults, seed)
        self._lockstep = lockstep

    def open(self) -> None:
        """Begin; call only once it is known that no other node does the same."""
        profile = qos(lockstep=self._lockstep, reliable=True, depth=10)
        self._dropped = self.create_publisher(Header, '~/dropped', profile)
        sensors = qos(lockstep=self._lockstep, reliable=False, depth=1)
        for topic, republished in faulty(self._contract.topics).items():
            kind = message_type(self._contract.topics[topic])
            publisher = self.create_publisher(kind, republished, profile)
            receive = partial(self._on_message, topic, publisher)
            self.create_subscription(kind, topic, receive, sensors)

    def _on_message(self, topic: str, publisher: Any, message: Any) -> None:
        try:
            delivered = self._injector.apply(topic, message)
        except ObservationError as error:
            self.get_logger().error(f'passed on unchanged: {error}', throttle_duration_sec=1.0)
            delivered = True
        if delivered:
            publisher.publish(message)
        else:
            self._dropped.publish(Header(stamp=message.header.stamp, frame_id=topic))


def _work(session: Session) -> int:
    session.require_alone()
    session.raise_priority(session.node.priority)
    session.node.open()
    while not session.stopping:
        session.spin_once()
    return 0


def main() -> int:
    """Entry point of the executable."""
    return run_process(FaultNode, _work)


if __name__ == '__main__':
    sys.exit(main())
