"""From a message to a command: what a policy node does with every reading."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from rclpy.node import Node
from rclpy.publisher import Publisher

from liquid_control.control.gate import Reason
from liquid_control.control.stamps import IncompleteError, ObservationError
from liquid_control.nodes.hosted_policy import HostedPolicy
from liquid_control.nodes.neighbours import Neighbours
from liquid_control.nodes.node_clock import NodeClock
from liquid_control.nodes.outlet import Outlet
from liquid_control.nodes.policy_guard import PolicyGuard

_BACKLOG_S = 3e-4
"""A message that comes so soon after a step may have waited for it, however short the step."""
_MOST_LOGGED = 100


class Answering:
    """Gives a policy the messages of its topics, and sends what it answers.

    Args:
        node: its executor and its log are used.
        hosted: the policy.
        outlet: sends the commands.
        guard: stops the robot.
        neighbours: takes note of the joints that several publishers name.
        clock: the node's clock.
        predictions: publishes what the policy expects.
        lockstep: whether a simulation waits for every command.
        failed: called with what raised an error, and the error.
    """

    def __init__(
        self,
        node: Node,
        hosted: HostedPolicy,
        outlet: Outlet,
        guard: PolicyGuard,
        neighbours: Neighbours,
        clock: NodeClock,
        predictions: Publisher,
        lockstep: bool,
        failed: Callable[[str, Exception], None],
    ):
        self._node, self._hosted, self._outlet, self._guard = node, hosted, outlet, guard
        self._neighbours, self._clock, self._predictions = neighbours, clock, predictions
        self._lockstep, self._failed = lockstep, failed
        self._began = self._ended = 0.0  # the last step
        self._pending: tuple[int, np.ndarray] | None = None
        self._aside: tuple[int, np.ndarray] | None = None
        self._incomplete: set[str] = set()
        self.after_step: Callable[[], None] = lambda: None
        """Called after every step, as to put off rehearsals."""

    def take(self, topic: str, message: Any) -> None:
        """Take in a message, and answer the observation that it completes."""
        began = time.monotonic()
        if self._neighbours.several:
            self._neighbours.take(topic, message)
        try:
            observed = self._hosted.take(topic, message)
        except ObservationError as error:
            self._log(error)
            return
        self._guard.stop_if(self._outlet.alarm())  # a reading after too long a silence ends nothing
        if observed is None:
            return
        if self._lockstep:
            self._answer(*observed)
            return
        waited = self._pending is not None or self._busy(began)
        executor = self._node.executor
        if not (waited and executor):
            self._answer(*observed)
        elif self._pending is None:
            # Others may wait behind this message. They are served first, since a task goes to the
            # end of the queue; then the newest observation is answered.
            self._pending = observed
            executor.create_task(self._answer_pending)
        else:
            self._pending = observed
        if self._outlet.plausible(observed[0]):
            self._hosted.rate.seen(observed[0], waited)

    def _log(self, error: ObservationError) -> None:
        """Log why a message was refused: once if it is of other joints, as a gripper's are."""
        log, text = self._node.get_logger(), str(error)
        if not isinstance(error, IncompleteError):
            log.error(text, throttle_duration_sec=1.0)
        elif text not in self._incomplete and len(self._incomplete) < _MOST_LOGGED:
            self._incomplete.add(text)
            log.error(f'{text}; such messages are refused, and not logged again')

    def _busy(self, now: float) -> bool:
        """Whether messages may have waited for the last step, or gone unseen: it has only just
        ended, or took most of the time since it began."""
        idle = now - self._ended
        return idle < max(_BACKLOG_S, self._ended - self._began)

    def _answer_pending(self) -> None:
        pending, self._pending = self._pending, None
        try:
            if pending is not None:
                self._answer(*pending)
        except Exception as error:  # an executor need not survive what a task raises
            self._failed('answering an observation', error)

    def _answer(self, stamp: int, values: np.ndarray) -> None:
        """Step, and send the command unless somebody stops the robot meanwhile."""
        if not self._outlet.ready:
            return
        self._began = time.monotonic()
        command = self._hosted.answer(stamp, values, partial(self._outlet.age, stamp))
        if command.reasons & Reason.OFF_THE_CLOCK and self._clock.simulated:
            self._aside = (stamp, values)  # until /clock has followed the sensors
        surplus = command.reasons & Reason.SURPLUS and not self._lockstep
        if not surplus and not command.reasons & Reason.STOPPED:
            if self._outlet.send(command):
                self._guard.say_stopped()
            if command.prediction is not None:
                expected = self._hosted.expected(command.stamp_ns, command.prediction)
                self._predictions.publish(expected)
            self._hosted.status.add(command)
        self._ended = time.monotonic()
        self._hosted.overload.handled(self._began, self._ended)
        self.after_step()
        self._guard.answered()

    def rehearse(self) -> None:
        """Keep the path warm, unless an observation waits."""
        if self._outlet.driving and self._pending is None:
            self._hosted.rehearsal()
            self._guard.stop_if(self._outlet.alarm())  # part of the same path

    def jumped(self, now_ns: int) -> None:
        """Forget what was observed before a jump of the clock, unless the sensors have jumped
        already; answer a reading that came before the jump and belongs after it."""
        if self._hosted.controller.distant(now_ns):
            self._hosted.controller.forget()
        aside, self._aside = self._aside, None
        if aside is not None:
            self._answer(*aside)
