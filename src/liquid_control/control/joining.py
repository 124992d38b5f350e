"""Messages that each hold a part of the joints, joined by name: several publishers on one topic."""

import copy
from array import array
from typing import Any

import numpy as np

from liquid_control.control.contract import Contract
from liquid_control.control.stamps import IncompleteError, ObservationError, stamp_ns
from liquid_control.control.term import Term
from liquid_control.control.topics import JOINT_STATE

_FIELDS = ('position', 'velocity', 'effort')


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

    def complete(self, message: Any) -> Any:
        """Take in a message that lacks joints.

        Returns:
            The message, completed; None if it only completes others.

        Raises:
            IncompleteError: it holds no joint that is asked for.
            ObservationError: it could not be completed.
        """
        if not self._remember(message):
            raise IncompleteError('holds no joint that is asked for')
        if self._terms[0].channels[0] not in message.name:
            return None
        oldest = stamp_ns(message) - round(self._freshness * 1e9)
        whole = copy.copy(message)
        whole.name = list(self._joints)
        for field in _FIELDS:
            _set(whole, field, np.zeros(0))
        for term in self._terms:
            _set(whole, term.field, self._last_values(term, oldest))
        return whole

    def _remember(self, message: Any) -> bool:
        """Keep the values of joints that are asked for; return whether there are any."""
        if not self._able:
            return False
        names, stamp, any_asked = message.name, stamp_ns(message), False
        for term in self._terms:
            values = getattr(message, term.field)
            if len(values) != len(names) or len(set(names)) < len(names):
                return False
            for name, value in zip(names, values, strict=True):
                if name in term.channels:
                    self._last[term.field, name] = stamp, float(value)
                    any_asked = True
        return any_asked

    def _last_values(self, term: Term, oldest: int) -> np.ndarray:
        """The last values of a term's joints, (n,), none of them stamped before ``oldest``."""
        values = np.full(len(self._joints), np.nan)
        for name in term.channels:
            stamp, value = self._last.get((term.field, name), (None, 0.0))
            if stamp is None or stamp < oldest:
                raise ObservationError(
                    f'no {term.field} of {name} within {self._freshness:g} s before it'
                )
            values[self._joints.index(name)] = value
        return values


def _set(message: Any, field: str, values: np.ndarray) -> None:
    """Set a field to values (n,), as an array of the kind that this message's library uses."""
    live = isinstance(getattr(message, field, None), array)
    setattr(message, field, array('d', values) if live else values)
