"""What a monitor knows of a run while it is under way: steps, prediction error, trust alarm."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticStatus
from sensor_msgs.msg import JointState
from std_msgs.msg import Header

from liquid_control.control.bundle import Bundle
from liquid_control.control.contract import Contract
from liquid_control.control.observe import ObservationError, Observer
from liquid_control.control.stamps import stamp_ns, time_ns
from liquid_control.nodes.wire import diagnostic
from liquid_control.replay.live import LiveAccuracy, LiveAlarm

_BLIND_S = 5.0
"""Time without a score after which the trust alarm reports that it watches nothing."""


class LiveRun:
    """Follows a run's messages.

    Attributes:
        last_row: the last row of the simulation; empty without one.
        observed: number of complete observations.
        withheld: stamps of the samples that the fault node withheld from the policy.
        bag_ended: why a recording that is played is over; None while it is not.

    Args:
        robot: contract of the robot.
        bundle: the policy.
        watch: the trust alarm, if there is one.
        alarmed: called with a text when the alarm is raised.
    """

    def __init__(
        self,
        robot: Contract,
        bundle: Bundle,
        watch: LiveAlarm | None,
        alarmed: Callable[[str], None],
    ):
        asked = bundle.contract.on(robot)
        scale = [
            (np.inf,) * len(term.channels) if term.hold else term.std or (1.0,) * len(term.channels)
            for term in asked.sensed
        ]
        self._robot, self._alarmed = robot, alarmed
        self._read, self._channels = bundle.contract.topics, bundle.contract.sensed_channels
        self._observer = Observer(asked)
        self._watch = watch
        self._scored, self._scored_at = 0, time.monotonic()
        self._accuracy = LiveAccuracy(np.concatenate(scale), asked.period_ns)
        self.last_row: dict[str, float] = {}
        self.withheld: set[int] = set()
        self.observed = 0
        self.bag_ended: str | None = None

    def sensor(self, topic: str) -> Callable[[Any], None] | None:
        """What to call with the messages of a topic of the contract; None if nothing reads it."""
        watched = self._watch.topics if self._watch else ()
        return partial(self._on_sensor, topic) if topic in self._read or topic in watched else None

    def on_row(self, message: JointState) -> None:
        self.last_row = dict(zip(message.name, message.position, strict=True))

    def on_dropped(self, message: Header) -> None:
        if message.frame_id in self._read:
            self.withheld.add(time_ns(message.stamp))

    def on_bag_ended(self, message: Header) -> None:
        self.bag_ended = message.frame_id or 'done'

    def on_prediction(self, message: JointState) -> None:
        values = dict(zip(message.name, message.position, strict=True))
        if values.keys() != set(self._channels):
            raise ValueError(f'expected a prediction of {self._channels}, found {list(values)}')
        self._accuracy.predicted(stamp_ns(message), np.array([values[c] for c in self._channels]))

    def _on_sensor(self, topic: str, message: Any) -> None:
        try:
            if self._watch and topic in self._watch.topics:
                self._heard(topic, message)
            if topic not in self._read:
                return
            observed = self._observer.update(topic, message)
        except ObservationError:
            return  # the policy node refuses, counts and reports it
        if observed is not None:
            self.observed += 1
            self._accuracy.observed(*observed)

    def _heard(self, topic: str, message: Any) -> None:
        before = self._watch.alarm.raised
        self._watch.heard(topic, message)
        if self._watch.alarm.raised and not before:
            self._alarmed(
                'the robot does not behave as the model knows it: ' + self._watch.status['joints']
            )

    def so_far(self) -> dict[str, Any]:
        """Episode, step, return and prediction error over persistence, as known so far."""
        row = self.last_row
        return {
            'episode': int(row.get('episode', 0)),
            'step': int(row.get('step', 0)),
            'return': row.get('return', 0.0),
            'ratio': self._accuracy.ratio,
        }

    def trust(self) -> list[DiagnosticStatus]:
        """What the trust alarm says, and for how long it has not watched; empty without one."""
        if self._watch is None:
            return []
        now = time.monotonic()
        if self._watch.scored != self._scored:
            self._scored, self._scored_at = self._watch.scored, now
        unwatched = now - self._scored_at
        told = {**self._watch.status, 'unwatched_s': unwatched}
        problem = f'not as the model knows it: {told["joints"]}' if told['alarm'] else ''
        blind = unwatched > _BLIND_S
        state = f'no score for {unwatched:.1f} s' if blind else 'watching'
        return [diagnostic('monitor: trust', self._robot.robot, problem, told, state, warn=blind)]
