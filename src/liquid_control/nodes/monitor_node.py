"""monitor_node: records the graph as a bag, watches the predictions live, measures at the end.

Everything that it reports at the end is computed from the bag it wrote, by the same code that
evaluates any recorded run.
"""

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
from liquid_control.control.topics import PREDICTION, STATUS
from liquid_control.evaluation.losses import losses, lost_text
from liquid_control.evaluation.runs import about_run
from liquid_control.nodes.intake import QUEUE, Intake
from liquid_control.nodes.live_run import LiveRun
from liquid_control.nodes.monitor_settings import MonitorSettings
from liquid_control.nodes.recorder import Recorder
from liquid_control.nodes.run_end import RunEnd, every_step
from liquid_control.nodes.run_progress import RunProgress
from liquid_control.nodes.run_results import STOPPED, finish
from liquid_control.nodes.run_topics import observed_topics, run_topics
from liquid_control.nodes.session import Session, run_process
from liquid_control.nodes.trust_watch import TrustWatch
from liquid_control.nodes.wire import diagnostic, diagnostics, qos
from liquid_control.provenance import provenance, write_json
from liquid_control.replay.live import LiveAlarm

_BATCH_S = 0.02
"""Time between two batches of messages that are taken from their queues."""
_REPORT_S = 1.0
_LAST_STATUS_S = 1.5
_SETTLE_S, _DRAIN_S, _QUIET_S = 10.0, 1.0, 0.3


class MonitorNode(Node):
    """Subscribes to everything of a run, records it, and follows it."""

    def __init__(self):
        super().__init__('monitor')
        self.settings = settings = MonitorSettings.declared(self)
        self.folder = Path(settings.run_folder)
        self._contract = Contract.load(robot_path := paths.robot(settings.robot))
        bundle = Bundle.read(paths.policy(settings.policy, robot_path))
        self._watch: TrustWatch | None = None
        if settings.predictor:
            alarm = LiveAlarm(PolicyRunner(settings.predictor), self._contract)
            self._watch = TrustWatch(alarm, self.get_logger().error)
        self._live = LiveRun(self._contract, bundle, self._watch)
        self._progress = RunProgress(settings.progress, self.get_logger().info)
        self._reported = 0.0
        self._open(bundle)

    def _open(self, bundle: Bundle) -> None:
        settings, observed = self.settings, observed_topics(self._contract, self.settings)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._recorder = Recorder(self.folder / 'bag')
        self._run = about_run(
            self._contract, bundle, settings.policy_name, mode=settings.mode,
            fault=settings.fault, seed=settings.seed, episodes=settings.episodes,
            elapsed=settings.elapsed, thin=settings.thin, observed=self._recorded(observed),
            provenance=provenance(**({'command': settings.command} if settings.command else {})),
        )  # fmt: skip
        write_json(self.folder / 'run.json', self._run)
        self._intake = Intake(self, self._recorder, self._refuse)
        for topic, kind, reliable, streamed, follow, at_once in run_topics(
            self._contract, settings, self._live
        ):
            profile = qos(lockstep=streamed and settings.waits, reliable=reliable, depth=QUEUE)
            self._intake.subscribe(
                topic, kind, profile, streamed=streamed, follow=follow, at_once=at_once
            )
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

    def run(self, session: Session) -> int:
        """Follow the run to its end; return the exit code."""
        try:
            return self._finish(self._follow(session))
        finally:
            self._recorder.close()

    def _follow(self, session: Session) -> str:
        """Record to the end of the run; return why it ended."""
        session.require_alone()
        sources = tuple(observed_topics(self._contract, self.settings).values())
        needed = every_step(self.settings, self._contract.action.topic, sources)
        end = RunEnd(self.settings, self._live, self._intake.counts, needed)
        ended = None
        while ended is None:
            self._spin(session, end)
            self._recorder.save()
            if end.received_at is not None:
                self._progress.tell(self._live.so_far, bool(self._live.last_row))
            self._report()
            ended = STOPPED if session.stopping else end.why()
        if session.stopping:
            self._drain(session, end)
        if ended == 'done' and self.settings.waits:
            # Nothing may be lost, but a message can still be on its way, or being resent, and a
            # publisher that was discovered late still has everything that it sent.
            self._spin_until(session, end, _SETTLE_S, end.settled)
        taken_at = self._intake.taken_at
        if ended == 'done':
            before = taken_at.get(STATUS)
            self._spin_until(session, end, _LAST_STATUS_S, lambda: taken_at.get(STATUS) != before)
        self._intake.take(last=True)
        return ended

    def _spin(self, session: Session, end: RunEnd) -> None:
        """Handle services, then take the next batch of messages."""
        session.spin_once(_BATCH_S)
        topics = self._intake.take()
        end.take(self._intake.streamed(topics), '/clock' in topics)

    def _spin_until(
        self, session: Session, end: RunEnd, seconds: float, met: Callable[[], bool]
    ) -> None:
        limit = time.monotonic() + seconds
        while not met() and time.monotonic() < limit and not session.stopping:
            self._spin(session, end)

    def _drain(self, session: Session, end: RunEnd) -> None:
        """Take in what has arrived; if more keeps coming, for a limited time."""
        limit, count = time.monotonic() + _DRAIN_S, -1
        while count != self._recorder.count and time.monotonic() < limit:
            count = self._recorder.count
            quiet = time.monotonic() + _QUIET_S
            while count == self._recorder.count and time.monotonic() < quiet:
                self._spin(session, end)

    def _finish(self, ended: str) -> int:
        self._recorder.close()
        log = self.get_logger()
        log.info(f'{self._recorder.count} messages in {self.folder / "bag"}')
        run = {**self._run, 'lost': self._intake.lost()}
        return finish(self.folder, run, ended, self.settings.report, log)

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
        state, robot = 'running', self._contract.robot
        if lost:
            state = f'messages were lost: {lost_text(lost)}'
            self.get_logger().warning(state, throttle_duration_sec=10.0)
        statuses = [diagnostic('monitor: run', robot, '', values, state, warn=bool(lost))]
        if self._watch is not None:
            values, problem, state, blind = self._watch.trust()
            statuses.append(diagnostic('monitor: trust', robot, problem, values, state, warn=blind))
        self._diagnostics.publish(diagnostics(*statuses))


def main() -> int:
    """Entry point of the executable."""
    return run_process(MonitorNode, lambda session: session.node.run(session))


if __name__ == '__main__':
    sys.exit(main())
