"""One policy in a node, with everything of it that is no part of the ROS graph."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sensor_msgs.msg import JointState

from liquid_control.control.commands import command_codec, command_reader
from liquid_control.control.contract import Contract
from liquid_control.control.controller import Command, Controller
from liquid_control.control.elapsed import MEASURED
from liquid_control.control.gate import Reason
from liquid_control.control.observe import ObservationError, Observer
from liquid_control.control.runtime import PolicyRunner
from liquid_control.control.topics import FLOAT64_MULTI_ARRAY
from liquid_control.message_types import require_fields
from liquid_control.nodes.overload import Overload
from liquid_control.nodes.policy_status import PolicyStatus
from liquid_control.nodes.rate_monitor import RateMonitor
from liquid_control.nodes.rehearsal import Rehearsal
from liquid_control.nodes.sent_commands import SentCommands
from liquid_control.nodes.wire import message_type, set_stamp


class HostTopics(NamedTuple):
    """Where a hosted policy publishes; ``~`` is the name of its host."""

    command: str
    prediction: str = '~/prediction'
    status: str = '~/status'


class HostedPolicy:
    """Bundle, observer, controller, rehearsal, monitors, messages and topics of one policy.

    Args:
        robot_path: the robot's contract.
        policy_path: the bundle.
        name: full name of the node, for the status.
        shadow: whether somebody else drives.
        rate_tolerance: share by which the rate of the readings may differ from the contract's.
        elapsed: as for :class:`Controller`.
        thin: the same.

    Raises:
        ContractError: the contract's commands are of a type that cannot be sent or, in the shadow,
            read.
        BundleError, ContractError: as :class:`PolicyRunner`, :class:`Controller` and
            :func:`require_fields`.
    """

    def __init__(
        self,
        robot_path: Path,
        policy_path: Path,
        name: str,
        shadow: bool,
        rate_tolerance: float,
        elapsed: str = MEASURED,
        thin: bool = True,
    ):
        self.name = policy_path.stem
        self.robot = robot = Contract.load(robot_path)
        sent = command_reader(robot) if shadow else None
        self.codec = codec = command_codec(robot, FLOAT64_MULTI_ARRAY if shadow else None)
        self.runner = runner = PolicyRunner(policy_path)
        self.controller = Controller(runner, robot, elapsed=elapsed, thin=thin)
        require_fields(robot, live=True)
        runner.warm_up()
        self.contract = runner.contract.on(robot)
        self.sent = SentCommands(self.controller, sent) if sent else None
        self.topics = HostTopics('~/command' if shadow else robot.action.topic)
        self.rehearsal = Rehearsal(runner, robot, codec)
        self.status = PolicyStatus(name, self.controller)
        self.rate = RateMonitor(next(iter(self.contract.topics)), robot.rate, rate_tolerance)
        self.overload = Overload(1.0 / robot.rate)
        self._observer = Observer(self.contract)
        self._command, self._safe = (codec.empty(message_type) for _ in range(2))
        self._expected = JointState(name=list(self.contract.sensed_channels))

    @property
    def joints(self) -> dict[str, frozenset[str]]:
        """Topic → the names that are read from its messages."""
        return {
            topic: frozenset(
                name for term in self.contract.sensed if term.topic == topic
                for name in term.channels
            )
            for topic in self.contract.topics
        }  # fmt: skip

    def take(self, topic: str, message: Any) -> tuple[int, np.ndarray] | None:
        """Take in a message; return stamp and values once an observation is complete.

        Raises:
            ObservationError: the message lacks something that the contract asks for; counted.
        """
        try:
            observed = self._observer.update(topic, message)
        except ObservationError:
            self.controller.events['messages_refused'] += 1
            raise
        self.rehearsal.learn(topic, message)
        return observed

    def answer(self, stamp_ns: int, values: np.ndarray, age: Callable[[], float]) -> Command:
        """Answer an observation, as :meth:`Controller.step`."""
        command = self.controller.step(stamp_ns, values, age)
        if self.sent is not None:
            self.sent.answered(stamp_ns)
        return command

    def command(self, command: Command) -> Any:
        """The message for a command.

        One that follows from the node's clock answers no observation: a replay could not know.
        """
        clock = command.reasons & Reason.OFF_THE_CLOCK
        stamp = 0 if clock else command.stamp_ns
        return self.codec.fill(self._command, stamp, command.action)

    def safe(self) -> Any:
        """The message of the safe action; it answers no observation."""
        return self.codec.fill(self._safe, 0, self.controller.gate.safe)

    def expected(self, stamp_ns: int, prediction: np.ndarray) -> JointState:
        """The message for what is expected after the observation of a stamp, (p,)."""
        set_stamp(self._expected, stamp_ns + self.contract.period_ns)
        self._expected.position = prediction.astype(float).tolist()
        return self._expected
