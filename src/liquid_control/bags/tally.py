"""What one raw pass over a bag says about each topic: how many messages, and by which clock."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from liquid_control.bags.storage import Channel

DISTANT_NS = 1_000_000_000
"""Beyond this offset, two clocks are different clocks, not one clock and a delay."""
_AGAIN, _DISTANT_AGAIN = 10, 2
"""Consecutive messages behind the latest stamp that show that a clock was set back: by less than
:data:`DISTANT_NS`, and by more."""
_PAIRS, _FEWEST = 256, 3
"""Maximum and minimum number of messages by which two clocks are compared."""
_FEWEST_MICRO = 20
"""Fewest stamps that show that their nanoseconds are microseconds."""
_JUMP = 10
"""A jump of this many intervals is not the passing of time."""


@dataclass
class _Behind:
    """Consecutive messages behind the latest stamp.

    Attributes:
        index: index of the first.
        first, last: stamps of the first and the last.
        count: number of messages.
    """

    index: int
    first: int
    last: int
    count: int = 1


class Tally:
    """Counts and stamps of one topic, message by message. Times are integer nanoseconds.

    Args:
        channel: channel of the first message.
        stamp: reads the header stamp from a message's bytes; None if messages have none.

    Attributes:
        count: number of messages.
        zero: number of messages whose header stamp is zero.
        first, last: the earliest receive stamp, and that of the last message.
        late: number of messages received before the one that precedes them in the file.
        late_alone: how many of these have a header stamp that goes on nevertheless.
        header_first, header_last: header stamps of the first and the last message that has one.
        ahead: indices of single messages whose stamp is far ahead of those that follow.
        types: types of its messages; more than one if recordings were merged.
    """

    def __init__(self, channel: Channel, stamp: Callable[[bytes], int | None] | None):
        self.channel = channel
        self._stamp = stamp
        self.types = {channel.type}
        self.count = self.zero = 0
        self.first = self.last = self._latest = self.late = self.late_alone = 0
        self.header_first = self.header_last = 0
        self.ahead: list[int] = []
        self._restarts: list[int] = []
        self._low: int | None = None
        self._before = self._run = self._run_at = self._high = 0
        self._pairs: list[tuple[int, int]] = []
        self._next = self._stride = 1
        self._behind: _Behind | None = None

    def add(self, received: int, data: bytes) -> None:
        """Take in a message; one that is too short to have a stamp is still counted."""
        if not self.count:
            self.first = self._latest = received
        self.count += 1
        stamp = None if self._stamp is None else self._stamp(data)
        if received < self.last:
            self.late += 1
            if stamp and self.header_last and stamp >= self.header_last:
                self.late_alone += 1
            self.first, self._latest = min(self.first, received), max(self._latest, self.last)
        self.last = received
        if self._stamp is not None:
            if stamp == 0:
                self.zero += 1
            elif stamp is not None:
                self.header_last = stamp
                if self.count >= self._next:
                    self._keep(received, stamp)
                if stamp >= self._run and not self._behind and self._low is not None:
                    self._before, self._run, self._run_at = self._run, stamp, self.count
                else:
                    self._unusual(stamp)

    def _keep(self, received: int, stamp: int) -> None:
        """Keep both stamps of a message, of evenly spaced ones and a bounded number."""
        self._pairs.append((received, stamp))
        if len(self._pairs) > _PAIRS:
            del self._pairs[1::2]
            self._stride *= 2
        self._next = self.count + self._stride

    @property
    def restarts(self) -> list[int]:
        """Indices of the messages at which the header's clock was set back: stamps go back, and
        time passes from there on."""
        behind = self._behind
        return self._restarts + ([behind.index] if behind and behind.count >= _AGAIN else [])

    def _unusual(self, stamp: int) -> None:
        """Handle the first stamp, one behind the latest, or the one after that."""
        if self._low is None:
            self.header_first = self._low = self._run = stamp
        if self._behind and not self._behind.last <= stamp < self._run:
            self._end(self._behind, stamp)
        behind = self._behind
        if stamp >= self._run:
            self._before, self._run, self._run_at = self._run, stamp, self.count
        elif not behind and self._before <= stamp and self._alone(stamp):
            self.ahead.append(self._run_at - 1)
            self._run, self._run_at = stamp, self.count
        elif not behind:
            self._behind = _Behind(self.count - 1, stamp, stamp)
        else:
            behind.count += 1
            behind.last = stamp
            if behind.count >= _DISTANT_AGAIN and self._run - behind.first > DISTANT_NS:
                self._set_back(behind)

    def _alone(self, stamp: int) -> bool:
        """Whether the latest stamp is far ahead of the one before it and of this one."""
        return self._run - self._before > _JUMP * max(1, stamp - self._before)

    def _end(self, behind: '_Behind', stamp: int) -> None:
        """End a run of messages behind the latest stamp, with this stamp."""
        interval = max(1, (behind.last - behind.first) // max(1, behind.count - 1))
        if behind.count >= _AGAIN and stamp - behind.last <= _JUMP * interval:
            self._set_back(behind)
        self._behind = None

    def _set_back(self, behind: '_Behind') -> None:
        self._restarts.append(behind.index)
        self._high = max(self._high, self._run)
        self._low = behind.first if self._low is None else min(self._low, behind.first)
        self._before = self._run = behind.last
        self._behind = None

    @property
    def latest(self) -> int:
        """The latest receive stamp."""
        return max(self._latest, self.last)

    @property
    def source(self) -> str:
        """``header`` or ``receive``: whose stamps say when a message was sent."""
        return 'header' if self._low is not None else 'receive'

    @property
    def micro(self) -> bool:
        """Whether the stamps' nanoseconds must be microseconds: over seconds, all are below 1e6."""
        stamps = [stamp for _, stamp in self._pairs]
        if len(stamps) < _FEWEST_MICRO or max(stamps) - min(stamps) < 3 * DISTANT_NS:
            return False
        return all(stamp % 1_000_000_000 < 1_000_000 for stamp in stamps)

    @property
    def offset_ns(self) -> int:
        """How far the header's clock is ahead of the receive clock at the first message."""
        return self.header_first - self.first

    @property
    def drift_ns(self) -> int:
        """How much further it is ahead at the last message."""
        return (self.header_last - self.last) - self.offset_ns

    def off_ns(self, other: 'Tally') -> int:
        """How far the header's clock is ahead of another topic's, judged by receive times.

        0 if the two ever agree, and if that cannot be known: a clock was set back, few messages
        were received over the same time, or they were received in bursts.
        """
        mine, theirs = self._course(), other._course()
        if self.restarts or other.restarts or min(len(mine), len(theirs)) < _FEWEST:
            return 0
        received, header = mine.T
        together = (received >= theirs[0, 0]) & (received <= theirs[-1, 0])
        if together.sum() < _FEWEST:
            return 0
        off = (header - np.interp(received, *theirs.T))[together]
        nearest = off[np.abs(off).argmin()]
        return round(nearest) if (np.sign(off) == np.sign(nearest)).all() else 0

    def _course(self) -> np.ndarray:
        """Receive stamps and header stamps of some messages, both increasing, (n, 2)."""
        course = np.array(self._pairs, dtype=np.float64).reshape(-1, 2)
        rising = np.maximum.accumulate(course, axis=0)
        course = course[(course == rising).all(axis=1)]
        course = course[np.r_[True, np.diff(course[:, 0]) > 0]] if len(course) else course
        received, header = np.ptp(course, axis=0) if len(course) else (0, 0)
        return course if received > 0.5 * header else course[:0]

    def spans(self, source: str) -> tuple[int, int]:
        """Return the earliest and the latest stamp in ns."""
        if source == 'header' and self._low is not None:
            return self._low, max(self._high, self._run)
        return self.first, self.latest
