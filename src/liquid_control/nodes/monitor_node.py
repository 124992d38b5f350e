"""monitor_node: records the graph as a bag, watches the predictions live, measures at the end.

Everything that it reports at the end is computed from the bag it wrote, by the same code that
evaluates any recorded run.
"""

import json
import sys
import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.node import Node
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import JointState
from std_msgs.msg import Header

from liquid_control import paths
from liquid_control.control.bundle import Bundle
from liquid_control.control.contract import Contract
from liquid_control.control.observe import ObservationError, Observer, stamp_ns, time_ns
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
from liquid_control.evaluation.live import LiveAccuracy, LiveAlarm
from liquid_control.evaluation.metrics import measure
from liquid_control.evaluation.runs import about_run
from liquid_control.nodes.parameters import Parameters
from liquid_control.nodes.recorder import Recorder
from liquid_control.nodes.session import Session, run_process
from liquid_control.nodes.wire import diagnostic, diagnostics, message_type, qos
from liquid_control.provenance import provenance, write_json

_PROGRESS_S, _REPORT_S = 0.2, 1.0
_LAST_STATUS_S = 1.5
_SETTLE_S, _DRAIN_S, _QUIET_S = 10.0, 1.0, 0.3
_LONGEST_LOOP_S = 0.5
"""Most of one loop that counts as silence: this process itself may have been suspended."""
_REPAIR_S = 4.0
"""Silence after which nothing more will come: Fast DDS repairs losses at its 3 s heartbeat."""
_BLIND_S = 5.0
"""Time without a score after which the trust alarm reports that it watches nothing."""
_JOINT_STATE = 'sensor_msgs/msg/JointState'
_DIAGNOSTICS = 'diagnostic_msgs/msg/DiagnosticArray'


