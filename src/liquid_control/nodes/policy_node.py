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

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.clock import Clock, ClockType, JumpThreshold
from rclpy.duration import Duration
from rclpy.lifecycle import LifecycleNode, TransitionCallbackReturn
from rclpy.qos import QoSProfile
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray
from std_srvs.srv import Trigger

from liquid_control import paths
from liquid_control.control.contract import Contract
from liquid_control.control.controller import Controller
from liquid_control.control.gate import Reason
from liquid_control.control.observe import ObservationError, Observer
from liquid_control.control.runtime import PolicyRunner
from liquid_control.message_types import require_fields
from liquid_control.nodes.driver import Driver
from liquid_control.nodes.parameters import Parameters
from liquid_control.nodes.policy_status import PolicyStatus
from liquid_control.nodes.rehearsal import Rehearsal, affordable
from liquid_control.nodes.session import NodeError, Session, run_process
from liquid_control.nodes.watchdog import Watchdog
from liquid_control.nodes.wire import CommandMessage, message_type, qos, set_stamp

_STATUS_PERIOD_S = 0.5
_WATCHDOG_PERIOD_S = 0.02
_REPEATS = 10
"""How often the watchdog repeats the safe action: nothing that follows would reveal its loss."""
_DELIVERY_S, _SLICE = 2.0, Duration(seconds=0.05)
_COMMAND = 'std_msgs/msg/Float64MultiArray'
_SUCCESS, _ERROR = TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.ERROR
_FAILURE = TransitionCallbackReturn.FAILURE


