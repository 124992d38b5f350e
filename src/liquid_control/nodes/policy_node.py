"""policy_node: a lifecycle node that lets one policy drive.

Reads the topics of the policy's contract, matched by name; publishes ``commands``,
``~/prediction``, ``~/status`` and ``/diagnostics``; serves ``~/stop`` and ``~/arm``.

Whatever stops it from driving (deactivation, silent sensors, a non-finite output, the operator, a
signal) is followed by the safe action, repeated for a moment, and then by silence until it is armed
again. In shadow mode, beside another driver or a recording, its commands go to ``~/command``.
"""

import gc
import signal
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.clock import Clock, ClockType, JumpThreshold
from rclpy.duration import Duration
from rclpy.qos import QoSProfile
from sensor_msgs.msg import JointState
from std_srvs.srv import Trigger

from liquid_control import paths
from liquid_control.control.controller import Controller
from liquid_control.control.gate import Reason
from liquid_control.control.observe import ObservationError
from liquid_control.nodes.checks import Checks
from liquid_control.nodes.guard_thread import GuardThread
from liquid_control.nodes.hosted_policy import HostedPolicy
from liquid_control.nodes.lifecycle import Lifecycle, while_made
from liquid_control.nodes.neighbours import Neighbours
from liquid_control.nodes.outlet import Outlet
from liquid_control.nodes.policy_settings import PolicySettings
from liquid_control.nodes.rehearsal import affordable
from liquid_control.nodes.session import NodeError, Session, run_process
from liquid_control.nodes.watchdog import Watchdog
from liquid_control.nodes.wire import message_type, qos

_STATUS_PERIOD_S, _WATCHDOG_PERIOD_S = 0.5, 0.02
_DEPTH = 4  # so many publishers may each send a part of the joints at one moment
_BACKLOG_S = 3e-4
"""A message that comes so soon after a step may have waited for it, however short the step."""


