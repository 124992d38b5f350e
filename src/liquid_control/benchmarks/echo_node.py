"""echo_node: the least that a node can do between a sensor and a command.

It takes and answers with the same message types as the policy node, on the same executor, but
without a policy: the yardstick of ``liquid-control benchmark latency``.
"""

import sys
from typing import Any

import numpy as np
from rclpy.node import Node

from liquid_control import paths
from liquid_control.control.bundle import Bundle
from liquid_control.control.commands import command_codec
from liquid_control.control.contract import Contract
from liquid_control.control.stamps import stamp_ns
from liquid_control.nodes.parameters import Parameters
from liquid_control.nodes.session import Session, run_process
from liquid_control.nodes.wire import message_type, qos


class EchoNode(Node):
    """Answers every message that sets the pace with a constant command."""

    def __init__(self):
        super().__init__('echo')
        declare = Parameters(self)
        robot = declare.get('robot', 'walker2d', 'Contract: a name, or a path to its YAML.')
        policy = declare.get('policy', 'cfc', 'Bundle whose topics are read.')
        self.priority = declare.priority()
        declare.done()
        path = paths.robot(robot)
        contract = Bundle.read(paths.policy(policy, path)).contract.on(Contract.load(path))
        self._codec = command_codec(contract)
        self._answer = self._codec.empty(message_type)
        self._action = np.array(contract.action.safe)
        profile = qos(lockstep=False, reliable=True, depth=1)
        kind = message_type(self._codec.kind)
        self._commands = self.create_publisher(kind, contract.action.topic, profile)
        sensors = qos(lockstep=False, reliable=False, depth=1)
        pace, *others = contract.topics.items()
        self.create_subscription(message_type(pace[1]), pace[0], self._on_message, sensors)
        for topic, kind in others:
            self.create_subscription(message_type(kind), topic, _ignore, sensors)

    def _on_message(self, message: Any) -> None:
        answer = self._codec.fill(self._answer, stamp_ns(message), self._action)
        self._commands.publish(answer)


def _ignore(message: Any) -> None:
    """Only what sets the pace is answered."""


def _work(session: Session[EchoNode]) -> int:
    session.raise_priority(session.node.priority)
    while not session.stopping:
        session.spin_once()
    return 0


def main() -> int:
    """Entry point of the executable."""
    return run_process(EchoNode, _work)


if __name__ == '__main__':
    sys.exit(main())
