"""Messages that each hold a part of the joints, joined by name: several publishers on one topic."""

import copy
from array import array
from typing import Any, NamedTuple

import numpy as np

from liquid_control.control.contract import Contract
from liquid_control.control.stamps import stamp_ns
from liquid_control.control.topics import JOINT_STATE

_FIELDS = ('position', 'velocity', 'effort')


class Part(NamedTuple):
    """What a message is that holds a part of the joints.

    Attributes:
        message: the message, completed; None if it only completes others.
        why: why it could not be completed; None if it could, or need not be.
    """

    message: Any = None
    why: str | None = None


class Joined:
    """Completes the JointStates of one topic with what others on it said shortly before.

    A message that holds the first joint asked for is completed with the last values of the joints
    that it lacks, if none of them is older than the contract's freshness. Other messages are only
    remembered.

    Args:
        contract: what is sensed.
        topic: the topic.
    """

    def __init__(self, contract: Contract, topic: str):
        self._terms = [term for term in contract.sensed if term.topic == topic]
        self._joints = list(dict.fromkeys(j for term in self._terms for j in term.channels))
        self._freshness = contract.freshness
        self._last: dict[tuple[str, str], tuple[int, float]] = {}
        self._able = all(
            t.type == JOINT_STATE and t.field in _FIELDS and t.order is None for t in self._terms
        )

    def add(self, message: Any) -> Part | None:
        """Take in a message that lacks joints; None if it holds none that is asked for."""
        if not self._able:
            return None
        names, stamp, heard = message.name, stamp_ns(message), 0
        for term in self._terms:
            values = getattr(message, term.field)
            if len(values) != len(names) or len(set(names)) < len(names):
                return None
            for name, value in zip(names, values, strict=True):
                if name in term.channels:
                    self._last[term.field, name] = stamp, float(value)
                    heard += 1
        if not heard:
            return None
        if self._terms[0].channels[0] not in names:
            return Part()
        return self._complete(message, stamp)

    def _complete(self, message: Any, stamp: int) -> Part:
        oldest = stamp - round(self._freshness * 1e9)
        joined = copy.copy(message)
        joined.name = list(self._joints)
        for field in _FIELDS:
            _set(joined, field, np.zeros(0))
        for term in self._terms:
            values = np.full(len(self._joints), np.nan)
            for name in term.channels:
                heard, value = self._last.get((term.field, name), (None, 0.0))
                if heard is None or heard < oldest:
                    why = f'no {term.field} of {name} within {self._freshness:g} s before it'
                    return Part(why=why)
                values[self._joints.index(name)] = value
            _set(joined, term.field, values)
        return Part(joined)


def _set(message: Any, field: str, values: np.ndarray) -> None:
    """Set a field to values (n,), as an array of the kind that this message's library uses."""
    live = isinstance(getattr(message, field, None), array)
    setattr(message, field, array('d', values) if live else values)