class PolicyNode(LifecycleNode):
    """Hosts a bundle behind the contract, the gate and a watchdog."""

    def __init__(self):
        super().__init__('policy')
        declare = Parameters(self)
        self._robot = declare.get('robot', 'walker2d', 'Contract: a name, or a path to its YAML.')
        self._policy = declare.get('policy', 'cfc', 'Bundle: a name, or a path to its file.')
        self.autostart = declare.get('autostart', False, 'Configure and activate at the start.')
        self._shadow = declare.get(
            'shadow', False,
            "Do not drive: publish commands on ~/command, and take those on the robot's topic, "
            'whoever sends them, as sent.',
        )  # fmt: skip
        self.lockstep = declare.get('lockstep', False, 'A simulation waits for every command.')
        self._sensor_timeout = declare.get(
            'sensor_timeout', 0.0,
            'Time without a fresh reading or a right clock after which the robot is stopped, s; '
            "0: the contract's freshness.", low=0.0,
        )  # fmt: skip
        self._rehearsals = declare.get(
            'rehearsals', 8,
            'Steps per period on a twin of the policy, to keep processor and caches warm; 0: none.',
            low=0, high=100,
        )  # fmt: skip
        declare.done()
        self.failure = ''
        self.finalized = self._active = False
        self._status_at = 0.0
        self._repeats = 0
        self._made = ExitStack()
        self.controller: Controller | None = None

    def on_configure(self, state: Any) -> TransitionCallbackReturn:
        return self._guarded(self._configure, _FAILURE)  # can be tried again

    def on_activate(self, state: Any) -> TransitionCallbackReturn:
        result = super().on_activate(state)
        return self._guarded(self._activate) if result == _SUCCESS else result

    def on_deactivate(self, state: Any) -> TransitionCallbackReturn:
        self.end('deactivated')
        return super().on_deactivate(state)

    def on_cleanup(self, state: Any) -> TransitionCallbackReturn:
        return self._guarded(self._clean_up)

    def on_shutdown(self, state: Any) -> TransitionCallbackReturn:
        self.end('shut down')
        self.failure, self.finalized = '', True
        return _SUCCESS

    def on_error(self, state: Any) -> TransitionCallbackReturn:
        self.end(self.failure or 'error')
        self.finalized = True
        return _ERROR

    def start(self) -> None:
        """Configure and activate.

        Raises:
            NodeError: one of the two failed.
        """
        for transition in (self.trigger_configure, self.trigger_activate):
            if transition() != _SUCCESS:
                raise NodeError(f'could not be started: {self.failure}')

    def _guarded(
        self, work: Any, failed: TransitionCallbackReturn = _ERROR
    ) -> TransitionCallbackReturn:
        """Do a transition's work and report its errors, which rclpy would swallow."""
        try:
            work()
        except (ValueError, OSError, NodeError) as error:
            return self._failed(str(error), failed)
        except Exception as error:  # what rclpy raises for a topic name, among others
            return self._failed(f'{type(error).__name__}: {error}', failed)
        self.failure = ''
        return _SUCCESS

    def _failed(self, why: str, how: TransitionCallbackReturn) -> TransitionCallbackReturn:
        self.failure = why
        self.get_logger().error(why)
        return how

    def _configure(self) -> None:
        robot_path = paths.robot(self._robot)
        robot = Contract.load(robot_path)
        if robot.action.type != _COMMAND:
            raise ValueError(
                f'{robot_path}: action: type: expected {_COMMAND}, found {robot.action.type}'
            )
        runner = PolicyRunner(paths.policy(self._policy, robot_path))
        controller = Controller(runner, robot)
        require_fields(robot, live=True)
        runner.warm_up()
        self._status = PolicyStatus(self.get_fully_qualified_name(), controller)
        self._observer = Observer(runner.contract.on(robot))
        timeout = self._sensor_timeout or robot.freshness
        if timeout * robot.rate < 1.0:
            raise ValueError(
                f'sensor_timeout: expected at least one period, {1.0 / robot.rate:g} s, found '
                f'{timeout:g}' + ", the contract's freshness" * (not self._sensor_timeout)
            )
        self._simulated_time = self.get_parameter('use_sim_time').value
        self._watchdog = Watchdog(timeout, robot.freshness, self._simulated_time)
        self._command = CommandMessage(robot.action_size)
        self._expected = JointState(name=list(runner.contract.sensed_channels))
        self._period_ns = runner.contract.period_ns
        self._driver = Driver(controller) if self._shadow else None
        self._rehearsal = Rehearsal(runner, robot)
        self._rehearsing = None
        self.controller = controller
        with ExitStack() as made:  # what was made is destroyed again if the rest fails
            self._communicate(made, runner, robot)
            self._made = made.pop_all()

    def _communicate(self, made: ExitStack, runner: PolicyRunner, robot: Contract) -> None:
        """Make publishers, subscriptions, services and timers; ``made`` undoes it."""

        def kept(destroy: Callable[[Any], Any], one: Any) -> Any:
            made.callback(destroy, one)
            return one

        def publisher(make: Callable, *arguments: Any) -> Any:
            return kept(self.destroy_publisher, make(*arguments))

        def listen(kind: type, topic: str, callback: Callable, profile: QoSProfile) -> None:
            kept(
                self.destroy_subscription, self.create_subscription(kind, topic, callback, profile)
            )

        def timer(period: float, callback: Callable) -> Any:
            steady = Clock(clock_type=ClockType.STEADY_TIME)
            return kept(self.destroy_timer, self.create_timer(period, callback, clock=steady))

        profile = qos(lockstep=self.lockstep, reliable=True, depth=1)
        sensors = qos(lockstep=self.lockstep, reliable=False, depth=1)
        topic = robot.action.topic
        if self._driver is not None:  # whoever drives may send as best effort
            listen(
                Float64MultiArray, topic, self._driver.on_command,
                qos(lockstep=self.lockstep, reliable=False, depth=10),
            )  # fmt: skip
        own = '~/command' if self._shadow else topic
        lifecycle = self.create_lifecycle_publisher
        self._commands = publisher(lifecycle, Float64MultiArray, own, profile)
        self._predictions = publisher(lifecycle, JointState, '~/prediction', profile)
        self._statuses = publisher(self.create_publisher, DiagnosticArray, '~/status', 10)
        self._diagnostics = publisher(self.create_publisher, DiagnosticArray, '/diagnostics', 10)
        for name, kind in runner.contract.topics.items():
            listen(message_type(kind), name, partial(self._on_message, name), sensors)
        for name, callback in (('~/stop', self._on_stop), ('~/arm', self._on_arm)):
            kept(self.destroy_service, self.create_service(Trigger, name, callback))
        timer(min(_WATCHDOG_PERIOD_S, self._watchdog.timeout / 4), self._watch)
        count = 0 if self.lockstep else affordable(runner, self._rehearsals)
        if count:
            # The last one comes half a rehearsal period before the next observation, not with it.
            self._rehearsing = timer(1.0 / (robot.rate * (count + 0.5)), self._rehearse)
        elif self._rehearsals and not self.lockstep:
            self.get_logger().info('no rehearsals: a step takes too much of a period')
        # Same rule as the timeline's for stamps: a smaller jump back is skipped, without a reset.
        most = round(robot.max_gap * 1e9)
        threshold = JumpThreshold(
            min_forward=None, min_backward=Duration(nanoseconds=-most - 1), on_clock_change=True
        )
        jump = self.get_clock().create_jump_callback(threshold, post_callback=self._on_jump)
        made.callback(jump.unregister)

    @property
    def _driving(self) -> bool:
        return self._active and self.controller.stopped is None

    def _activate(self) -> None:
        self._arm()
        self._active = True
        gc.collect()
        gc.freeze()

    def _clean_up(self) -> None:
        self._made.close()
        self.controller = None

    def _on_message(self, topic: str, message: Any) -> None:
        try:
            observed = self._observer.update(topic, message)
        except ObservationError as error:
            self.controller.events['messages_refused'] += 1
            self.get_logger().error(str(error), throttle_duration_sec=1.0)
            return
        self._rehearsal.learn(topic, message)
        self._guard()  # an observation that comes after too long a silence does not end it
        if observed is None or not self._driving:  # held values are kept for when it drives again
            return
        stamp, values = observed
        command = self.controller.step(stamp, values, partial(self._age, stamp))
        if self._driver is not None:
            self._driver.answered(stamp)
        self._watchdog.answered(command.used, Reason.SENSOR_STALE in command.reasons)
        if self._watchdog.heard or self.lockstep:
            self._commands.publish(self._command.fill(stamp, command.action))
        if command.prediction is not None:
            set_stamp(self._expected, stamp + self._period_ns)
            self._expected.position = command.prediction.astype(float).tolist()
            self._predictions.publish(self._expected)
        self._status.add(command)
        if self._rehearsing is not None:
            self._rehearsing.reset()
        if self.controller.stopped:
            self._say_stopped()
        elif time.monotonic() - self._status_at > _STATUS_PERIOD_S:
            self._publish_status()

    def _age(self, stamp_ns: int) -> float:
        """Seconds between a stamp and now.

        On the wall clock a stamp from the future is as wrong as an old one.
        """
        if self._simulated_time:
            age = (self.get_clock().now().nanoseconds - stamp_ns) * 1e-9
            self._watchdog.aged(age)
            return age
        # The same as the node's clock, at a tenth of the cost.
        return abs(time.time_ns() - stamp_ns) * 1e-9

    def _watch(self) -> None:
        """On a steady clock: stop a robot that drives blindly, and keep safe action and status
        coming."""
        self._guard()
        now = time.monotonic()
        if self._active and self._repeats:
            self._repeats -= 1
            self._send_safe()
        elif now - self._status_at > _STATUS_PERIOD_S + _WATCHDOG_PERIOD_S:
            self._publish_status()

    def _guard(self) -> None:
        """Stop the robot if for too long nothing fresh has come, or the clock has been wrong."""
        if self._simulated_time:
            self._watchdog.tick(self.get_clock().now().nanoseconds)
        if self._driving and (why := self._watchdog.alarm()):
            self._stop(why)

    def _rehearse(self) -> None:
        if self._driving:
            self._rehearsal()

    def _on_jump(self, jump: Any) -> None:
        """Forget what was observed before the jump, unless the sensors have jumped already."""
        if self.controller.distant(self.get_clock().now().nanoseconds):
            self.controller.forget()

    def _arm(self) -> None:
        self.controller.reset()
        self._watchdog.arm()
        self._repeats = 0

    def _on_stop(self, request: Any, response: Any) -> Any:
        response.success = self._active
        response.message = 'stopped; ~/arm lets it drive again' if self._active else 'not active'
        if self._active:
            self._stop('requested by the operator')
        return response

    def _on_arm(self, request: Any, response: Any) -> Any:
        if not self._active:
            response.message = 'not active: activate the node first'
        elif self.controller.stopped is None:
            response.message = 'already driving'
        else:
            self._arm()
            response.success, response.message = True, 'armed'
        return response

    def _stop(self, why: str) -> None:
        """Send the safe action, repeat it for a moment, then stay silent."""
        if self.controller.stopped is None:
            self.controller.stop(why)
            self._send_safe()
            self._say_stopped()

    def _send_safe(self) -> None:
        self._commands.publish(self._command.fill(0, self.controller.gate.safe))

    def _say_stopped(self) -> None:
        self._repeats = _REPEATS
        self.get_logger().error(f'stopped: {self.controller.stopped}')
        self._publish_status()

    def end(self, why: str) -> None:
        """End driving in order: send the safe action, and see that it arrives.

        A node that has sent nothing yet sends nothing: someone else may drive.
        """
        if self._driving:
            self.controller.stop(why)
            if self._watchdog.heard or self.lockstep:
                self._deliver_safe()
            self.get_logger().info(f'ended: {why}')
            self._publish_status()
        elif self._active and self._repeats:
            self._deliver_safe()
        self._active = False

    def _deliver_safe(self) -> None:
        """Repeat the safe action until all who listen reliably have it, within a limit."""
        end = time.monotonic() + _DELIVERY_S
        while True:
            self._send_safe()
            if self._commands.wait_for_all_acked(_SLICE):
                return
            if time.monotonic() > end:
                self.get_logger().error(
                    f'{self._commands.topic_name}: a subscriber has not acknowledged the safe '
                    f'action within {_DELIVERY_S:g} s'
                )
                return

    def _publish_status(self) -> None:
        self._status_at = time.monotonic()
        message = self._status.message(
            self.get_clock().now().nanoseconds, self._active, self._watchdog.heard
        )
        self._statuses.publish(message)
        self._diagnostics.publish(message)


def _work(session: Session) -> int:
    node = session.node
    if not node.lockstep:
        session.end_on(signal.SIGTSTP)  # suspended, it could not guard the robot
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
