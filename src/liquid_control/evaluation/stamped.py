"""Messages taken by stamp, and commands by the stamp of the observation that they answer."""

from collections import defaultdict, deque
from collections.abc import Sequence
from typing import Any


class Stamped:
    """Messages by stamp; of several with one stamp, each is taken once, in order."""

    def __init__(self):
        self._found: dict[int, deque] = defaultdict(deque)

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, stamp: int, message: Any) -> None:
        self._found[stamp].append(message)

    def take(self, stamp: int) -> Any:
        """The next message with this stamp; None where there is none, or none left."""
        waiting = self._found.get(stamp)
        if not waiting:
            return None
        return waiting.popleft()


def label(command: Any) -> int | None:
    """Stamp in ns of the observation that a command answers; None where it names none."""
    layout = getattr(command, 'layout', None)
    dimensions: Sequence[Any] = layout.dim if layout is not None else ()
    text = dimensions[0].label if dimensions else ''
    return int(text) if text.isdecimal() else None
