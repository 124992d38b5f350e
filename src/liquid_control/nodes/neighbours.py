"""Who else is on the topics of the contract: several publishers, listeners that cannot hear."""

import itertools
import time
from collections.abc import Callable, Sequence
from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSCompatibility, qos_check_compatible

_LOOK_S, _REMEMBERED_S = 0.5, 2.0
_GRACE_S = 0.5
"""Time for each of several publishers to say which joints it has."""
_UNKNOWN = '_UNKNOWN_'
"""In what the middleware calls a node whose name it has yet to learn."""


class Neighbours:
    """Looks twice a second who sends the sensors' topics and who listens to the commands; at once
    when the number of a topic's publishers has changed.

    Several publishers of one topic are right if each names joints of its own, as an arm's and a
    gripper's. They are wrong if two name the same joint that is read: the policy would answer now
    the one, now the other. Who sends a message is unknown; so where one names every joint that is
    read, each of the others must soon be heard with other names.

    Args:
        node: the node.
        topics: topic of the contract → its full name.
        joints: topic of the contract → the names that are read from its messages.
        commands: full name of the commands' topic.
        clock: returns the time in s; steady.
    """

    def __init__(
        self,
        node: Node,
        topics: dict[str, str],
        joints: dict[str, frozenset[str]],
        commands: str,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._node, self._topics, self._commands = node, topics, commands
        self._joints = joints
        self._clock = clock
        self._looked = float('-inf')
        self._names: dict[str, dict[tuple[str, ...], float]] = {}
        self._since: dict[str, tuple[int, float]] = {}  # topic → publishers, found at this time
        self.several: dict[str, list[str]] = {}
        """Topics with several publishers → the names of their nodes."""
        self.deaf: list[str] = []
        """Nodes that listen to the commands with a quality of service that gets none."""

    def look(self) -> None:
        """Look around, if the last time is long enough ago or a publisher has come or gone."""
        now = self._clock()
        if now - self._looked < _LOOK_S and not self._changed():
            return
        self._looked = now
        senders = {
            topic: _names(self._node.get_publishers_info_by_topic(full))
            for topic, full in self._topics.items()
        }
        for topic, names in senders.items():
            if topic not in self._since or self._since[topic][0] != len(names):
                self._since[topic] = len(names), now
        self.several = {topic: names for topic, names in senders.items() if len(names) > 1}
        self.deaf = self._deaf()

    def _changed(self) -> bool:
        # A tenth of the cost of asking for their names.
        return any(
            self._node.count_publishers(full) != self._since[topic][0]
            for topic, full in self._topics.items()
        )

    def _deaf(self) -> list[str]:
        own = (self._node.get_name(), self._node.get_namespace())
        # What is offered as the graph has it: a profile of one's own leaves times unspecified.
        offered = [
            end.qos_profile
            for end in self._node.get_publishers_info_by_topic(self._commands)
            if (end.node_name, end.node_namespace) == own
        ]
        return _names(
            end
            for end in self._node.get_subscriptions_info_by_topic(self._commands)
            for profile in offered
            if qos_check_compatible(profile, end.qos_profile)[0] == QoSCompatibility.ERROR
        )

    def clock_gone(self) -> bool:
        """Whether nobody publishes ``/clock``; under a fault, the sensors' topics outlive it."""
        return self._node.count_publishers('/clock') == 0

    def take(self, topic: str, message: Any) -> None:
        """Take note of the joints that a message names, where several publishers send."""
        if topic in self.several:
            names = tuple(getattr(message, 'name', ()))
            self._names.setdefault(topic, {})[names] = self._clock()

    def conflict(self) -> str | None:
        """Which topic has publishers that name the same joints, and who they are; or None."""
        now = self._clock()
        for topic, who in self.several.items():
            heard = self._names.get(topic, {}).items()
            named = [names for names, last in list(heard) if last > now - _REMEMBERED_S]
            silent = len(named) < len(who) and now - self._since[topic][1] > _GRACE_S
            if _overlap(named, self._joints[topic], silent):
                return (
                    f'{topic} has {len(who)} publishers that name the same joints: '
                    f'{", ".join(who)}; end all but one, or set several_publishers'
                )
        return None


def _overlap(named: Sequence[tuple[str, ...]], asked: frozenset[str], silent: bool) -> bool:
    """Whether two publishers send the same joint: it is in two lists of names, or one list has
    everything and a publisher has none of its own (``silent``).

    Messages without names count as everything.
    """
    if any(set(a) & set(b) & asked for a, b in itertools.combinations(named, 2)):
        return True
    return silent and any(not names or asked <= set(names) for names in named)


def _names(ends: Any) -> list[str]:
    return sorted(
        f'{end.node_namespace.rstrip("/")}/{end.node_name}'
        if _UNKNOWN not in end.node_name
        else 'a node whose name is not known yet'
        for end in ends
    )
