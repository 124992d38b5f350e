"""Everything that a monitor subscribes to: taken in batches, recorded, counted, then followed.

The middleware's own threads put messages into queues. They are taken from there some fifty times a
second, all at once, which costs a small part of a callback for each; the executor never sees them.
What has been taken is recorded first, in the order in which it was received. Following it may take
longer than there is time: it then skips what is oldest, and the recording lacks nothing.
"""

import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.serialization import deserialize_message
from rclpy.subscription import Subscription

from liquid_control.nodes.recorder import Recorder
from liquid_control.nodes.wire import message_type

QUEUE = 5000
"""Messages of a topic that may wait to be taken: ten seconds at 500 Hz."""
_MOST_WAITING = 2000
_FOLLOW_S = 0.05


@dataclass
class Sequence:
    """The messages of one publisher, by the numbers that it gives them."""

    first: int
    last: int
    received: int = 1

    def add(self, number: int) -> None:
        self.last = max(self.last, number)
        self.received += 1

    @property
    def sent(self) -> int:
        """Messages from the first to the last that were received."""
        return self.last - self.first + 1

    @property
    def lost(self) -> int:
        return max(self.sent - self.received, 0)


@dataclass
class Source:
    """One topic: its subscription, and what has come of it."""

    topic: str
    kind: Any
    streamed: bool
    record: Callable[[int, bytes], None]
    follow: Callable[[Any], None] | None
    at_once: bool
    subscription: Subscription
    sequences: dict[bytes, Sequence] | None = field(default_factory=dict)
    """Publisher → its messages; None if the middleware does not number them."""
    received_ns: int = 0
    """When the last message was received."""

    def receive(self, received_ns: int) -> int:
        """When a message counts as received: never before the one taken before it.

        A message that had to be resent is taken in its turn, after others that came later.
        """
        self.received_ns = max(self.received_ns, received_ns)
        return self.received_ns

    def number(self, info: Mapping[str, Any]) -> None:
        """Count a message by its number."""
        number, publisher = info.get('publication_sequence_number'), info.get('publisher_gid')
        if number is None or publisher is None:
            self.sequences = None
            return
        if self.sequences is None:
            return
        key = publisher['data']
        if key in self.sequences:
            self.sequences[key].add(number)
        else:
            self.sequences[key] = Sequence(number, number)


class Intake:
    """Takes, records and counts the messages of one node's subscriptions.

    Attributes:
        counts: topic → number of messages taken.
        taken_at: when each topic's last message was taken, on the steady clock.
        skipped: messages that were recorded, but not followed for lack of time.
        refused: messages that were recorded, but could not be followed.

    Args:
        node: subscribes.
        recorder: the bag.
        refuse: called with a topic and an error when a message cannot be followed.
    """

    def __init__(self, node: Node, recorder: Recorder, refuse: Callable[[str, Exception], None]):
        self._node, self._recorder, self._refuse = node, recorder, refuse
        self._sources: list[Source] = []
        self._early: list[tuple[int, Source, bytes]] = []
        self._waiting: deque[tuple[Source, bytes]] = deque()
        self.counts: Counter[str] = Counter()
        self.taken_at: dict[str, float] = {}
        self.skipped = self.refused = 0

    @property
    def subscriptions(self) -> set[Subscription]:
        """Those that an executor must leave alone."""
        return {source.subscription for source in self._sources}

    def subscribe(
        self,
        topic: str,
        type_name: str,
        profile: QoSProfile,
        *,
        streamed: bool = True,
        follow: Callable[[Any], None] | None = None,
        at_once: bool = False,
    ) -> None:
        """Subscribe to a topic.

        Args:
            topic: its name, to be remapped.
            type_name: such as ``sensor_msgs/msg/JointState``.
            profile: quality of service.
            streamed: whether it is silent when nothing happens.
            follow: called with each message.
            at_once: follow it whatever the backlog.
        """
        kind = message_type(type_name)
        record = self._recorder.add(self._node.resolve_topic_name(topic), type_name)
        subscription = self._node.create_subscription(kind, topic, _never, profile, raw=True)
        self._sources.append(Source(topic, kind, streamed, record, follow, at_once, subscription))

    def take(self, last: bool = False) -> set[str]:
        """Take, record and follow what has been received; return the topics that had messages.

        What is received meanwhile may be of a topic already passed: it waits for the next time,
        so that the recording is in order, unless this is the ``last``.
        """
        begun, batch = time.time_ns(), self._early
        for source in self._sources:
            handle = source.subscription.handle
            with handle:
                while (taken := handle.take_message(source.kind, True)) is not None:
                    raw, info = taken
                    source.number(info)
                    received = source.receive(info.get('received_timestamp') or begun)
                    batch.append((received, source, raw))
        batch.sort(key=itemgetter(0))
        self._early = [] if last else [item for item in batch if item[0] > begun]
        now, topics = time.monotonic(), set()
        for received, source, raw in batch[: len(batch) - len(self._early)]:
            source.record(received, raw)
            self.counts[source.topic] += 1
            topics.add(source.topic)
            if source.follow is not None and source.at_once:
                self._follow(source, raw)
            elif source.follow is not None:
                self._waiting.append((source, raw))
        self.taken_at.update(dict.fromkeys(topics, now))
        self._follow_waiting()
        return topics

    def _follow_waiting(self) -> None:
        while len(self._waiting) > _MOST_WAITING:
            self._waiting.popleft()
            self.skipped += 1
        end = time.monotonic() + _FOLLOW_S
        while self._waiting and time.monotonic() < end:
            self._follow(*self._waiting.popleft())

    def _follow(self, source: Source, raw: bytes) -> None:
        if source.follow is None:
            return
        try:
            source.follow(deserialize_message(raw, source.kind))
        except Exception as error:  # whatever a message holds, it and the next are recorded
            self.refused += 1
            self._refuse(source.topic, error)

    def streamed(self, topics: set[str]) -> bool:
        """Whether any of these topics is silent when nothing happens."""
        return any(source.streamed for source in self._sources if source.topic in topics)

    def lost(self) -> dict[str, dict[str, int]] | None:
        """Topic → messages ``sent`` and ``lost``, from the first to the last that was received.

        None if the middleware does not number messages.
        """
        found = {}
        for source in self._sources:
            if source.sequences is None:
                return None
            if source.sequences:
                sent = sum(s.sent for s in source.sequences.values())
                lost = sum(s.lost for s in source.sequences.values())
                found[source.topic] = {'sent': sent, 'lost': lost}
        return found


def _never(message: Any) -> None:
    raise AssertionError('the executor took a message that is taken in batches')
