"""policy_node: a lifecycle node that lets one policy drive.

Reads the topics of the policy's contract, matched by name; publishes ``commands``,
``~/prediction``, ``~/status`` and ``/diagnostics``; serves ``~/stop`` and ``~/arm``.

Whatever stops it from driving (deactivation, silent sensors, a non-finite output, the operator, a
signal) is followed by the safe action, once, and then by silence until it is armed again. In
shadow mode, beside another driver or a recording, its commands go to ``~/command`` instead.
"""

import gc
import sys
import time
from functools import partial
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.clock import Clock, ClockType, JumpThreshold
from rclpy.duration import Duration
from rclpy.lifecycle import LifecycleNode, TransitionCallbackReturn
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray
from std_srvs.srv import Trigger

from liquid_control import paths
from liquid_control.control.contract import Contract
from liquid_control.control.controller import Controller
from liquid_control.control.observe import ObservationError, Observer
from liquid_control.control.runtime import PolicyRunner
from liquid_control.nodes.driver import Driver
from liquid_control.nodes.parameters import Parameters
from liquid_control.nodes.policy_status import PolicyStatus
from liquid_control.nodes.rehearsal import Rehearsal
from liquid_control.nodes.session import NodeError, Session, run_node
from liquid_control.nodes.wire import CommandMessage, message_type, qos, set_stamp

