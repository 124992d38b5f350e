"""Messages taken by stamp."""

from collections import defaultdict, deque
from typing import Any


class Stamped:
    """Messages by stamp; several with the same stamp are each taken once, in order."""

    def __init__(self):
        self._found: dict[int, deque] = defaultdict(deque)

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, stamp: int, message: Any) -> None:
        self._found[stamp].append(message)

    def take(self, stamp: int) -> Any:
        """Return the next message with this stamp; None if there is none left."""
        waiting = self._found.get(stamp)
        if not waiting:
            return None
        return waiting.popleft()
