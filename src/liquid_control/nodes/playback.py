"""When each message of a recording is due, at a speed relative to that of its recording."""

import time
from collections.abc import Callable

_PAUSE_S = 0.1
"""Being late by more than this is a pause."""


class Playback:
    """Spaces messages as they were recorded.

    Args:
        speed: times real time, more than 0.
        clock: returns the time in s; steady.
    """

    def __init__(self, speed: float, clock: Callable[[], float] = time.monotonic):
        self._speed, self._clock = speed, clock
        self._first_ns: int | None = None
        self._begun = 0.0

    def left_s(self, stamp_ns: int) -> float:
        """Seconds until the message of a stamp is due, 0 or less if it is overdue."""
        if self._first_ns is None:
            self._first_ns, self._begun = stamp_ns, self._clock()
        due = self._begun + (stamp_ns - self._first_ns) * 1e-9 / self._speed
        return due - self._clock()

    def put_off(self, stamp_ns: int) -> None:
        """After a pause, make the message of this stamp due now, and put off all that follow.

        Otherwise they would come in a burst.
        """
        left = self.left_s(stamp_ns)
        if left < -_PAUSE_S:
            self._begun -= left
