"""sim_node: Walker2d on the graph, in lockstep or in real time.

Publishes ``joint_states``, ``odom``, ``imu/data``, ``/clock`` and ``~/episode``; subscribes to
``commands``; serves ``~/reset``, ``~/pause`` and ``~/step``.

In lockstep, a step is taken once the command that answers its stamp has arrived, as fast as the
graph allows. In real time, steps follow the wall clock at 125 Hz, unless a fault of the clock is
injected; a command is applied in the very period whose observation it answers if it arrives
within that period, else the last one is held and the period counts as late.
"""

import json
import math
import sys
import time

import numpy as np
from rclpy.node import Node
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray, Header
from std_srvs.srv import SetBool, Trigger

from liquid_control import paths
from liquid_control.control.bundle import Bundle
from liquid_control.control.contract import Contract
from liquid_control.control.stamps import time_ns
from liquid_control.control.topics import DROPPED, answered_stamp
from liquid_control.faults import SimulationFaults, parse
from liquid_control.nodes.parameters import Parameters
from liquid_control.nodes.session import NodeError, Session, run_process
from liquid_control.nodes.sim_messages import SensorPublishers
from liquid_control.nodes.wire import clock_message, qos, set_stamp
from liquid_control.sim import walker2d
from liquid_control.sim.world import World

_ROW = (
    'episode', 'seed', 'step', 'reward', 'return', 'terminated', 'truncated', 'done',
    'command_latency', 'late',
)  # fmt: skip
_RETRY_S, _SHOWN_S = 0.2, 0.05
_PAUSED_S = 0.5
_REPORT_S = 0.2


