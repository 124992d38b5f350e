"""The commands that reach the simulation: what is held, and whether an observation is answered."""

import math
import time
from collections.abc import Iterable
from typing import Any

import numpy as np
from rclpy.node import Node
from rclpy.qos import QoSProfile
from std_msgs.msg import Header

from liquid_control.control.commands import CommandError, command_reader
from liquid_control.control.contract import Contract
from liquid_control.control.pace import AnsweredPace
from liquid_control.control.stamps import time_ns
from liquid_control.control.topics import DROPPED
from liquid_control.nodes.wire import message_type


class SimCommands:
    """Holds the last command, and knows whether the current observation is answered.

    An observation is answered by a command with its stamp, or with none; a sample that the fault
    node withheld from a topic that the policy reads excuses a missing command. So does the pace of
    the readings: of those faster than the contract's rate, a policy leaves out some on purpose.

    Args:
        node: the simulation.
        robot: contract of the robot.
        read: topics that the policy reads.
        profile: quality of service of commands.
        thin: whether the policy leaves out readings that come faster than its rate.
        trained: elapsed times of its training, see :attr:`Bundle.trained_elapsed`.

    Attributes:
        held: the command in force, inside the limits, (m,).
    """

    def __init__(
        self,
        node: Node,
        robot: Contract,
        read: Iterable[str],
        profile: QoSProfile,
        thin: bool,
        trained: tuple[float, float] | None,
    ):
        self._node, self._topic, self._read = node, robot.action.topic, frozenset(read)
        action, self._reader = robot.action, command_reader(robot)
        self._safe = np.array(action.safe)
        self._lower, self._upper = np.array(action.lower), np.array(action.upper)
        self.held = self._safe.copy()
        self._sent_ns = self._stamp_ns = 0
        self._published_at = 0.0
        self._answered_at: float | None = None
        self._heard_at = time.monotonic()
        self._excused = False
        self._used = AnsweredPace(robot, thin, trained)
        kind = message_type(self._reader.kind)
        node.create_subscription(kind, self._topic, self._on_command, profile)
        node.create_subscription(Header, DROPPED, self._on_dropped, profile)

    def restart(self) -> None:
        """Hold the safe command: an episode begins."""
        self.held = self._safe.copy()

    def expect(self, stamp_ns: int, arriving_ns: int) -> None:
        """Expect an answer to the observation that is about to be published.

        Args:
            stamp_ns: its stamp.
            arriving_ns: the stamp with which it reaches the policy, another if a fault of the
                sensors makes stamps wrong.
        """
        self._sent_ns, self._stamp_ns = stamp_ns, arriving_ns
        self._published_at = time.monotonic()
        self._answered_at, self._excused = None, False
        self._used.expect(arriving_ns)

    @property
    def published_at(self) -> float:
        """When the current observation was published, on the monotonic clock in s."""
        return self._published_at

    @property
    def late(self) -> bool:
        """Whether a command is missing that was due."""
        return not self.settled() and self._used.due()

    @property
    def latency(self) -> float:
        """Seconds from the observation to its command; NaN if there is none."""
        return math.nan if self._answered_at is None else self._answered_at - self._published_at

    @property
    def silent_s(self) -> float:
        """Seconds since the last command arrived, whichever observation it answers."""
        return time.monotonic() - self._heard_at

    def settled(self) -> bool:
        """Whether nothing more is awaited: there is a command, or none can come."""
        return self._answered_at is not None or self._excused

    def _on_command(self, message: Any) -> None:
        try:
            values = self._reader.read(message)
        except CommandError as error:
            self._node.get_logger().error(
                f'{self._topic}: refused: {error}', throttle_duration_sec=1.0
            )
            return
        self._heard_at = time.monotonic()
        self.held = np.clip(values, self._lower, self._upper)
        stamp = self._reader.answered(message)
        self._used.answered(self._stamp_ns if stamp is None else stamp)
        if stamp in (None, self._stamp_ns) and self._answered_at is None:
            self._answered_at = time.monotonic()
            self._excused = False

    def _on_dropped(self, message: Header) -> None:
        if message.frame_id in self._read and time_ns(message.stamp) == self._sent_ns:
            self._excused = True
