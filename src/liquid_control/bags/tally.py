"""What one raw pass over a bag says about each topic: how many messages, and by which clock."""

from collections.abc import Callable

from liquid_control.bags.storage import Channel

DISTANT_NS = 1_000_000_000
"""Beyond this offset, two clocks are different clocks, not one clock and a delay."""


class Tally:
    """Counts and stamps of one topic, message by message. Times are integer nanoseconds.

    Args:
        channel: channel of the first message.
        stamp: reads the header stamp from a message's bytes; None if messages have none.

    Attributes:
        count: number of messages.
        zero: number of messages whose header stamp is zero.
        first, last: receive stamps of the first and the last message.
        header_first, header_last: header stamps of the first and the last message that has one.
        restarts: indices of the messages at which the header's clock restarted: stamps go back
            by more than a second, and stay there.
        types: types of its messages; more than one if recordings were merged.
    """

    def __init__(self, channel: Channel, stamp: Callable[[bytes], int | None] | None):
        self.channel = channel
        self._stamp = stamp
        self.types = {channel.type}
        self.count = self.zero = 0
        self.first = self.last = 0
        self.header_first = self.header_last = 0
        self.restarts: list[int] = []
        self._low: int | None = None
        self._high = self._run = 0
        self._suspect: int | None = None
        self._suspect_at = 0

    def add(self, received: int, data: bytes) -> None:
        """Take in a message; one that is too short to have a stamp is still counted."""
        if not self.count:
            self.first = received
        self.count += 1
        self.last = received
        if self._stamp is not None:
            stamp = self._stamp(data)
            if stamp == 0:
                self.zero += 1
            elif stamp is not None:
                self.header_last = stamp
                if stamp >= self._run and self._suspect is None and self._low is not None:
                    self._run = stamp
                else:
                    self._behind(stamp)

    def _behind(self, stamp: int) -> None:
        """Handle the first stamp, one that goes back, or the one after that."""
        if self._low is None:
            self.header_first = self._low = self._run = stamp
        elif self._suspect is not None:
            self._high = max(self._high, self._run)
            if stamp < self._run - DISTANT_NS:  # twice in a row: the clock has restarted
                self.restarts.append(self._suspect_at)
                self._run = self._suspect
            self._run = max(self._run, stamp)
            self._suspect = None
        elif stamp < self._run - DISTANT_NS:
            self._suspect, self._suspect_at = stamp, self.count - 1
        self._low = min(self._low, stamp)

    @property
    def source(self) -> str:
        """``header`` or ``receive``: whose stamps say when a message was sent."""
        return 'header' if self._low is not None else 'receive'

    @property
    def offset_ns(self) -> int:
        """How far the header's clock is ahead of the receive clock at the first message."""
        return self.header_first - self.first

    @property
    def drift_ns(self) -> int:
        """How much further it is ahead at the last message."""
        return (self.header_last - self.last) - self.offset_ns

    def spans(self, source: str) -> tuple[int, int]:
        """Return the earliest and the latest stamp in ns."""
        if source == 'header' and self._low is not None:
            return self._low, max(self._high, self._run)
        return self.first, self.last
