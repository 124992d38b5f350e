"""sim_node: a simulated robot on the graph, in lockstep or in real time.

Publishes ``joint_states``, ``/clock`` and ``~/episode``, and ``odom`` and ``imu/data`` if the robot
has a base; subscribes to the contract's command topic; serves ``~/reset``, ``~/pause`` and
``~/step``.

In lockstep, a step is taken once the command that answers its stamp has arrived, as fast as the
graph allows. In real time, steps follow the wall clock at the contract's rate, unless a fault of
the clock is injected; a command is applied in the very period whose observation it answers if it
arrives within that period, else the last one is held and the period counts as late.
"""

import sys
import time

from rclpy.node import Node
from rosgraph_msgs.msg import Clock

from liquid_control import paths
from liquid_control.control.bundle import Bundle
from liquid_control.control.contract import Contract
from liquid_control.faults import Restamping, SimulationFaults, check_model, check_periods, parse
from liquid_control.nodes.log_lines import BEGUN
from liquid_control.nodes.parameters import Parameters
from liquid_control.nodes.policy_stop import PolicyStop
from liquid_control.nodes.session import NodeError, Session, run_process
from liquid_control.nodes.sim_commands import SimCommands
from liquid_control.nodes.sim_episode import Episode, EpisodeReport
from liquid_control.nodes.sim_messages import SensorPublishers
from liquid_control.nodes.sim_services import SimServices
from liquid_control.nodes.wire import clock_message, qos
from liquid_control.sim import robot_of, simulated_contract
from liquid_control.sim.world import World