class PolicyNode(Lifecycle):
    """Hosts a bundle behind the contract, the gate and a watchdog.

    The main thread answers observations and serves whoever asks. A second one guards: it stops the
    robot even while a step is under way.
    """

    def __init__(self):
        super().__init__('policy')
        self.settings = PolicySettings.declared(self)
        self.autostart, self.lockstep = self.settings.autostart, self.settings.lockstep
        self.priority = 'none'
        self.hosted: HostedPolicy | None = None
        self._status_at = 0.0
        self.say_what_it_waits_for(self.autostart)

    @property
    def controller(self) -> Controller | None:
        return self.hosted and self.hosted.controller

    def configure(self) -> None:
        settings, robot_path = self.settings, paths.robot(self.settings.robot)
        hosted = HostedPolicy(
            robot_path, paths.policy(settings.policy, robot_path),
            self.get_fully_qualified_name(), settings.shadow, settings.rate_tolerance,
        )  # fmt: skip
        simulated = self.get_parameter('use_sim_time').value
        watchdog = Watchdog(settings.timeout(hosted.robot), hosted.robot.freshness, simulated)
        self._simulated_time = simulated
        self._step_began = self._step_ended = 0.0
        self._pending: tuple[int, np.ndarray] | None = None
        self._aside: tuple[int, np.ndarray] | None = None
        self._rehearsing = None
        with ExitStack() as made:  # what was made is destroyed again if the rest fails
            self.hosted = hosted
            made.callback(setattr, self, 'hosted', None)
            self._communicate(made, hosted, watchdog)
            self._made = made.pop_all()

    def _communicate(self, made: ExitStack, hosted: HostedPolicy, watchdog: Watchdog) -> None:
        """Make publishers, subscriptions, services, timers and the guard; ``made`` undoes it."""

        def kept(destroy: Callable[[Any], Any], one: Any) -> Any:
            made.callback(destroy, one)
            return one

        def publisher(make: Callable, *arguments: Any) -> Any:
            return kept(self.destroy_publisher, make(*arguments))

        def listen(kind: type, topic: str, callback: Callable, profile: QoSProfile) -> str:
            heard = self.create_subscription(kind, topic, while_made(made, callback), profile)
            return kept(self.destroy_subscription, heard).topic_name

        robot, profile = hosted.robot, qos(lockstep=self.lockstep, reliable=True, depth=1)
        sensors = qos(lockstep=self.lockstep, reliable=False, depth=_DEPTH)
        own = robot.action.topic
        if hosted.sent is not None:  # whoever drives may send as best effort
            others = qos(lockstep=self.lockstep, reliable=False, depth=10)
            listen(message_type(robot.action.type), own, hosted.sent.on_command, others)
            own = '~/command'
        lifecycle = self.create_lifecycle_publisher
        commands = publisher(lifecycle, message_type(hosted.codec.kind), own, profile)
        self._predictions = publisher(lifecycle, JointState, '~/prediction', profile)
        self._statuses = publisher(self.create_publisher, DiagnosticArray, '~/status', 10)
        self._diagnostics = publisher(self.create_publisher, DiagnosticArray, '/diagnostics', 10)
        self._outlet = Outlet(
            commands, hosted, watchdog, self.lockstep, self._simulated_time, self._now
        )
        topics = {
            name: listen(message_type(kind), name, partial(self._on_message, name), sensors)
            for name, kind in hosted.contract.topics.items()
        }
        self._neighbours = Neighbours(self, topics, hosted.joints, commands.topic_name)
        self._checks = Checks(hosted, self._neighbours, self.settings)
        self._arm = self.resolve_service_name('~/arm')
        for name, callback in (('~/stop', self._on_stop), (self._arm, self._on_arm)):
            asked = self.create_service(Trigger, name, while_made(made, callback))
            kept(self.destroy_service, asked)
        count = 0 if self.lockstep else affordable(hosted.runner, self.settings.rehearsals)
        self._rehearsals = count
        if count:
            # The last one comes half a rehearsal period before the next observation, not with it.
            steady = Clock(clock_type=ClockType.STEADY_TIME)
            period = 1.0 / (robot.rate * (count + 0.5))
            timer = self.create_timer(period, self._rehearse, clock=steady)
            self._rehearsing = kept(self.destroy_timer, timer)
        # Same rule as the timeline's for stamps: a smaller jump back is skipped, without a reset.
        ahead = Duration(nanoseconds=round(robot.freshness * 1e9))
        back = Duration(nanoseconds=-round(robot.max_gap * 1e9) - 1)
        threshold = JumpThreshold(min_forward=ahead, min_backward=back, on_clock_change=True)
        jump = self.get_clock().create_jump_callback(threshold, post_callback=self._on_jump)
        made.callback(jump.unregister)
        period = min(_WATCHDOG_PERIOD_S, watchdog.timeout / 4)
        made.callback(GuardThread(period, self._watch, partial(self._give_up, 'the guard')).stop)

    def _now(self) -> int:
        """The node's time in ns."""
        if self._simulated_time:
            return self.get_clock().now().nanoseconds
        return time.time_ns()  # the same as the node's clock, at a tenth of the cost

    def activate(self) -> None:
        self._outlet.arm()
        self._outlet.active = True
        gc.collect()
        gc.freeze()
        robot, path = self.hosted.robot, self.hosted.runner.bundle.path
        how = 'beside what drives' if self.settings.shadow else 'drives'
        self.get_logger().info(f'active: {path.stem} {how} {robot.robot} at {robot.rate:g} Hz')

    def _on_message(self, topic: str, message: Any) -> None:
        began = time.monotonic()
        if self._neighbours.several:
            self._neighbours.heard(topic, message)
        try:
            observed = self.hosted.take(topic, message)
        except ObservationError as error:
            self.get_logger().error(str(error), throttle_duration_sec=1.0)
            return
        self._stop_if(self._outlet.alarm())  # an observation after too long a silence ends nothing
        if observed is None:
            return
        if self.lockstep:
            self._answer(*observed)
            return
        waited = self._pending is not None or self._busy(began)
        if not (waited and self.executor):
            self._answer(*observed)
        elif self._pending is None:
            # Others may wait behind this message. They are served first, since a task goes to the
            # end of the queue; then the newest observation is answered.
            self._pending = observed
            self.executor.create_task(self._answer_pending)
        else:
            self._pending = observed
        if self._outlet.plausible(observed[0]):
            self.hosted.rate.seen(observed[0], waited)

    def _busy(self, now: float) -> bool:
        """Whether messages may have waited for the last step, or gone unseen: it has only just
        ended, or took most of the time since it began."""
        idle = now - self._step_ended
        return idle < max(_BACKLOG_S, self._step_ended - self._step_began)

    def _answer_pending(self) -> None:
        pending, self._pending = self._pending, None
        try:
            if pending is not None and self.hosted is not None:
                self._answer(*pending)
        except Exception as error:  # an executor need not survive what a task raises
            self._give_up('answering an observation', error)

    def _answer(self, stamp: int, values: np.ndarray) -> None:
        """Step, and send the command unless somebody stops the robot meanwhile."""
        if not self._outlet.ready:
            return
        self._step_began = time.monotonic()
        command = self.hosted.answer(stamp, values, partial(self._outlet.age, stamp))
        if command.reasons & Reason.OFF_THE_CLOCK and self._simulated_time:
            self._aside = (stamp, values)  # until /clock has followed the sensors
        surplus = command.reasons & Reason.SURPLUS and not self.lockstep
        if not surplus and not command.reasons & Reason.STOPPED:
            if self._outlet.send(command):
                self._say_stopped()
            if command.prediction is not None:
                self._predictions.publish(self.hosted.expected(command))
            self.hosted.status.add(command)
        self._step_ended = time.monotonic()
        self.hosted.overload.handled(self._step_began, self._step_ended)
        if self._rehearsing is not None:
            self._rehearsing.reset()
        if self._step_ended - self._status_at > _STATUS_PERIOD_S:
            self._publish_status()

    def _watch(self) -> None:
        """In the guard's thread: stop a robot that is driven blindly, and keep safe action and
        status coming."""
        self._guard()
        self._outlet.repeat()
        if time.monotonic() - self._status_at > _STATUS_PERIOD_S + _WATCHDOG_PERIOD_S:
            self._publish_status()
        self._neighbours.look()

    def _give_up(self, what: str, error: Exception) -> None:
        """Let the main loop end, with the safe action first."""
        self.failure = f'{what} failed: {type(error).__name__}: {error}'
        self.finalized = True

    def _guard(self) -> None:
        """Stop the robot if for too long nothing fresh has come, or something else is wrong."""
        why = self._outlet.alarm()
        if why is None and self._outlet.driving:
            why = self._checks.prohibited()
        self._stop_if(why)

    def _stop_if(self, why: str | None) -> None:
        if why is not None and self._outlet.stop(why, unless_silent=True):
            self._say_stopped()

    def _rehearse(self) -> None:
        if self._outlet.driving and self._pending is None:
            self.hosted.rehearsal()
            self._stop_if(self._outlet.alarm())  # part of the same path

    def _on_jump(self, jump: Any) -> None:
        """Forget what was observed before a jump back, unless the sensors have jumped already;
        answer a reading that came before the jump and belongs after it."""
        if self.controller.distant(self.get_clock().now().nanoseconds):
            self.controller.forget()
        aside, self._aside = self._aside, None
        if aside is not None:
            self._answer(*aside)

    def _on_stop(self, request: Any, response: Any) -> Any:
        response.success = self._outlet.active
        response.message = 'not active'
        if self._outlet.active:
            if self._outlet.stop('requested by the operator'):
                self._say_stopped()
            response.message = f'stopped; {self._arm} lets it drive again'
        return response

    def _on_arm(self, request: Any, response: Any) -> Any:
        self.hosted.overload.restart()
        if not self._outlet.active:
            response.message = 'not active: activate the node first'
        elif self._outlet.driving:
            response.message = 'already driving'
        elif why := self._checks.prohibited():
            response.message = f'not armed: {why}'
        else:
            self._outlet.arm()
            response.success, response.message = True, 'armed'
        return response

    def _say_stopped(self) -> None:
        why = self.controller.stopped
        self.get_logger().error(f'stopped: {why}; {self._arm} lets it drive again')
        self._publish_status()

    def end(self, why: str) -> None:
        """End driving in order: send the safe action, and see that it arrives.

        A node that has sent nothing yet sends nothing: someone else may drive.
        """
        if self.hosted is None:
            return
        drove, problem = self._outlet.end(why)
        if problem:
            self.get_logger().error(problem)
        if drove:
            self.get_logger().info(f'ended: {why}')
            self._publish_status()

    def _publish_status(self) -> None:
        self._status_at = time.monotonic()
        message = self.hosted.status.message(
            active=self._outlet.active,
            problem=self._checks.found(),
            waiting=self._outlet.waiting,
            warning=self._checks.warning(),
            rate_hz=f'{self.hosted.rate.measured:.1f}',
            priority=self.priority,
            rehearsals=f'{self._rehearsals} a period',
        )
        self._statuses.publish(message)
        self._diagnostics.publish(message)


def _work(session: Session) -> int:
    node = session.node
    if not node.lockstep:
        session.end_on(signal.SIGTSTP)  # suspended, it could not guard the robot
    node.priority = session.raise_priority(node.settings.priority)
    why = 'an error'
    try:
        session.require_alone()  # meanwhile its services work, and others may have begun
        if node.autostart and node.controller is None and not (session.stopping or node.finalized):
            node.start()
        while not (session.stopping or node.finalized):
            session.spin_once()
        why = 'asked to end'
    except NodeError as error:
        why = str(error)
        raise
    finally:  # whatever a callback raises, send the safe action first
        node.end(why)
    session.spin_for(0.05)
    if node.failure and node.finalized:
        raise NodeError(node.failure)
    return 0


def main() -> int:
    """Entry point of the executable."""
    return run_process(PolicyNode, _work)


if __name__ == '__main__':
    sys.exit(main())
