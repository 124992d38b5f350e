"""monitor_node: records the graph as a bag, watches the predictions live, measures at the end.

Everything that it reports at the end is computed from the bag it wrote, by the same code that
evaluates any recorded run.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node
from rclpy.subscription import Subscription

from liquid_control import paths
from liquid_control.control.bundle import Bundle
from liquid_control.control.contract import Contract
from liquid_control.control.runtime import PolicyRunner
from liquid_control.control.topics import (
    BAG_ENDED,
    DROPPED,
    EPISODE,
    FAULTY,
    PREDICTION,
    SHADOW,
    STATUS,
)
from liquid_control.evaluation.losses import losses, lost_text
from liquid_control.evaluation.runs import about_run
from liquid_control.faults import SensorFault, of_kind, parse
from liquid_control.nodes.intake import QUEUE, Intake
from liquid_control.nodes.live_run import LiveRun
from liquid_control.nodes.parameters import Parameters
from liquid_control.nodes.recorder import Recorder
from liquid_control.nodes.run_end import STOPPED, finish
from liquid_control.nodes.session import Session, run_process
from liquid_control.nodes.wire import diagnostic, diagnostics, qos
from liquid_control.provenance import provenance, write_json
from liquid_control.replay.live import LiveAlarm

_BATCH_S = 0.02
"""Time between two batches of messages that are taken from their queues."""
_PROGRESS_S, _REPORT_S = 0.2, 1.0
_LAST_STATUS_S = 1.5
_SETTLE_S, _DRAIN_S, _QUIET_S = 10.0, 1.0, 0.3
_LONGEST_LOOP_S = 0.5
"""Most of one loop that counts as silence: this process itself may have been suspended."""
_REPAIR_S = 4.0
"""Silence after which nothing more will come: Fast DDS repairs losses at its 3 s heartbeat."""
_JOINT_STATE = 'sensor_msgs/msg/JointState'
_DIAGNOSTICS = 'diagnostic_msgs/msg/DiagnosticArray'


class MonitorNode(Node):
    """Subscribes to everything of a run, records it, and follows it."""

    def __init__(self):
        super().__init__('monitor')
        declare = Parameters(self)
        robot = declare.get('robot', 'walker2d', 'Contract: a name, or a path to its YAML.')
        policy = declare.get('policy', 'cfc', 'Bundle: a name, or a path to its file.')
        self._fault = declare.get('fault', 'none', 'Faults of the run.')
        predictor = declare.get(
            'predictor',
            '',
            "Path of a predictor's bundle whose alarm watches the robot; empty: none.",
        )
        seed = declare.get('seed', 0, 'Seed of the run.', low=0)
        episodes = declare.get('episodes', 1, 'Episodes of the run.', low=0)
        self._mode = declare.get(
            'mode', 'robot', 'What is observed.',
            choices=('lockstep', 'realtime', 'robot', 'replay'),
        )  # fmt: skip
        waits = declare.get('lockstep', True, 'Mode replay: the recording waits for every answer.')
        folder = declare.get('run_folder', 'runs/latest', 'Folder to write; must hold no bag.')
        command = declare.get('command', '', 'Command line that started the run.')
        self._seconds = declare.get('seconds', 0.0, 'End after this time, s; 0: never.', low=0.0)
        self._silence = declare.get(
            'silence', 15.0, 'Simulation: longest silence before the run is given up, s.', low=0.1
        )
        self._startup = declare.get(
            'start_timeout', 60.0, 'Longest wait for the first message, s.', low=0.1
        )
        self._progress = declare.get(
            'progress', 'log', 'How to report progress.', choices=('log', 'json', 'none')
        )
        self._page = declare.get('report', True, 'Write report.html at the end.')
        declare.done()
        self._lockstep = self._mode == 'lockstep' or (self._mode == 'replay' and waits)
        self.folder = Path(folder)
        self._contract = Contract.load(robot_path := paths.robot(robot))
        self._bundle = Bundle.read(paths.policy(policy, robot_path))
        watch = LiveAlarm(PolicyRunner(predictor), self._contract) if predictor else None
        self._live = LiveRun(self._contract, self._bundle, watch, self.get_logger().error)
        self._open(command, seed, episodes)

    def _open(self, command: str, seed: int, episodes: int) -> None:
        faulty = of_kind(parse(self._fault), SensorFault)
        observed = {t: FAULTY + t if faulty else t for t in self._contract.topics}
        self.folder.mkdir(parents=True, exist_ok=True)
        self._recorder = Recorder(self.folder / 'bag')
        self._run = about_run(
            self._contract, self._bundle, mode=self._mode, fault=self._fault, seed=seed,
            episodes=episodes, observed=self._recorded(observed),
            provenance=provenance(**({'command': command} if command else {})),
        )  # fmt: skip
        write_json(self.folder / 'run.json', self._run)
        self._intake = Intake(self, self._recorder, self._refuse)
        self._sources = tuple(observed.values())
        self.heard: float | None = None
        self._silent = self._told = self._reported = 0.0
        self._subscribe_all(observed)
        self._diagnostics = self.create_publisher(DiagnosticArray, '/diagnostics', 10)

    @property
    def subscriptions(self) -> Iterator[Subscription]:
        """Those that the executor handles: not the recorded ones, which are taken in batches."""
        intake = getattr(self, '_intake', None)
        taken = intake.subscriptions if intake else ()
        yield from (s for s in super().subscriptions if s not in taken)

    def _refuse(self, topic: str, error: Exception) -> None:
        self.get_logger().error(
            f'{topic}: recorded, but not followed: {error}', throttle_duration_sec=1.0
        )

    def _recorded(self, observed: dict[str, str]) -> dict[str, str]:
        """Return topic name in the contract or this package → its name in the bag."""
        named = {**observed, **{t: t for t in (self._contract.action.topic, PREDICTION)}}
        return {t: self.resolve_topic_name(source).strip('/') for t, source in named.items()}

    def _subscribe_all(self, observed: dict[str, str]) -> None:
        sensors, simulated = self._mode != 'robot', self._mode in ('lockstep', 'realtime')
        live = self._live
        for topic, kind in self._contract.topics.items():
            source, follow = observed[topic], live.sensor(topic)
            self._subscribe(
                topic, kind, reliable=sensors, follow=follow if source == topic else None
            )
            if source != topic:
                self._subscribe(source, kind, follow=follow)
        action = self._contract.action
        if action.topic not in self._contract.topics:  # else already subscribed to
            self._subscribe(action.topic, action.type, reliable=sensors)
        self._subscribe(PREDICTION, _JOINT_STATE, follow=live.on_prediction)
        self._subscribe(STATUS, _DIAGNOSTICS, streamed=False)
        self._subscribe('/diagnostics', _DIAGNOSTICS, streamed=False)
        if not simulated:
            self._subscribe(SHADOW, action.type)
        if self._mode == 'replay':
            self._subscribe(
                BAG_ENDED, 'std_msgs/msg/Header', follow=live.on_bag_ended, at_once=True
            )
        if simulated:
            self._subscribe(EPISODE, _JOINT_STATE, follow=live.on_row, at_once=True)
            self._subscribe('/clock', 'rosgraph_msgs/msg/Clock', streamed=False)
            for topic, kind in (
                ('odom', 'nav_msgs/msg/Odometry'),
                ('imu/data', 'sensor_msgs/msg/Imu'),
            ):
                if topic not in self._contract.topics:
                    self._subscribe(topic, kind)
        if any(topic != source for topic, source in observed.items()):
            self._subscribe(DROPPED, 'std_msgs/msg/Header', follow=live.on_dropped, at_once=True)

    def _subscribe(
        self, topic: str, type_name: str, *, reliable: bool = True, streamed: bool = True, **more
    ) -> None:
        # Statuses, including this node's own, are sent whether or not anything happens.
        lockstep = streamed and self._lockstep
        profile = qos(lockstep=lockstep, reliable=reliable, depth=QUEUE)
        self._intake.subscribe(topic, type_name, profile, streamed=streamed, **more)

    def _spin(self, session: Session, seconds: float = _BATCH_S) -> None:
        """Handle services, then take the next batch of messages."""
        session.spin_once(seconds)
        self._take()

    def _take(self, last: bool = False) -> None:
        topics = self._intake.take(last)
        if self._intake.streamed(topics):
            self.heard, self._silent = time.monotonic(), 0.0
        elif '/clock' in topics:  # still published, with unchanged time, while paused
            self._silent = 0.0

    def run(self, session: Session) -> int:
        """Follow the run to its end; return the exit code."""
        try:
            return self._finish(self._follow(session))
        finally:
            self._recorder.close()

    def _follow(self, session: Session) -> str:
        """Record to the end of the run; return why it ended."""
        session.require_alone()
        started = now = time.monotonic()
        ended = None
        while ended is None:
            self._spin(session)
            before, now = now, time.monotonic()
            self._silent += min(now - before, _LONGEST_LOOP_S)
            self._recorder.save()
            self._tell()
            self._report()
            ended = STOPPED if session.stopping else self._ended(time.monotonic() - started)
        if session.stopping:
            self._drain(session)
        if ended == 'done' and self._lockstep:
            # Nothing may be lost, but a message can still be on its way, or being resent, and a
            # publisher that was discovered late still has everything that it sent.
            self._spin_until(session, _SETTLE_S, self._settled)
        taken_at = self._intake.taken_at
        if ended == 'done' and STATUS in taken_at:
            before = taken_at[STATUS]
            self._spin_until(session, _LAST_STATUS_S, lambda: taken_at[STATUS] > before)
        self._take(last=True)
        return ended

    def _spin_until(self, session: Session, seconds: float, met: Callable[[], bool]) -> None:
        end = time.monotonic() + seconds
        while not met() and time.monotonic() < end and not session.stopping:
            self._spin(session)

    def _drain(self, session: Session) -> None:
        """Take in what has arrived; if more keeps coming, for a limited time."""
        end, count = time.monotonic() + _DRAIN_S, -1
        while count != self._recorder.count and time.monotonic() < end:
            count = self._recorder.count
            quiet = time.monotonic() + _QUIET_S
            while count == self._recorder.count and time.monotonic() < quiet:
                self._spin(session)

    def _settled(self) -> bool:
        if self.heard is None:
            return True
        quiet = time.monotonic() - self.heard
        return quiet > (_REPAIR_S if self._lacking() else _QUIET_S)

    def _lacking(self) -> bool:
        """Whether any of the messages that every step should have are missing."""
        counts = self._intake.counts
        if self._mode == 'replay':
            steps, topics = self._live.observed, (SHADOW,)
        else:
            steps = counts[EPISODE] - len(self._live.withheld)
            topics = (self._contract.action.topic, *self._sources)
        return any(counts[topic] < steps for topic in (PREDICTION, *topics))

    def _ended(self, passed: float) -> str | None:
        """Return why the run is over; None while it is not."""
        if self._live.last_row.get('done') or (self._seconds and passed > self._seconds):
            return 'done'
        if self._live.bag_ended is not None:
            return self._live.bag_ended
        if self.heard is None:
            late = passed > self._startup and self._mode != 'robot'
            return f'no message within {self._startup:g} s' if late else None
        if self._mode != 'robot' and self._silent > self._silence:
            source = 'recording' if self._mode == 'replay' else 'simulation'
            return f'the {source} fell silent {self._silent:.1f} s ago: has it died?'
        return None

    def _finish(self, ended: str) -> int:
        self._recorder.close()
        log = self.get_logger()
        log.info(f'{self._recorder.count} messages in {self.folder / "bag"}')
        run = {**self._run, 'lost': self._intake.lost()}
        return finish(self.folder, run, ended, self._page, log)

    def _tell(self) -> None:
        """Print or log the progress of the run, as asked."""
        now = time.monotonic()
        period = _REPORT_S if self._progress == 'log' else _PROGRESS_S
        if self._progress == 'none' or now - self._told < period or self.heard is None:
            return
        self._told = now
        so_far = self._live.so_far()
        if self._progress == 'json':
            print(json.dumps(so_far), flush=True)
        elif self._live.last_row:
            ratio = so_far['ratio']
            shown = 'none yet' if ratio is None else f'{ratio:.3f}'
            self.get_logger().info(
                f'episode {so_far["episode"]}, step {so_far["step"]}, return '
                f'{so_far["return"]:.0f}, prediction error / persistence {shown}'
            )

    def _report(self) -> None:
        """Publish diagnostics once a second, whatever is heard and however progress is told."""
        now = time.monotonic()
        if now - self._reported < _REPORT_S:
            return
        self._reported = now
        lost = losses(self._intake.lost())
        values = {
            'messages': self._recorder.count,
            'lost': sum(n['lost'] for n in lost.values()),
            'not_followed': self._intake.refused + self._intake.skipped,
            **self._live.so_far(),
        }
        state = 'running'
        if lost:
            state = f'messages were lost: {lost_text(lost)}'
            self.get_logger().warning(state, throttle_duration_sec=10.0)
        run = diagnostic('monitor: run', self._contract.robot, '', values, state, warn=bool(lost))
        statuses = (run, *self._live.trust())
        self._diagnostics.publish(diagnostics(*statuses))


def main() -> int:
    """Entry point of the executable."""
    return run_process(MonitorNode, lambda session: session.node.run(session))


if __name__ == '__main__':
    sys.exit(main())
