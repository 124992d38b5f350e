"""Named message fields → observation vector: one code for simulation, live robot and bag.

Messages are taken as they come: rclpy's, those that rosbags reads, or the simulation's own.
Only their attributes count.
"""

from functools import reduce
from typing import Any

import numpy as np

from liquid_control.control.contract import Contract, Term
from liquid_control.control.schema import unknown


class ObservationError(ValueError):
    """A message that does not hold what the contract asks of it."""


def stamp_ns(message: Any) -> int:
    """Header stamp of a message in nanoseconds."""
    stamp = message.header.stamp
    return stamp.sec * 1_000_000_000 + stamp.nanosec


class TermAccess:
    """Reads and writes the values of one sensed term in a message, matched by name."""

    def __init__(self, term: Term):
        self.term = term
        self._names: list[str] | None = None
        self._index: list[int] = []

    def read(self, message: Any) -> list[float]:
        """The term's n values, as the message has them.

        Raises:
            ObservationError: the message lacks a name or a field, or has too few values.
        """
        field = self._field(message)
        if self.term.components:
            return [self._component(field, name) for name in self.term.channels]
        index = self._indices(message.name)
        if len(field) != len(message.name):
            raise ObservationError(
                f'{self.term.topic}: {self.term.field} has {len(field)} values for '
                f'{len(message.name)} names'
            )
        values = field.tolist()
        return [values[place] for place in index]

    def write(self, message: Any, values: np.ndarray) -> None:
        """Put values (n,) back where :meth:`read` found them, in place."""
        field = self._field(message)
        if self.term.components:
            for name, value in zip(self.term.channels, values, strict=True):
                setattr(field, name, float(value))
        else:
            np.asarray(field)[self._indices(message.name)] = values

    def _field(self, message: Any) -> Any:
        try:
            return reduce(getattr, self.term.field.split('.'), message)
        except AttributeError:
            raise ObservationError(
                f'{self.term.topic}: a {type(message).__name__} has no field {self.term.field}'
            ) from None

    def _component(self, field: Any, name: str) -> float:
        try:
            return getattr(field, name)
        except AttributeError:
            raise ObservationError(
                f'{self.term.topic}: {self.term.field} has no component {name}'
            ) from None

    def _indices(self, names: Any) -> list[int]:
        if names != self._names:
            place = {name: index for index, name in enumerate(names)}
            for channel in self.term.channels:
                if channel not in place:
                    raise ObservationError(
                        f'{self.term.topic}: {unknown("joint asked for,", channel, place)}'
                    )
            self._index = [place[c] for c in self.term.channels]
            self._names = list(names)
        return self._index


class Observer:
    """Assembles observations from the messages of a contract's topics.

    The contract's first topic paces: an observation carries its stamp, and is complete once
    every other topic has a sample with that stamp or a later one.
    """

    def __init__(self, contract: Contract):
        self._access: dict[str, list[tuple[TermAccess, slice]]] = {}
        self._stamps: dict[str, int] = {}
        self._pace = next(iter(contract.topics))
        self._pending: int | None = None
        self._values = [0.0] * contract.sensed_size
        start = 0
        for term in contract.sensed:
            part = slice(start, start + len(term.channels))
            self._access.setdefault(term.topic, []).append((TermAccess(term), part))
            start = part.stop

    def update(self, topic: str, message: Any) -> tuple[int, np.ndarray] | None:
        """Take in a message; returns (stamp in ns, observation (n,) float32) where one is complete.

        Raises:
            ObservationError: the message does not hold what the contract asks of it.
        """
        stamp = stamp_ns(message)
        for access, part in self._access[topic]:
            values = access.read(message)
            if access.term.clip is not None:
                low, high = access.term.clip
                values = [low if v < low else high if v > high else v for v in values]
            self._values[part] = values
        self._stamps[topic] = stamp
        if topic == self._pace:
            self._pending = stamp
        if self._pending is None:
            return None
        if any(self._stamps.get(t, -1) < self._pending for t in self._access):
            return None
        complete, self._pending = self._pending, None
        return complete, np.array(self._values, dtype=np.float32)
