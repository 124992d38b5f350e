"""policy_node: a lifecycle node that lets one policy drive.

Reads the topics of the policy's contract, matched by name; publishes commands on the contract's
topic, ``~/prediction``, ``~/status`` and ``/diagnostics``; serves ``~/stop`` and ``~/arm``.

Whatever stops it from driving (deactivation, silent sensors, a non-finite output, the operator, a
signal) is followed by the safe action, repeated for a moment, and then by silence until it is armed
again. In shadow mode, beside another driver or a recording, its commands go to ``~/command``.
"""

import gc
import signal
import sys
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.clock import Clock, ClockType, JumpThreshold
from rclpy.duration import Duration
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile
from sensor_msgs.msg import JointState
from std_srvs.srv import Trigger

from liquid_control import paths
from liquid_control.control.controller import Controller
from liquid_control.nodes.answering import Answering
from liquid_control.nodes.checks import Checks
from liquid_control.nodes.guard_thread import GuardThread
from liquid_control.nodes.hosted_policy import HostedPolicy
from liquid_control.nodes.lifecycle import Lifecycle, while_made
from liquid_control.nodes.neighbours import Neighbours
from liquid_control.nodes.node_clock import NodeClock
from liquid_control.nodes.outlet import Outlet
from liquid_control.nodes.policy_guard import PERIOD_S, PolicyGuard
from liquid_control.nodes.policy_settings import PolicySettings
from liquid_control.nodes.rehearsal import affordable
from liquid_control.nodes.session import ASKED_TO_END, NodeError, Session, run_process
from liquid_control.nodes.watchdog import Watchdog
from liquid_control.nodes.wire import message_type, qos

_DEPTH = 4  # so many publishers may each send a part of the joints at one moment