_RETRY_S, _SHOWN_S = 0.2, 0.05
_PAUSED_S = 0.5


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
        steps = declare.get(
            'steps', 0, "Longest episode in nominal control periods; 0: the robot's own.", low=0
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
        self._end_on_stop = declare.get(
            'end_on_stop', False, 'End the run when the policy stops driving.'
        )
        paused = declare.get('start_paused', False, 'Wait for ~/step or ~/pause false.')
        fault = declare.get('fault', 'none', 'Faults; those of sensors act in the fault node.')
        thin = declare.get(
            'thin', True, "Whether the policy leaves out readings beyond the contract's rate."
        )
        progress = declare.get(
            'progress', 'log', 'How to report progress.', choices=('log', 'json', 'none')
        )
        self._priority = declare.priority()
        declare.done()
        self.lockstep = mode == 'lockstep'
        self.robot = Contract.load(path := simulated_contract(robot))
        bundle = Bundle.read(paths.policy(policy, path)) if policy else None
        read = bundle.contract if bundle else self.robot
        trained = bundle.trained_elapsed if bundle else None
        simulated = robot_of(self.robot)
        self._period_s = simulated.period_s
        self.world = World(simulated, self.robot)
        check_model(faults := parse(fault), self.world.nominal)
        check_periods(faults, simulated.step_ns, self.robot.period_ns)
        self._steps = steps or simulated.episode_steps
        self._faults = SimulationFaults(faults, self._seed, self.robot.action, self.robot.period_ns)
        pace = next(iter(read.topics))
        self._restamping = Restamping(self.robot, faults, self._seed, pace)
        profile = qos(lockstep=self.lockstep, reliable=True, depth=10)
        self._sensors = SensorPublishers(self, simulated, profile)
        self._time = self.create_publisher(Clock, '/clock', 10)
        self._report = EpisodeReport(self, self.lockstep, progress)
        self._commands = SimCommands(self, self.robot, read.topics, profile, thin, trained)
        self._requests = SimServices(self, paused)
        self._policy = PolicyStop(self)

    def run(self, session: Session) -> int:
        """Run all episodes; return the exit code.

        Raises:
            NodeError: the graph did not come up, or a command did not come in lockstep.
        """
        session.require_alone()
        session.raise_priority(self._priority)
        self._wait_for_graph(session)
        index = 0
        while not session.stopping and (self._episodes == 0 or index < self._episodes):
            last = index + 1 == self._episodes
            episode = Episode(index, self._seed + index, last)
            self._run_episode(session, episode)
            if episode.stopped:
                self.get_logger().error(f'the policy stopped driving: {self._policy.why}')
                break
            index += 1
        session.deliver(self._report.publisher, *self._sensors.all)
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
                f'{commands} has {self.count_publishers(commands)} '
                'publishers of 1; is a policy node running in this ROS domain?'
            )

    def _run_episode(self, session: Session, episode: Episode) -> None:
        world, commands, faults = self.world, self._commands, self._faults
        by_clock = not faults.nominal_on_average
        world.reset(episode.seed)
        faults.restart()
        commands.restart()
        self._requests.reset_asked = False
        tick = time.monotonic()
        while not episode.over:
            if self._hold_while_paused(session):
                tick = time.monotonic()
            world.use(faults.model(world.nominal, world.stamp_ns, world.steps))
            length = world.whole(faults.period(world.stamp_ns, world.steps))
            if episode.index == 0 and world.steps == 0:
                self._observe_until_answered(session)
                self.get_logger().info(BEGUN)
                tick = commands.published_at
            else:
                self._observe()
                self._wait_for_answer(session, tick + length * self._period_s)
            if session.stopping:
                return
            late = commands.late
            reward, episode.terminated = world.step(
                faults.act(commands.held, world.stamp_ns), length
            )
            episode.step = world.steps
            episode.total += reward
            episode.missed += int(late)
            episode.silent_s = commands.silent_s
            over = world.passed(by_clock) >= self._steps
            episode.truncated = over or self._requests.reset_asked
            episode.stopped = self._stopped and not episode.over
            self._report.add(episode, reward, commands.latency, late, world.stamp_ns)
            tick = self._next_period(session, tick, length)

    @property
    def _stopped(self) -> bool:
        """Whether to end, because the policy has stopped; in lockstep, what it sent counts first,
        so that the last step does not depend on when its status arrives."""
        answered = self.lockstep and self._commands.settled()
        return self._end_on_stop and bool(self._policy.why) and not answered

    def _next_period(self, session: Session, tick: float, length: float) -> float:
        """Wait for the end of the period that began at ``tick``; return when the next begins."""
        if self.lockstep:
            return tick
        tick += length * self._period_s
        session.spin_for(tick - time.monotonic())
        behind = time.monotonic() - tick
        if behind > self._period_s:
            self.get_logger().warning(
                f'{behind * 1e3:.0f} ms behind the wall clock; continuing from here',
                throttle_duration_sec=5.0,
            )
            tick += behind
        return tick

    def _observe(self) -> None:
        messages = self.world.messages()
        self._commands.expect(self.world.stamp_ns, self._restamping.stamp(messages))
        self._sensors.publish(messages)
        self._publish_clock()

    def _publish_clock(self) -> None:
        self._time.publish(clock_message(self.world.stamp_ns))

    def _observe_until_answered(self, session: Session) -> None:
        """Begin a run: wait until the first observation, repeated in real time, is answered."""
        end = time.monotonic() + self._start_timeout
        self._observe()
        while not session.spin_for(_RETRY_S, self._settled) and not session.stopping:
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
        if self._stopped and not self._commands.settled():
            raise NodeError(
                f'the policy stopped driving at its first observation: {self._policy.why}'
            )

    def _show_that_time_moves(self, session: Session) -> None:
        """Show the time of the period before: a policy does not drive by a clock that stands."""
        before = self.world.stamp_ns - self.robot.period_ns
        self._time.publish(clock_message(before))
        session.spin_for(_SHOWN_S)

    def _settled(self) -> bool:
        """Whether no answer to the observation is awaited any more."""
        return self._commands.settled() or self._stopped

    def _wait_for_answer(self, session: Session, deadline: float) -> None:
        if not self.lockstep:
            session.spin_for(deadline - time.monotonic(), self._settled)
        elif not session.spin_for(self._command_timeout, self._settled) and not session.stopping:
            raise NodeError(
                f'no command for stamp {self.world.stamp_ns} within {self._command_timeout:g} s '
                f'(step {self.world.steps}): has the policy node stopped or died?'
            )

    def _hold_while_paused(self, session: Session) -> bool:
        """Wait until the next step may be taken; return whether time was paused."""
        paused = self._requests.paused
        shown = time.monotonic()
        while self._requests.waiting and not session.stopping:
            session.spin_once()
            if time.monotonic() - shown > _PAUSED_S:  # show that the node is alive
                shown = time.monotonic()
                self._publish_clock()
        self._requests.take_step()
        return paused


def main() -> int:
    """Entry point of the executable."""
    return run_process(SimNode, lambda session: session.node.run(session))


if __name__ == '__main__':
    sys.exit(main())
