"""Times of receipt on the clock of another topic's headers."""

import numpy as np

from liquid_control.bags.bag import Bag
from liquid_control.control.stamps import stamp_ns


class CarriedOver:
    """Puts times of receipt on the clock of the headers of one topic.

    Needed where a topic has no headers and the others follow a simulated clock. A time of receipt
    lies as long after the last message of that topic as it was received after it, and never after
    the next one: a playback waits between two messages.

    Args:
        bag: the recording.
        topic: the topic with headers, as the bag names it. Two integers a message are kept.
    """

    def __init__(self, bag: Bag, topic: str):
        pairs = [
            (received, stamp)
            for _, _, received, message in bag.decoded([topic])
            if (stamp := stamp_ns(message)) > 0
        ]
        self._received, self._header = np.array(pairs, dtype=np.int64).reshape(-1, 2).T

    def __call__(self, received: int) -> int:
        """The time in ns, at least 1, by the headers' clock."""
        if not len(self._received):
            return received
        last = int(np.searchsorted(self._received, received, 'right')) - 1
        if last < 0:
            return max(1, int(self._header[0] - (self._received[0] - received)))
        stamp = int(self._header[last] + received - self._received[last])
        if last + 1 < len(self._header) and self._header[last + 1] > self._header[last]:
            stamp = min(stamp, int(self._header[last + 1]))
        return stamp
