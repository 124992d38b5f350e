"""The trust alarm beside a run: whether the robot behaves as its model knows it."""

import time
from collections.abc import Callable, Collection
from typing import Any, NamedTuple

from liquid_control.replay.live import LiveAlarm

_BLIND_S = 5.0
"""Time without a score after which the alarm reports that it watches nothing."""


class Trust(NamedTuple):
    """What the alarm says.

    Attributes:
        values: score, threshold, whether it is raised, since when and for which joints.
        problem: what is wrong with the robot; empty if nothing is known to be.
        state: whether it watches.
        blind: whether it has had no score for too long.
    """

    values: dict[str, Any]
    problem: str
    state: str
    blind: bool


class TrustWatch:
    """Gives a predictor what the robot senses, and says when its alarm is raised.

    Args:
        alarm: the predictor's alarm.
        alarmed: called with a text when it is raised.
        clock: returns the time in s; steady.
    """

    def __init__(
        self,
        alarm: LiveAlarm,
        alarmed: Callable[[str], Any],
        clock: Callable[[], float] = time.monotonic,
    ):
        self._alarm, self._alarmed, self._clock = alarm, alarmed, clock
        self._scored, self._scored_at = 0, clock()

    @property
    def topics(self) -> Collection[str]:
        """Topics of the contract that it must get."""
        return self._alarm.topics

    def take(self, topic: str, message: Any) -> None:
        """Take in a message of one of its topics.

        Raises:
            ObservationError: the message lacks something that the contract asks for.
        """
        before = self._alarm.alarm.raised
        self._alarm.take(topic, message)
        if self._alarm.alarm.raised and not before:
            joints = self._alarm.status['joints']
            self._alarmed(f'the robot does not behave as the model knows it: {joints}')

    def trust(self) -> Trust:
        """What it says now, and for how long it has not watched."""
        now = self._clock()
        if self._alarm.scored != self._scored:
            self._scored, self._scored_at = self._alarm.scored, now
        unwatched = now - self._scored_at
        values = {**self._alarm.status, 'unwatched_s': unwatched}
        problem = f'not as the model knows it: {values["joints"]}' if values['alarm'] else ''
        blind = unwatched > _BLIND_S
        state = f'no score for {unwatched:.1f} s' if blind else 'watching'
        return Trust(values, problem, state, blind)