class SimNode(Node):
    """One world, its publishers and the answer it waits for."""

    def __init__(self):
        super().__init__('sim')
        declare = Parameters(self)
        robot = declare.get('robot', 'walker2d', 'Contract: a name, or a path to its YAML.')
        policy = declare.get(
            'policy', '', 'Bundle that drives: only samples withheld from the topics it reads '
            'excuse a missing command; empty: those withheld from any topic.',
        )  # fmt: skip
        mode = declare.get('mode', 'lockstep', 'How time passes.', choices=('lockstep', 'realtime'))
        self._seed = declare.get('seed', 0, 'Seed of the first episode; counts up.', low=0)
        self._episodes = declare.get('episodes', 1, 'Episodes to run; 0: without end.', low=0)
        self._steps = declare.get(
            'steps', walker2d.EPISODE_STEPS, 'Longest episode in control periods.', low=1
        )
        self._wait_for = declare.get(
            'wait_for', 1, 'Subscribers of joint_states to wait for before the start.', low=0
        )
        self._start_timeout = declare.get(
            'start_timeout', 60.0, 'Longest wait for the graph to come up, s.', low=0.1
        )
        self._command_timeout = declare.get(
            'command_timeout', 10.0, 'Lockstep: longest wait for a command, s.', low=0.1
        )
        self._paused = declare.get('start_paused', False, 'Wait for ~/step or ~/pause false.')
        fault = declare.get('fault', 'none', 'Faults; those of sensors act in the fault node.')
        self._progress = declare.get(
            'progress', 'log', 'How to report progress.', choices=('log', 'json', 'none')
        )
        self._priority = declare.priority()
        declare.done()
        self.lockstep = mode == 'lockstep'
        self.robot = Contract.load(path := paths.robot(robot))
        read = Bundle.read(paths.policy(policy, path)).contract if policy else self.robot
        self._read = frozenset(read.topics)
        self.world = World(episode_gap=self.robot.max_gap + 1.0)
        self._faults = SimulationFaults(parse(fault), self._seed, self.robot.action)
        self._safe = np.array(self.robot.action.safe)
        self._lower, self._upper = map(np.array, (self.robot.action.lower, self.robot.action.upper))
        self._held = self._safe.copy()
        self._answered_at: float | None = None
        self._unanswerable = False
        self._open()
        self._reported = 0.0
        self._steps_asked = 0
        self._reset_asked = False
        self.refused = 0

    def _open(self) -> None:
        profile = qos(lockstep=self.lockstep, reliable=True, depth=10)
        self._sensors = SensorPublishers(self, profile)
        self._time = self.create_publisher(Clock, '/clock', 10)
        rows = qos(lockstep=self.lockstep, reliable=True, depth=100)
        self._rows = self.create_publisher(JointState, '~/episode', rows)
        self._row = JointState(name=list(_ROW))
        commands = self.robot.action.topic
        self.create_subscription(Float64MultiArray, commands, self._on_command, profile)
        self.create_subscription(Header, DROPPED, self._on_dropped, profile)
        self.create_service(Trigger, '~/reset', self._on_reset)
        self.create_service(SetBool, '~/pause', self._on_pause)
        self.create_service(Trigger, '~/step', self._on_step)

    def _on_command(self, message: Float64MultiArray) -> None:
        values = np.array(message.data)
        if values.shape != self._safe.shape or not np.isfinite(values).all():
            self.refused += 1
            self.get_logger().error(
                f'{self.robot.action.topic}: refused: expected {self._safe.size} finite values, '
                f'found {values.tolist()}',
                throttle_duration_sec=1.0,
            )
            return
        self._held = np.clip(values, self._lower, self._upper)
        stamp = answered_stamp(message)
        if stamp in (None, self.world.stamp_ns) and self._answered_at is None:
            self._answered_at = time.monotonic()
            self._unanswerable = False

    def _on_dropped(self, message: Header) -> None:
        if message.frame_id in self._read and time_ns(message.stamp) == self.world.stamp_ns:
            self._unanswerable = True

    def _on_reset(self, request, response):
        self._reset_asked = True
        response.success, response.message = True, 'the next episode starts after this period'
        return response

    def _on_pause(self, request, response):
        self._paused = bool(request.data)
        response.success, response.message = True, 'paused' if self._paused else 'running'
        return response

    def _on_step(self, request, response):
        response.success = self._paused
        response.message = 'one step' if self._paused else 'not paused: set ~/pause to true first'
        self._steps_asked += self._paused
        return response

    def run(self, session: Session) -> int:
        """Run all episodes; return the exit code.

        Raises:
            NodeError: the graph did not come up, or a command did not come in lockstep.
        """
        session.require_alone()
        session.raise_priority(self._priority)
        self._wait_for_graph(session)
        episode = 0
        while not session.stopping and (self._episodes == 0 or episode < self._episodes):
            self._run_episode(session, episode, last=episode + 1 == self._episodes)
            episode += 1
        session.deliver(self._rows, *self._sensors.all)
        return 0

    def _wait_for_graph(self, session: Session) -> None:
        commands = self.robot.action.topic

        def up() -> bool:
            return self._sensors.pace.get_subscription_count() >= self._wait_for and (
                self._wait_for == 0
                # A recorder subscribes to the commands too, as this node itself does.
                or (
                    self.count_publishers(commands) > 0
                    and self.count_subscribers(commands) >= self._wait_for
                )
            )

        if not session.spin_for(self._start_timeout, up) and not session.stopping:
            raise NodeError(
                f'waited {self._start_timeout:g} s: joint_states has '
                f'{self._sensors.pace.get_subscription_count()} subscribers of {self._wait_for}, '
                f'{self.robot.action.topic} has {self.count_publishers(self.robot.action.topic)} '
                'publishers of 1; is a policy node running in this ROS domain?'
            )

    def _run_episode(self, session: Session, episode: int, last: bool) -> None:
        seed = self._seed + episode
        self.world.reset(seed)
        self._faults.restart()
        self._held = self._safe.copy()
        self._reset_asked = False
        total, missed, tick = 0.0, 0, time.monotonic()
        terminated = truncated = False
        while not (terminated or truncated):
            if self._hold_while_paused(session):
                tick = time.monotonic()
            now, step = self.world.stamp_ns, self.world.steps
            self.world.use(self._faults.model(self.world.nominal, now, step))
            self._length = self._faults.period(now, step)
            if episode == 0 and self.world.steps == 0:
                self._observe_until_answered(session)
                tick = self._published_at
            else:
                self._observe()
                self._wait_for_answer(session, tick + self._length * walker2d.PERIOD_S)
            if session.stopping:
                return
            late = self._answered_at is None and not self._unanswerable
            reward, terminated = self.world.step(self._faults.act(self._held, now), self._length)
            total, missed = total + reward, missed + int(late)
            truncated = self.world.steps >= self._steps or self._reset_asked
            over = terminated or truncated
            self._publish_row(
                (episode, seed, self.world.steps, reward, total, terminated, truncated,
                 last and over, self._latency(), late)
            )  # fmt: skip
            self._report(episode, total, missed, terminated, over)
            tick = self._next_period(session, tick)

    def _report(
        self, episode: int, total: float, missed: int, terminated: bool, over: bool
    ) -> None:
        """Print or log how far the run is, as asked: from time to time, and as episodes end."""
        step, now = self.world.steps, time.monotonic()
        if self._progress == 'json' and (over or now - self._reported > _REPORT_S):
            self._reported = now
            told = {
                'episode': episode, 'step': step, 'return': total, 'ratio': None, 'over': over,
                'terminated': terminated, 'missed': missed,
            }  # fmt: skip
            print(json.dumps(told), flush=True)
        elif self._progress == 'log' and over:
            end = 'a fall' if terminated else 'its last step'
            late = '' if self.lockstep else f', {missed} deadlines missed'
            self.get_logger().info(
                f'episode {episode} ended with {end} after {step} steps: return {total:.0f}{late}'
            )

    def _next_period(self, session: Session, tick: float) -> float:
        """Wait for the end of the period that began at ``tick``; return when the next begins."""
        if self.lockstep:
            return tick
        tick += self._length * walker2d.PERIOD_S
        session.spin_for(tick - time.monotonic())
        behind = time.monotonic() - tick
        if behind > walker2d.PERIOD_S:
            self.get_logger().warning(
                f'{behind * 1e3:.0f} ms behind the wall clock; continuing from here',
                throttle_duration_sec=5.0,
            )
            tick += behind
        return tick

    def _observe(self) -> None:
        self._answered_at, self._unanswerable = None, False
        messages = self.world.messages()
        self._published_at = time.monotonic()
        self._sensors.publish(messages)
        self._publish_clock()

    def _publish_clock(self) -> None:
        self._time.publish(clock_message(self.world.stamp_ns))

    def _answered(self) -> bool:
        return self._answered_at is not None or self._unanswerable

    def _observe_until_answered(self, session: Session) -> None:
        """Begin a run: wait until the first observation, repeated in real time, is answered."""
        end = time.monotonic() + self._start_timeout
        self._observe()
        while not session.spin_for(_RETRY_S, self._answered) and not session.stopping:
            if time.monotonic() > end:
                raise NodeError(
                    f'no command answered the first observation within {self._start_timeout:g} s; '
                    'is the policy node active, and does it read the topics that are published?'
                )
            if self.lockstep:
                self._publish_clock()  # a monitor must not take the wait for the end
            else:
                self._show_that_time_moves(session)
                self._observe()

    def _show_that_time_moves(self, session: Session) -> None:
        """Show the time of the period before: a policy does not drive by a clock that stands."""
        before = self.world.stamp_ns - round(walker2d.PERIOD_S * 1e9)
        self._time.publish(clock_message(before))
        session.spin_for(_SHOWN_S)

    def _wait_for_answer(self, session: Session, deadline: float) -> None:
        if not self.lockstep:
            session.spin_for(deadline - time.monotonic(), self._answered)
        elif not session.spin_for(self._command_timeout, self._answered) and not session.stopping:
            raise NodeError(
                f'no command for stamp {self.world.stamp_ns} within {self._command_timeout:g} s '
                f'(step {self.world.steps}): has the policy node stopped or died?'
            )

    def _hold_while_paused(self, session: Session) -> bool:
        """Wait until the next step may be taken; return whether time was paused."""
        held = self._paused
        told = time.monotonic()
        while self._paused and not self._steps_asked and not session.stopping:
            session.spin_once()
            if time.monotonic() - told > _PAUSED_S:  # show that the node is alive
                told = time.monotonic()
                self._publish_clock()
        self._steps_asked = max(self._steps_asked - 1, 0)
        return held

    def _latency(self) -> float:
        return math.nan if self._answered_at is None else self._answered_at - self._published_at

    def _publish_row(self, values: tuple) -> None:
        self._row.position = [float(value) for value in values]
        set_stamp(self._row, self.world.stamp_ns)
        self._rows.publish(self._row)


def main() -> int:
    """Entry point of the executable."""
    return run_process(SimNode, lambda session: session.node.run(session))


if __name__ == '__main__':
    sys.exit(main())
