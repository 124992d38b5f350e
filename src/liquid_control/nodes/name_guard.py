"""A second node with the same name exits, also if it is discovered late.

Discovery took up to 3 s on two busy cores, and a wait that long would delay every start. Which of
the two came first cannot be known for sure: usually the later one ends, and one that is older than
ten seconds never does.
"""

import time
from collections.abc import Callable
from typing import Protocol

_WATCHED_S = 10.0
"""Time after its start in which a node may turn out to be the later one."""
_PATIENCE_S = 1.5
"""Time in which another one that has only just come may find this one, and end."""
_SENIORITY = 0.5
"""How much more patient a node is per second of its age, so that of two that find each other at the
same moment the later one gives up first."""
_PERIOD_S = 0.25


class NamedNode(Protocol):
    """What is asked of an rclpy node."""

    def get_name(self) -> str: ...
    def get_namespace(self) -> str: ...
    def get_node_names_and_namespaces(self) -> list[tuple[str, str]]: ...


class NameGuard:
    """Tells a node when to give way to another one with the same full name.

    Args:
        node: the node, which has just been made.
        clock: returns the time in s; steady.
    """

    def __init__(self, node: NamedNode, clock: Callable[[], float] = time.monotonic):
        self._node, self._clock = node, clock
        self._own = (node.get_name(), node.get_namespace())
        self._started = self._looked = clock()
        self._since: float | None = None
        self._watching = True

    def taken(self) -> bool:
        """Whether another node has the name now."""
        return self._node.get_node_names_and_namespaces().count(self._own) > 1

    def late(self) -> bool:
        """Whether another one appeared in the first seconds and has stayed; call this often."""
        now = self._clock()
        if not self._watching or now - self._looked < _PERIOD_S:
            return False
        self._looked = now
        if self.taken():
            self._since = now if self._since is None else self._since
            patience = _PATIENCE_S + _SENIORITY * (self._since - self._started)
            return now - self._since > patience
        self._since, self._watching = None, now - self._started < _WATCHED_S
        return False