_STATUS_PERIOD_S = 0.5
_WATCHDOG_PERIOD_S = 0.02
_DELIVERY = Duration(seconds=0.5)
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
        self.autostart = declare.get('autostart', True, 'Configure and activate at the start.')
        self._shadow = declare.get(
            'shadow', False,
            "Do not drive: publish commands on ~/command, and take those on the robot's topic, "
            'whoever sends them, as sent.',
        )  # fmt: skip
        self._lockstep = declare.get('lockstep', False, 'A simulation waits for every command.')
        self._sensor_timeout = declare.get(
            'sensor_timeout', 0.0,
            "Sensor silence after which the robot is stopped, s; 0: the contract's "
            'freshness.', low=0.0,
        )  # fmt: skip
        self._rehearsals = declare.get(
            'rehearsals', 8,
            'Steps per period on a twin of the policy, to keep processor and caches warm; 0: none.',
            low=0, high=100,
        )  # fmt: skip
        declare.done()
        self.failure = ''
        self._active = False
        self._heard: float | None = None
        self._status_at = 0.0
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
        return _SUCCESS

    def on_error(self, state: Any) -> TransitionCallbackReturn:
        self.end(self.failure or 'error')
        return _ERROR

    def _guarded(
        self, work: Any, failed: TransitionCallbackReturn = _ERROR
    ) -> TransitionCallbackReturn:
        """Do a transition's work and report its errors, which rclpy would swallow."""
        try:
            work()
        except (ValueError, OSError, NodeError) as error:
            self.failure = str(error)
            self.get_logger().error(self.failure)
            return failed
        return _SUCCESS

    def _configure(self) -> None:
        robot_path = paths.robot(self._robot)
        robot = Contract.load(robot_path)
        if robot.action.type != _COMMAND:
            raise ValueError(
                f'{robot_path}: action: type: expected {_COMMAND}, found {robot.action.type}'
            )
        runner = PolicyRunner(paths.policy(self._policy, robot_path))
        kinds = {name: message_type(kind) for name, kind in runner.contract.topics.items()}
        self.controller = Controller(runner, robot)
        runner.warm_up()
        self._status = PolicyStatus(self.get_fully_qualified_name(), self.controller)
        self._observer = Observer(runner.contract)
        self._timeout = self._sensor_timeout or robot.freshness
        self._command = CommandMessage(robot.action_size)
        self._expected = JointState(name=list(runner.contract.sensed_channels))
        self._simulated_time = self.get_parameter('use_sim_time').value
        self._period_ns = runner.contract.period_ns
        profile = qos(lockstep=self._lockstep, reliable=True, depth=1)
        topic = robot.action.topic
        self._driver = None
        if self._shadow:
            self._driver = Driver(self.controller)
            driven = self.create_subscription(
                Float64MultiArray, topic, self._driver.on_command, profile
            )
        own = '~/command' if self._shadow else topic
        self._commands = self.create_lifecycle_publisher(Float64MultiArray, own, profile)
        self._predictions = self.create_lifecycle_publisher(JointState, '~/prediction', profile)
        self._statuses = self.create_publisher(DiagnosticArray, '~/status', 10)
        self._diagnostics = self.create_publisher(DiagnosticArray, '/diagnostics', 10)
        sensors = qos(lockstep=self._lockstep, reliable=False, depth=1)
        self._inputs = [
            self.create_subscription(kind, name, partial(self._on_message, name), sensors)
            for name, kind in kinds.items()
        ]
        if self._driver is not None:
            self._inputs.append(driven)
        self._offered = [
            self.create_service(Trigger, '~/stop', self._on_stop),
            self.create_service(Trigger, '~/arm', self._on_arm),
        ]
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._watchdog = self.create_timer(_WATCHDOG_PERIOD_S, self._watch, clock=steady)
        self._rehearsal = Rehearsal(runner, robot)
        self._rehearsing = None
        if self._rehearsals and not self._lockstep:
            # The last one comes half a rehearsal period before the next observation, not with it.
            period = 1.0 / (robot.rate * (self._rehearsals + 0.5))
            self._rehearsing = self.create_timer(period, self._rehearse, clock=steady)
        # Same rule as the timeline's for stamps: a smaller jump back is skipped, without a reset.
        most = round(runner.contract.max_gap * 1e9)
        threshold = JumpThreshold(
            min_forward=None, min_backward=Duration(nanoseconds=-most - 1), on_clock_change=True
        )
        self._jump = self.get_clock().create_jump_callback(threshold, post_callback=self._on_jump)

    @property
    def _driving(self) -> bool:
        return self._active and self.controller.stopped is None

    def _activate(self) -> None:
        self._arm()
        self._active = True
        gc.collect()
        gc.freeze()

    def _clean_up(self) -> None:
        self._jump.unregister()
        self.destroy_timer(self._watchdog)
        if self._rehearsing is not None:
            self.destroy_timer(self._rehearsing)
        for service in self._offered:
            self.destroy_service(service)
        for subscription in self._inputs:
            self.destroy_subscription(subscription)
        publishers = (self._commands, self._predictions, self._statuses, self._diagnostics)
        for publisher in publishers:
            self.destroy_publisher(publisher)
        self.controller = None

    def _on_message(self, topic: str, message: Any) -> None:
        try:
            observed = self._observer.update(topic, message)
        except ObservationError as error:
            self.controller.events['messages_refused'] += 1
            self.get_logger().error(str(error), throttle_duration_sec=1.0)
            return
        self._rehearsal.learn(topic, message)
        if observed is None or not self._driving:  # held values are kept for when it drives again
            return
        stamp, values = observed
        command = self.controller.step(stamp, values, self._age(stamp))
        if self._driver is not None:
            self._driver.answered(stamp)
        self._commands.publish(self._command.fill(stamp, command.action))
        if command.prediction is not None:
            set_stamp(self._expected, stamp + self._period_ns)
            self._expected.position = command.prediction.astype(float).tolist()
            self._predictions.publish(self._expected)
        self._status.add(command)
        if self._rehearsing is not None:
            self._rehearsing.reset()
        now = time.monotonic()
        if command.used:  # no other observation counts against the watchdog
            self._heard = now
        if self.controller.stopped:
            self._say_stopped()
        elif now - self._status_at > _STATUS_PERIOD_S:
            self._publish_status()

    def _age(self, stamp_ns: int) -> float:
        """Seconds between a stamp and now.

        On the wall clock a stamp from the future is as wrong as an old one. ``/clock`` follows
        the sensors, and lags behind them when it jumps forward.
        """
        if self._simulated_time:
            return (self.get_clock().now().nanoseconds - stamp_ns) * 1e-9
        # The same as the node's clock, at a tenth of the cost.
        return abs(time.time_ns() - stamp_ns) * 1e-9

    def _watch(self) -> None:
        """On a steady clock, stop the robot if its sensors fall silent, and keep status coming."""
        now = time.monotonic()
        heard = self._driving and self._heard is not None
        if heard and now - self._heard > self._timeout:
            self._stop(f'no observation for {now - self._heard:.3f} s, limit {self._timeout:g} s')
        elif now - self._status_at > _STATUS_PERIOD_S + _WATCHDOG_PERIOD_S:
            self._publish_status()

    def _rehearse(self) -> None:
        if self._driving:
            self._rehearsal()

    def _on_jump(self, jump: Any) -> None:
        self.controller.forget()

    def _arm(self) -> None:
        self.controller.reset()
        self._heard = None

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
        """Send the safe action once, then stay silent."""
        if self.controller.stopped is None:
            action = self.controller.stop(why)
            self._commands.publish(self._command.fill(0, action))
            self._say_stopped()

    def _say_stopped(self) -> None:
        self.get_logger().error(f'stopped: {self.controller.stopped}')
        self._publish_status()

    def end(self, why: str) -> None:
        """End driving in order: send the safe action, if it has not been sent yet."""
        if self._driving:
            self._commands.publish(self._command.fill(0, self.controller.stop(why)))
            self._commands.wait_for_all_acked(_DELIVERY)
            self.get_logger().info(f'ended: {why}')
            self._publish_status()
        self._active = False

    def _publish_status(self) -> None:
        self._status_at = time.monotonic()
        message = self._status.message(
            self.get_clock().now().nanoseconds, self._active, self._heard is not None
        )
        self._statuses.publish(message)
        self._diagnostics.publish(message)


def _work(session: Session) -> int:
    node = session.node
    session.require_alone()
    if node.autostart:
        for transition in (node.trigger_configure, node.trigger_activate):
            if transition() != _SUCCESS:
                raise NodeError(f'could not be started: {node.failure}')
    why = 'an error'
    try:
        while not session.stopping:
            session.spin_once()
        why = 'asked to end'
    finally:  # whatever a callback raises, send the safe action first
        node.end(why)
    session.spin_for(0.05)
    return 0


def main() -> int:
    """Entry point of the executable."""
    return run_node(PolicyNode, _work)


if __name__ == '__main__':
    sys.exit(main())
