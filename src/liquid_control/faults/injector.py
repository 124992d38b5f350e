"""Inject faults into messages, in the same way wherever the messages come from."""

import itertools
import zlib
from collections import Counter
from collections.abc import Container, Sequence
from typing import Any, NamedTuple

import numpy as np

from liquid_control.control.contract import Contract
from liquid_control.control.observe import TermAccess, stamp_ns
from liquid_control.faults.base import Fault, FaultError
from liquid_control.faults.delay import DelayLine

_CLOCK = 'clock'


class _Read(NamedTuple):
    """A term: how to access it, its index among the terms of its topic, its channels' std."""

    access: TermAccess
    place: int
    std: np.ndarray


class FaultInjector:
    """Applies faults to the channels that a robot's contract names, in place.

    The noise on a message and its loss depend only on the seed, its topic, its stamp and the
    robot's terms: the same message is treated the same over ROS, in process and in a bag, whatever
    was lost before it and whichever terms are asked for. What a delay delivers depends on the
    messages of its topic since the last gap.

    Args:
        robot: complete contract of the robot.
        faults: faults in the order in which they are applied.
        seed: seed of the faults.
        asked: names of the terms to read and write; by default all.

    Raises:
        FaultError: there is a fault but a channel has no ``std`` in the contract, or the seed is
            not in [0, 2⁶⁴).
    """

    def __init__(
        self,
        robot: Contract,
        faults: Sequence[Fault],
        seed: int,
        asked: Container[str] | None = None,
    ):
        _check_seed(seed)
        self._faults = tuple(faults)
        self._seed = seed
        self._held = robot.held  # commands: no sensor brings them
        self._max_gap_ns = round(robot.max_gap * 1e9)
        self._read: dict[str, list[_Read]] = {}
        self._stamps: dict[str, int] = {}
        self._lines: dict[str, list[DelayLine | None]] = {}
        places: Counter[str] = Counter()
        for term in robot.sensed:
            place = places[term.topic]
            places[term.topic] += 1
            if term.hold or (asked is not None and term.name not in asked):
                continue
            if self._faults and term.std is None:
                raise FaultError(
                    f'{robot.source}: {term.name}: std is missing: it is the unit of faults'
                )
            read = _Read(TermAccess(term), place, np.array(term.std or ()))
            self._read.setdefault(term.topic, []).append(read)

    def apply(self, topic: str, message: Any) -> bool:
        """Corrupt one message in place; return False if it is lost.

        Raises:
            ObservationError: the message lacks something that the contract asks for.
        """
        if not self._faults or topic in self._held:
            return True
        stamp, terms = stamp_ns(message), self._read.get(topic, ())
        readings = [read.access.read(message) for read in terms]
        values = np.array([value for reading in readings for value in reading], dtype=float)
        cuts = np.cumsum([0, *map(len, readings)])
        spans = [slice(*cut) for cut in itertools.pairwise(cuts)]
        arrived, lines = True, self._waiting(topic, stamp, len(values))
        for place, (fault, line) in enumerate(zip(self._faults, lines, strict=True)):
            rng = _rng(self._seed, topic, stamp, place)
            arrived = arrived and not bool(fault.drops(rng))
            for read, span in zip(terms, spans, strict=True):
                own = self._of(read, rng, topic, stamp, place)
                there, changed = values[span], fault.corrupt(values[span], read.std, own)
                values[span] = np.where(there == read.access.no_value, there, changed)
            if line is not None:
                late, there = line.push(values[None], np.array([arrived]))
                values, arrived = late[0].copy(), bool(there[0])
        if arrived:
            for read, span in zip(terms, spans, strict=True):
                read.access.write(message, values[span])
        return arrived

    def _of(self, read: _Read, first: np.random.Generator, *key) -> np.random.Generator:
        """A term's generator; the first term of a topic continues with the topic's generator."""
        return _rng(self._seed, *key, read.place) if read.place else first

    def _waiting(self, topic: str, stamp: int, width: int) -> list[DelayLine | None]:
        """Delay lines of a topic, one for each fault, None if it adds no delay; new after a gap."""
        passed = stamp - self._stamps.get(topic, stamp)
        if topic not in self._lines or not 0 <= passed <= self._max_gap_ns:
            self._lines[topic] = [
                DelayLine(np.array([fault.lag]), width) if fault.lag else None
                for fault in self._faults
            ]
        self._stamps[topic] = stamp
        return self._lines[topic]


class FaultyClock:
    """Length of each control period of a simulation, from its stamp and the seed alone.

    Raises:
        FaultError: the seed is not in [0, 2⁶⁴).
    """

    def __init__(self, faults: Sequence[Fault], seed: int):
        _check_seed(seed)
        self._faults, self._seed = tuple(faults), seed

    def period(self, stamp: int) -> float:
        """Length, in nominal periods, of the period that begins at a stamp in ns."""
        length = 1.0
        for place, fault in enumerate(self._faults):
            length *= float(fault.periods(_rng(self._seed, _CLOCK, stamp, place)))
        return length


def _check_seed(seed: int) -> None:
    if not 0 <= seed < 2**64:
        raise FaultError(f'seed: expected a whole number in [0, 2^64), found {seed}')


def _rng(seed: int, topic: str, stamp: int, place: int, term: int = 0) -> np.random.Generator:
    key = np.array([seed, zlib.crc32(topic.encode())], dtype=np.uint64)
    counter = np.array([0, term, place, stamp % 2**64], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key, counter=counter))
