"""Named message fields → observation vector: the same code for simulation, live robot and bag.

Messages are duck-typed: rclpy's, those read by rosbags, or the simulation's own. Only their
attributes matter.
"""

from array import array
from collections.abc import Callable
from functools import reduce
from math import inf, nan
from operator import attrgetter
from typing import Any

import numpy as np

from liquid_control.control.contract import Contract, Term
from liquid_control.control.joining import Joined
from liquid_control.control.schema import unknown
from liquid_control.control.stamps import IncompleteError, ObservationError, stamp_ns

NO_VALUE, NO_SPEED = 2.146e9, 16000.0
"""Unitree's markers for "no value" in motor messages: PosStopF in positions, VelStopF in
velocities. They are read as NaN: no reading."""
_MARKERS = {
    'position': NO_VALUE, 'positions': NO_VALUE, 'q': NO_VALUE,
    'velocity': NO_SPEED, 'velocities': NO_SPEED, 'dq': NO_SPEED,
}  # fmt: skip


def no_value(path: str) -> float:
    """The marker for "no value" in the field at the end of a path; NaN if it has none."""
    return _MARKERS.get(path.rpartition('.')[2], nan)


class TermAccess:
    """Reads and writes the values of one sensed term in a message, matched by name."""

    def __init__(self, term: Term):
        self.term = term
        self.no_value = no_value(term.field)
        self._field_of = _getter(term.field)
        self._names_of = _getter(term.names)
        self._order = None if term.order is None else list(term.order)
        self._names: list[str] | None = None
        self._index: list[int] = []
        self._all = False  # whether the message has exactly the channels, in order

    def read(self, message: Any) -> list[float]:
        """Return the term's n values as they are in the message.

        Raises:
            ObservationError: the message lacks a field or a name, names a channel more than once,
                has a different number of values than of names, or holds something else than
                numbers.
        """
        try:
            values = self._read(message)
            array('d', values)
        except ObservationError:
            raise
        except Exception as error:  # a message may hold anything, and must not end a node
            raise ObservationError(
                f'{self.term.topic}: {self.term.field} of a {type(message).__name__} cannot be '
                f'read as numbers: {error}'
            ) from error
        return values

    def _read(self, message: Any) -> list[float]:
        field = self._field(message)
        if self.term.components:
            return [self._component(field, name) for name in self.term.channels]
        try:
            names = self._named(message)
            values = field if type(field) is list else field.tolist()
        except AttributeError:
            raise ObservationError(
                f'{self.term.topic}: expected an array {self.term.field} beside a list '
                f'{self.term.names}, found a {type(message).__name__} whose {self.term.field} '
                f'is a {type(field).__name__}'
            ) from None
        index = self._indices(names)
        if len(values) != len(names):
            raise ObservationError(
                f'{self.term.topic}: {self.term.field} has {len(values)} values for '
                f'{len(names)} names'
            )
        return values if self._all else [values[place] for place in index]

    def layout(self, message: Any) -> Any:
        """What distinguishes messages that are read differently: their names and sizes.

        Raises:
            ObservationError: the message lacks a field.
        """
        field = self._field(message)
        if self.term.components:
            self._read(message)
            return None
        try:
            return self._named(message), len(field)
        except (AttributeError, TypeError):
            return None

    def write(self, message: Any, values: np.ndarray) -> None:
        """Write values (n,) in place, back to where :meth:`read` found them.

        Raises:
            ObservationError: the message's type does not take them.
        """
        try:
            self._write(message, values)
        except Exception as error:  # generated message classes assert their types
            raise ObservationError(
                f'{self.term.topic}: {self.term.field} of a {type(message).__name__} does not '
                f'take {values}: {error}'
            ) from error

    def _write(self, message: Any, values: np.ndarray) -> None:
        field = self._field(message)
        if self.term.components:
            for name, value in zip(self.term.channels, values, strict=True):
                setattr(field, name, float(value))
            return
        index = self._indices(self._named(message))
        if '[]' in self.term.field:
            items, path = self.term.field.split('[].')
            items = reduce(getattr, items.split('.'), message)
            for place, value in zip(index, values, strict=True):
                _set(items[place], path, float(value))
            return
        if isinstance(field, list):
            for place, value in zip(index, values, strict=True):
                field[place] = float(value)
            return
        place = np.asarray(field)
        if not place.flags.writeable:  # arrays read by rosbags are read-only
            place = place.copy()
            _set(message, self.term.field, place)
        place[index] = values

    def _named(self, message: Any) -> Any:
        """The name of each value: the message's own, or the contract's ``order``.

        Raises:
            ObservationError: the message has a list ``name`` of the same names in another order.
        """
        if self._order is None:
            return self._names_of(message)
        named = getattr(message, 'name', None)
        other = isinstance(named, list) and named != self._order
        if other and sorted(named) == sorted(self._order):
            raise ObservationError(
                f'{self.term.topic}: order: expected {self._order}, found a message that names '
                f'{named}'
            )
        return self._order

    def _field(self, message: Any) -> Any:
        try:
            return self._field_of(message)
        except AttributeError:
            raise ObservationError(
                f'{self.term.topic}: a {type(message).__name__} has no field {self.term.field}'
            ) from None

    def _component(self, field: Any, name: str) -> float:
        try:
            return float(getattr(field, name))
        except (AttributeError, TypeError):
            raise ObservationError(
                f'{self.term.topic}: {self.term.field} has no number {name}'
            ) from None

    def _indices(self, names: Any) -> list[int]:
        if names != self._names:
            place = {name: index for index, name in enumerate(names)}
            for channel in self.term.channels:
                if channel not in place:
                    raise IncompleteError(
                        f'{self.term.topic}: {unknown("joint asked for,", channel, place)}'
                    )
                if names.count(channel) > 1:
                    raise ObservationError(f'{self.term.topic}: {channel} is named more than once')
            self._index = [place[c] for c in self.term.channels]
            self._all = self._index == list(range(len(names)))
            self._names = list(names)
        return self._index


