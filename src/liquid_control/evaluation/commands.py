"""Recorded commands, taken by the stamp of the observation that they answer, in a small window."""

from collections import deque
from collections.abc import Iterator
from typing import Any

from liquid_control.evaluation.bag import Bag, label

_WINDOW = 2000


class CommandStream:
    """The commands of a topic, read as far ahead as they may lie out of order.

    What names no observation is left out. A command that lies more than two thousand commands
    before the one asked for is given up.

    Attributes:
        any: whether the topic has a command that names its observation at all.
    """

    def __init__(self, bag: Bag, topic: str):
        self._source = self._labelled(bag, topic)
        self._order: deque[int] = deque()
        self._found: dict[int, deque[Any]] = {}
        self._read_on()
        self.any = bool(self._order)

    def take(self, stamp_ns: int) -> Any:
        """The next command for an observation; None where there is none, or none left."""
        waiting = self._found.get(stamp_ns)
        if not waiting:
            return None
        command = waiting.popleft()
        if len(self._order) < _WINDOW // 2 or self._order[_WINDOW // 4] < stamp_ns:
            self._drop(stamp_ns)
            self._read_on()
        return command

    def _drop(self, stamp_ns: int) -> None:
        """Let go of the older half of what lies before a stamp."""
        while len(self._order) > _WINDOW // 4 and self._order[0] < stamp_ns:
            self._found.pop(self._order.popleft(), None)

    def _read_on(self) -> None:
        while len(self._order) < _WINDOW:
            found = next(self._source, None)
            if found is None:
                return
            stamp, message = found
            self._order.append(stamp)
            self._found.setdefault(stamp, deque()).append(message)

    @staticmethod
    def _labelled(bag: Bag, topic: str) -> Iterator[tuple[int, Any]]:
        for message in bag.messages(topic):
            if not hasattr(message, 'layout'):
                return  # a kind of command that names no observation
            stamp = label(message)
            if stamp is not None:
                yield stamp, message
