"""What is known of a run while it is under way: steps and prediction error."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from liquid_control.control.bundle import Bundle
from liquid_control.control.contract import Contract
from liquid_control.control.observe import ObservationError, Observer
from liquid_control.control.stamps import stamp_ns, time_ns
from liquid_control.nodes.trust_watch import TrustWatch
from liquid_control.replay.live import LiveAccuracy


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
    """

    def __init__(self, robot: Contract, bundle: Bundle, watch: TrustWatch | None):
        asked = bundle.contract.on(robot)
        scale = [
            (np.inf,) * len(term.channels) if term.hold else term.std or (1.0,) * len(term.channels)
            for term in asked.sensed
        ]
        self._asked, self._observer = asked, Observer(asked)
        self._watch = watch
        self._accuracy = LiveAccuracy(np.concatenate(scale), asked.period_ns)
        self.last_row: dict[str, float] = {}
        self.withheld: set[int] = set()
        self.observed = 0
        self.bag_ended: str | None = None

    def sensor(self, topic: str) -> Callable[[Any], None] | None:
        """What to call with the messages of a topic of the contract; None if nothing reads it."""
        watched = self._watch.topics if self._watch else ()
        read = topic in self._asked.topics or topic in watched
        return partial(self._on_sensor, topic) if read else None

    def on_row(self, message: Any) -> None:
        self.last_row = dict(zip(message.name, message.position, strict=True))

    def on_dropped(self, message: Any) -> None:
        if message.frame_id in self._asked.topics:
            self.withheld.add(time_ns(message.stamp))

    def on_bag_ended(self, message: Any) -> None:
        self.bag_ended = message.frame_id or 'done'

    def on_prediction(self, message: Any) -> None:
        channels = self._asked.sensed_channels
        values = dict(zip(message.name, message.position, strict=True))
        if values.keys() != set(channels):
            raise ValueError(f'expected a prediction of {channels}, found {list(values)}')
        self._accuracy.predicted(stamp_ns(message), np.array([values[c] for c in channels]))

    def _on_sensor(self, topic: str, message: Any) -> None:
        try:
            if self._watch and topic in self._watch.topics:
                self._watch.take(topic, message)
            if topic not in self._asked.topics:
                return
            observed = self._observer.update(topic, message)
        except ObservationError:
            return  # the policy node refuses, counts and reports it
        if observed is not None:
            self.observed += 1
            self._accuracy.observed(*observed)

    def so_far(self) -> dict[str, Any]:
        """Episode, step, return and prediction error over persistence, as known so far."""
        row = self.last_row
        return {
            'episode': int(row.get('episode', 0)),
            'step': int(row.get('step', 0)),
            'return': row.get('return', 0.0),
            'ratio': self._accuracy.ratio,
        }