class Observer:
    """Assembles observations from the messages of a contract's topics.

    The contract's first topic sets the pace: an observation carries its stamp, and is complete
    once every other topic has a sample with that stamp or one later by at most the freshness
    limit. Without that limit, a sensor whose clock runs ahead could fall silent unnoticed.

    A topic that holds must have been received once; from then on its last value applies, however
    old. When messages are merged by stamp, as from a bag, that is the last value stamped no later
    than the observation; live, it is the last one that arrived.

    Messages that each hold a part of the joints are joined by name, see :class:`Joined`.
    """

    def __init__(self, contract: Contract):
        self._access: dict[str, list[tuple[TermAccess, slice]]] = {}
        self._stamps: dict[str, int] = {}
        self._pace = next(iter(contract.topics))
        self._pending: int | None = None
        self._held = frozenset(contract.held)
        self._freshness_ns = round(contract.freshness * 1e9)
        self._values = [0.0] * contract.sensed_size
        self._joined = {topic: Joined(contract, topic) for topic in contract.topics}
        start = 0
        for term in contract.sensed:
            part = slice(start, start + len(term.channels))
            self._access.setdefault(term.topic, []).append((TermAccess(term), part))
            start = part.stop

    def update(self, topic: str, message: Any) -> tuple[int, np.ndarray] | None:
        """Take in a message; return (stamp in ns, observation (n,) float32) once one is complete.

        A topic that holds needs no stamp, nor a type with a header.

        Raises:
            ObservationError: the message lacks something that the contract asks for, or a stamp;
                no message causes any other error.
        """
        stamp = 0 if topic in self._held else _require_stamp(topic, message)
        reads = self._read(topic, message)
        if reads is None:
            return None
        for part, values in reads:  # take a message whole or not at all
            self._values[part] = values
        self._stamps[topic] = stamp
        if topic == self._pace:
            self._pending = stamp
        if self._pending is None:
            return None
        if not all(map(self._in_time, self._access)):
            return None
        complete, self._pending = self._pending, None
        # Going through an array turns values too large for float32 into infinities, silently.
        return complete, np.frombuffer(array('f', self._values), dtype=np.float32)

    def _read(self, topic: str, message: Any) -> list[tuple[slice, list[float]]] | None:
        """Return the place and the values of each term; None for a part of a later reading."""
        try:
            return [(part, _clipped(access, message)) for access, part in self._access[topic]]
        except IncompleteError as error:
            try:
                whole = self._joined[topic].complete(message)
            except IncompleteError:
                raise error from None
            except Exception as why:  # a message may hold anything, and must not end a node
                raise ObservationError(f'{error}; {why}') from why
            return None if whole is None else self._read(topic, whole)

    def _in_time(self, topic: str) -> bool:
        stamp = self._stamps.get(topic)
        if topic in self._held:
            return stamp is not None
        if stamp is None or self._pending is None:
            return False
        return 0 <= stamp - self._pending <= self._freshness_ns


def _require_stamp(topic: str, message: Any) -> int:
    try:
        stamp = int(stamp_ns(message))
    except ObservationError as error:
        raise ObservationError(f'{topic}: {error}') from None
    except Exception as error:  # a message may hold anything, and must not end a node
        raise ObservationError(f'{topic}: its header.stamp is no time: {error}') from error
    if stamp <= 0:
        raise ObservationError(f'{topic}: has no stamp')
    return stamp


def _getter(path: str) -> Callable[[Any], Any]:
    """Return a reader for a field path; through a list, it reads the values of all the items."""
    if '[].' not in path:
        return attrgetter(path)
    items, item = (attrgetter(part) for part in path.split('[].'))
    return lambda message: [item(one) for one in items(message)]


def _set(message: Any, path: str, value: Any) -> None:
    *parents, last = path.split('.')
    setattr(reduce(getattr, parents, message), last, value)


def _clipped(access: TermAccess, message: Any) -> list[float]:
    """A term's values clipped to its range; an infinity is a broken reading and stays one."""
    values = access.read(message)
    if access.no_value in values:
        values = [nan if v == access.no_value else v for v in values]
    if access.term.clip is None:
        return values
    low, high = access.term.clip
    return [low if -inf < v < low else high if high < v < inf else v for v in values]