class MonitorNode(Node):
    """Subscribes to everything of a run, records it, and follows it."""

    def __init__(self):
        super().__init__('monitor')
        declare = Parameters(self)
        robot = declare.get('robot', 'walker2d', 'Contract: a name, or a path to its YAML.')
        policy = declare.get('policy', 'cfc', 'Bundle: a name, or a path to its file.')
        self._fault = declare.get('fault', 'none', 'Faults that the fault node injects.')
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
        declare.done()
        self._lockstep = self._mode == 'lockstep' or (self._mode == 'replay' and waits)
        self.folder = Path(folder)
        self._contract = Contract.load(robot_path := paths.robot(robot))
        self._bundle = Bundle.read(paths.policy(policy, robot_path))
        self.watch = None
        if predictor:
            self.watch = LiveAlarm(PolicyRunner(predictor), self._contract)
        self._open(command, seed, episodes)

    def _open(self, command: str, seed: int, episodes: int) -> None:
        faulty = self._fault.strip() not in ('', 'none')
        observed = {t: FAULTY + t if faulty else t for t in self._contract.topics}
        self.folder.mkdir(parents=True, exist_ok=True)
        self._recorder = Recorder(self.folder / 'bag')
        self._run = about_run(
            self._contract, self._bundle, mode=self._mode, fault=self._fault, seed=seed,
            episodes=episodes, observed=self._recorded(observed),
            provenance=provenance(**({'command': command} if command else {})),
        )  # fmt: skip
        write_json(self.folder / 'run.json', self._run)
        asked = self._bundle.contract.on(self._contract)
        scale = [
            (np.inf,) * len(term.channels) if term.hold else term.std or (1.0,) * len(term.channels)
            for term in asked.sensed
        ]
        self.accuracy = LiveAccuracy(np.concatenate(scale), asked.period_ns)
        self._observer = Observer(asked)
        self.last_row: dict[str, float] = {}
        self._counts: Counter[str] = Counter()
        self._withheld: set[int] = set()
        self.refused = 0
        self._observed = 0
        self._sources = tuple(observed.values())
        self.heard = self.status_heard = self.bag_ended = None
        self._silent = 0.0
        self._told = self._reported = 0.0
        self._scored, self._scored_at = 0, time.monotonic()
        self._subscribe_all(observed)
        self._diagnostics = self.create_publisher(DiagnosticArray, '/diagnostics', 10)

    def _recorded(self, observed: dict[str, str]) -> dict[str, str]:
        """Return topic name in the contract or this package → its name in the bag."""
        named = {**observed, **{t: t for t in (self._contract.action.topic, PREDICTION)}}
        return {t: self.resolve_topic_name(source).strip('/') for t, source in named.items()}

    def _subscribe_all(self, observed: dict[str, str]) -> None:
        sensors, simulated = self._mode != 'robot', self._mode in ('lockstep', 'realtime')
        for topic, kind in self._contract.topics.items():
            self._subscribe(topic, kind, reliable=sensors)
            if observed[topic] != topic:
                self._subscribe(observed[topic], kind, reliable=True)
        action = self._contract.action
        if action.topic not in self._contract.topics:  # else already subscribed to
            self._subscribe(action.topic, action.type, reliable=sensors)
        self._subscribe(PREDICTION, _JOINT_STATE)
        self._subscribe(STATUS, _DIAGNOSTICS, streamed=False)
        self._subscribe('/diagnostics', _DIAGNOSTICS, streamed=False)
        if not simulated:
            self._subscribe(SHADOW, action.type)
        if self._mode == 'replay':
            self._subscribe(BAG_ENDED, 'std_msgs/msg/Header')
        if simulated:
            self._subscribe(EPISODE, _JOINT_STATE)
            self._subscribe('/clock', 'rosgraph_msgs/msg/Clock', streamed=False)
            for topic, kind in (
                ('odom', 'nav_msgs/msg/Odometry'),
                ('imu/data', 'sensor_msgs/msg/Imu'),
            ):
                if topic not in self._contract.topics:
                    self._subscribe(topic, kind)
        if any(topic != source for topic, source in observed.items()):
            self._subscribe(DROPPED, 'std_msgs/msg/Header')
        self._followed = {
            EPISODE: self._on_row,
            PREDICTION: self._on_prediction,
            BAG_ENDED: self._on_bag_ended,
            DROPPED: self._on_dropped,
        }
        watched = self.watch.topics if self.watch else ()
        for topic, source in observed.items():
            if topic in self._bundle.contract.topics or topic in watched:
                self._followed[source] = partial(self._on_sensor, topic)

    def _subscribe(
        self, topic: str, type_name: str, *, reliable: bool = True, streamed: bool = True
    ) -> None:
        kind = message_type(type_name)
        record = self._recorder.add(self.resolve_topic_name(topic), type_name)
        profile = qos(lockstep=streamed and self._lockstep, reliable=reliable, depth=1000)
        receive = partial(self._on_message, topic, kind, record, streamed)
        self.create_subscription(kind, topic, receive, profile, raw=True)

    def _on_message(self, topic: str, kind: Any, record: Any, streamed: bool, raw: bytes) -> None:
        record(raw)
        self._counts[topic] += 1
        if topic == STATUS:
            self.status_heard = time.monotonic()
        # Statuses, including this node's own, are sent whether or not anything happens.
        if streamed:
            self.heard, self._silent = time.monotonic(), 0.0
        elif topic == '/clock':  # still published, with unchanged time, while paused
            self._silent = 0.0
        follow = self._followed.get(topic)
        if follow is None:
            return
        try:
            follow(deserialize_message(raw, kind))
        except Exception as error:  # whatever a message holds, it and the next are recorded
            self.refused += 1
            self.get_logger().error(
                f'{topic}: recorded, but not followed: {error}', throttle_duration_sec=1.0
            )

    def _on_row(self, message: JointState) -> None:
        self.last_row = dict(zip(message.name, message.position, strict=True))

    def _on_dropped(self, message: Header) -> None:
        if message.frame_id in self._bundle.contract.topics:
            self._withheld.add(time_ns(message.stamp))

    def _on_bag_ended(self, message: Header) -> None:
        self.bag_ended = message.frame_id or 'done'

    def _on_prediction(self, message: JointState) -> None:
        values = dict(zip(message.name, message.position, strict=True))
        channels = self._bundle.contract.sensed_channels
        if values.keys() != set(channels):
            raise ValueError(f'expected a prediction of {channels}, found {list(values)}')
        self.accuracy.predicted(stamp_ns(message), np.array([values[c] for c in channels]))

    def _on_sensor(self, topic: str, message: Any) -> None:
        try:
            if self.watch and topic in self.watch.topics:
                self._watch(topic, message)
            if topic not in self._bundle.contract.topics:
                return
            observed = self._observer.update(topic, message)
        except ObservationError:
            return  # the policy node refuses, counts and reports it
        if observed is not None:
            self._observed += 1
            self.accuracy.observed(*observed)

    def _watch(self, topic: str, message: Any) -> None:
        """Pass a message to the trust alarm; log when the alarm is raised."""
        before = self.watch.alarm.raised
        self.watch.heard(topic, message)
        if self.watch.alarm.raised and not before:
            self.get_logger().error(
                'the robot does not behave as the model knows it: ' + self.watch.status['joints']
            )

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
            session.spin_once()
            before, now = now, time.monotonic()
            self._silent += min(now - before, _LONGEST_LOOP_S)
            self._recorder.save()
            self._tell()
            self._report()
            ended = 'interrupted' if session.stopping else self._ended(time.monotonic() - started)
        if session.stopping:
            self._drain(session)
        if ended == 'done' and self._lockstep:
            # Nothing may be lost, but a message can still be on its way, or being resent, and a
            # publisher that was discovered late still has everything that it sent.
            session.spin_for(_SETTLE_S, self._settled)
        last_status, self.status_heard = self.status_heard, None
        if ended == 'done' and last_status is not None:
            session.spin_for(_LAST_STATUS_S, lambda: self.status_heard is not None)
        return ended

    def _drain(self, session: Session) -> None:
        """Take in what has arrived; if more keeps coming, for a limited time."""
        end, count = time.monotonic() + _DRAIN_S, -1
        while count != self._recorder.count and time.monotonic() < end:
            count = self._recorder.count
            session.spin_once(_QUIET_S)

    def _settled(self) -> bool:
        if self.heard is None:
            return True
        quiet = time.monotonic() - self.heard
        return quiet > (_REPAIR_S if self._lacking() else _QUIET_S)

    def _lacking(self) -> bool:
        """Whether any of the messages that every step should have are missing."""
        if self._mode == 'replay':
            steps, topics = self._observed, (SHADOW,)
        else:
            steps = self._counts[EPISODE] - len(self._withheld)
            topics = (self._contract.action.topic, *self._sources)
        return any(self._counts[topic] < steps for topic in (PREDICTION, *topics))

    def _ended(self, passed: float) -> str | None:
        """Return why the run is over; None while it is not."""
        if self.last_row.get('done') or (self._seconds and passed > self._seconds):
            return 'done'
        if self.bag_ended is not None:
            return self.bag_ended
        if self.heard is None:
            late = passed > self._startup and self._mode != 'robot'
            return f'no message within {self._startup:g} s' if late else None
        if self._mode != 'robot' and self._silent > self._silence:
            source = 'recording' if self._mode == 'replay' else 'simulation'
            return f'the {source} fell silent {self._silent:.1f} s ago: has it died?'
        return None

    def _finish(self, ended: str) -> int:
        self._recorder.close()
        self._run['ended'] = ended
        write_json(self.folder / 'run.json', self._run)
        metrics = measure(self.folder)
        log = self.get_logger()
        log.info(f'{self._recorder.count} messages in {self.folder / "bag"}')
        if ended in ('done', 'interrupted'):
            log.info(f'metrics in {self.folder / "metrics.json"}')
            if metrics['complete'] or ended == 'interrupted':
                return 0
            log.error(f'not complete: {metrics["why"]}')
            return 1
        log.error(f'{ended}; the recording so far is kept')
        return 1

    def _tell(self) -> None:
        """Print or log the progress of the run, as asked."""
        now = time.monotonic()
        period = _REPORT_S if self._progress == 'log' else _PROGRESS_S
        if self._progress == 'none' or now - self._told < period or self.heard is None:
            return
        self._told = now
        so_far = self._so_far()
        if self._progress == 'json':
            print(json.dumps(so_far), flush=True)
        elif self.last_row:
            ratio = so_far['ratio']
            shown = 'none yet' if ratio is None else f'{ratio:.3f}'
            self.get_logger().info(
                f'episode {so_far["episode"]}, step {so_far["step"]}, return '
                f'{so_far["return"]:.0f}, prediction error / persistence {shown}'
            )

    def _so_far(self) -> dict[str, Any]:
        row = self.last_row
        return {
            'episode': int(row.get('episode', 0)),
            'step': int(row.get('step', 0)),
            'return': row.get('return', 0.0),
            'ratio': self.accuracy.ratio,
        }

    def _report(self) -> None:
        """Publish diagnostics once a second, whatever is heard and however progress is told."""
        now = time.monotonic()
        if now - self._reported < _REPORT_S:
            return
        self._reported = now
        counts = {'messages': self._recorder.count, 'not_followed': self.refused}
        robot, values = self._contract.robot, {**counts, **self._so_far()}
        statuses = [diagnostic('monitor: run', robot, '', values)]
        if self.watch:
            statuses.append(self._trust(now))
        self._diagnostics.publish(diagnostics(*statuses))

    def _trust(self, now: float) -> DiagnosticStatus:
        """What the trust alarm says, and for how long it has not watched."""
        if self.watch.scored != self._scored:
            self._scored, self._scored_at = self.watch.scored, now
        unwatched = now - self._scored_at
        told = {**self.watch.status, 'unwatched_s': unwatched}
        problem = f'not as the model knows it: {told["joints"]}' if told['alarm'] else ''
        blind = unwatched > _BLIND_S
        state = f'no score for {unwatched:.1f} s' if blind else 'watching'
        return diagnostic('monitor: trust', self._contract.robot, problem, told, state, warn=blind)


def main() -> int:
    """Entry point of the executable."""
    return run_process(MonitorNode, lambda session: session.node.run(session))


if __name__ == '__main__':
    sys.exit(main())