class PolicyNode(Lifecycle):
    """Hosts a bundle behind the contract, the gate and a watchdog.

    The main thread answers observations and serves whoever asks. A second one guards: it stops the
    robot even while a step is under way.
    """

    def __init__(self):
        super().__init__('policy')
        self.settings = PolicySettings.declared(self)
        self.priority = 'none'
        self.hosted: HostedPolicy | None = None
        self.say_what_it_waits_for(self.settings.autostart)

    @property
    def controller(self) -> Controller | None:
        return self.hosted.controller if self.hosted else None

    def configure(self) -> None:
        settings, robot_path = self.settings, paths.robot(self.settings.robot)
        hosted = HostedPolicy(
            robot_path, paths.policy(settings.policy, robot_path),
            self.get_fully_qualified_name(), settings.shadow, settings.rate_tolerance,
            settings.elapsed, settings.thin,
        )  # fmt: skip
        with ExitStack() as made:  # what was made is destroyed again if the rest fails
            self.hosted = hosted
            made.callback(setattr, self, 'hosted', None)
            self._communicate(made, hosted)
            self._made = made.pop_all()

    def _communicate(self, made: ExitStack, hosted: HostedPolicy) -> None:
        """Make what drives the policy and its part of the graph; ``made`` undoes it."""
        lockstep, clock = self.settings.lockstep, NodeClock(self)
        timeout = self.settings.timeout(hosted.robot)
        watchdog = Watchdog(timeout, hosted.robot.freshness, clock.simulated)
        commands, predictions, statuses, diagnostics = self._make_publishers(made, hosted)
        self._outlet = Outlet(commands, hosted, watchdog, clock, lockstep)
        topics = {name: self.resolve_topic_name(name) for name in hosted.contract.topics}
        neighbours = Neighbours(self, topics, hosted.joints, commands.topic_name)
        count = 0 if lockstep else affordable(hosted.runner, self.settings.rehearsals)

        def publish(message: DiagnosticArray) -> None:
            statuses.publish(message)
            diagnostics.publish(message)

        self._guard = PolicyGuard(
            hosted, self._outlet, Checks(hosted, neighbours, self.settings), neighbours, publish,
            self.get_logger(), self.resolve_service_name('~/arm'),
            {'priority': self.priority, 'rehearsals': f'{count} a period',
             'shadow': str(self.settings.shadow)},
        )  # fmt: skip
        self._answering = Answering(
            self, hosted, self._outlet, self._guard, neighbours, clock, predictions, lockstep,
            self._give_up,
        )  # fmt: skip
        self._make_subscriptions(made, hosted)
        if count:
            self._make_rehearsals(made, 1.0 / (hosted.robot.rate * (count + 0.5)))
        self._follow_jumps(made, hosted)
        for name, callback in (('~/stop', self._on_stop), ('~/arm', self._on_arm)):
            asked = self.create_service(Trigger, name, while_made(made, callback))
            made.callback(self.destroy_service, asked)
        period = min(PERIOD_S, watchdog.timeout / 4)
        guard = GuardThread(period, self._guard.watch, partial(self._give_up, 'the guard'))
        made.callback(guard.stop)

    def _make_publishers(self, made: ExitStack, hosted: HostedPolicy) -> list[Publisher]:
        """Publishers of commands, predictions, status and diagnostics."""
        profile = qos(lockstep=self.settings.lockstep, reliable=True, depth=1)
        lifecycle = self.create_lifecycle_publisher
        found = [
            lifecycle(message_type(hosted.codec.kind), hosted.topics.command, profile),
            lifecycle(JointState, hosted.topics.prediction, profile),
            self.create_publisher(DiagnosticArray, hosted.topics.status, 10),
            self.create_publisher(DiagnosticArray, '/diagnostics', 10),
        ]
        for publisher in found:
            made.callback(self.destroy_publisher, publisher)
        return found

    def _make_subscriptions(self, made: ExitStack, hosted: HostedPolicy) -> None:
        def listen(kind: str, topic: str, callback: Callable, profile: QoSProfile) -> None:
            call = while_made(made, callback)
            made.callback(
                self.destroy_subscription,
                self.create_subscription(message_type(kind), topic, call, profile),
            )

        lockstep, action = self.settings.lockstep, hosted.robot.action
        if hosted.sent is not None:  # whoever drives may send as best effort
            others = qos(lockstep=lockstep, reliable=False, depth=10)
            listen(action.type, action.topic, hosted.sent.on_command, others)
        sensors = qos(lockstep=lockstep, reliable=False, depth=_DEPTH)
        for name, kind in hosted.contract.topics.items():
            listen(kind, name, partial(self._answering.take, name), sensors)

    def _make_rehearsals(self, made: ExitStack, period: float) -> None:
        """Rehearse at this period in s; the last one comes half of it before an observation."""
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        timer = self.create_timer(period, self._answering.rehearse, clock=steady)
        made.callback(self.destroy_timer, timer)
        self._answering.after_step = timer.reset

    def _follow_jumps(self, made: ExitStack, hosted: HostedPolicy) -> None:
        # Same rule as the timeline's for stamps: a smaller jump back is skipped, without a reset.
        ahead = Duration(nanoseconds=round(hosted.robot.freshness * 1e9))
        back = Duration(nanoseconds=-round(hosted.robot.max_gap * 1e9) - 1)
        threshold = JumpThreshold(min_forward=ahead, min_backward=back, on_clock_change=True)
        clock, jumped = self.get_clock(), self._answering.jumped
        jump = clock.create_jump_callback(
            threshold, post_callback=lambda _: jumped(clock.now().nanoseconds)
        )
        made.callback(jump.unregister)

    def activate(self) -> None:
        hosted = self.hosted
        if hosted is None:
            raise NodeError('not configured: there is no policy to activate')
        self._outlet.arm()
        self._outlet.active = True
        gc.collect()
        gc.freeze()
        robot, how = hosted.robot, 'beside what drives' if self.settings.shadow else 'drives'
        self.get_logger().info(f'active: {hosted.name} {how} {robot.robot} at {robot.rate:g} Hz')

    def _give_up(self, what: str, error: Exception) -> None:
        """Let the main loop end, with the safe action first."""
        self.failure = f'{what} failed: {type(error).__name__}: {error}'
        self.finalized = True

    def _on_stop(self, request: Any, response: Any) -> Any:
        response.success = self._outlet.active
        response.message = self._guard.stop('requested by the operator')
        return response

    def _on_arm(self, request: Any, response: Any) -> Any:
        why_not = self._guard.arm()
        response.success, response.message = why_not is None, why_not or 'armed'
        return response

    def end(self, why: str) -> None:
        """End driving in order: send the safe action, and see that it arrives.

        A node that has sent nothing yet sends nothing: someone else may drive.
        """
        if self.hosted is not None:
            self._guard.end(why)


def _work(session: Session) -> int:
    node = session.node
    if not node.settings.lockstep:
        session.end_on(signal.SIGTSTP)  # suspended, it could not guard the robot
    node.priority = session.raise_priority(node.settings.priority)
    start, why = node.settings.autostart, 'an error'
    try:
        session.require_alone()  # meanwhile its services work, and others may have begun
        if start and node.controller is None and not (session.stopping or node.finalized):
            node.start()
        while not (session.stopping or node.finalized):
            session.spin_once()
        why = ASKED_TO_END
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
