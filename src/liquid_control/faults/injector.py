"""Inject faults into messages, in the same way wherever the messages come from."""

import itertools
import zlib
from collections import Counter
from collections.abc import Container, Sequence
from typing import Any, NamedTuple

import numpy as np

from liquid_control.control.contract import Contract
from liquid_control.control.observe import TermAccess
from liquid_control.control.stamps import stamp_ns
from liquid_control.faults.chain import FaultChain
from liquid_control.faults.fault import Fault, FaultError

_CLOCK = 'clock'


class _Read(NamedTuple):
    """A term: how to access it, its index among the terms of its topic, its channels' std."""

    access: TermAccess
    place: int
    std: np.ndarray


class _Sample(NamedTuple):
    """The last sample of a topic: its stamp, its values, and what was delivered of it, if any."""

    stamp: int
    values: np.ndarray
    delivered: np.ndarray
    arrived: bool


class FaultInjector:
    """Applies faults to the channels that a robot's contract names, in place.

    The noise on a message and its loss depend only on the seed, its topic, its stamp and the
    robot's terms: the same message is treated the same over ROS, in process and in a bag, whatever
    was lost before it and whichever terms are asked for. What a delay delivers, and where a fault
    begins that has a ``start``, depends on the messages of its topic since the last gap. A message
    that is sent again with the same stamp is the same sample.

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
        self._last: dict[str, _Sample] = {}
        self._chains: dict[str, FaultChain] = {}
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

        def affect(place: int, fault: Fault, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            rng = _rng(self._seed, topic, stamp, place)
            lost, corrupted = fault.drops(rng, (1,)), values.copy()
            for read, span in zip(terms, spans, strict=True):
                own = self._of(read, rng, topic, stamp, place)
                there = values[0, span]
                changed = fault.corrupt(there, read.std, own)
                corrupted[0, span] = np.where(there == read.access.no_value, there, changed)
            return lost, corrupted

        last = self._last.get(topic)
        if last is None or last.stamp != stamp or not np.array_equal(last.values, values):
            chain = self._chain(topic, stamp, len(values))
            delivered, _, arrived = chain.push(values[None], affect)
            last = self._last[topic] = _Sample(stamp, values, delivered[0], bool(arrived[0]))
        if last.arrived:
            for read, span in zip(terms, spans, strict=True):
                read.access.write(message, last.delivered[span].copy())
        return last.arrived

    def _of(self, read: _Read, first: np.random.Generator, *key) -> np.random.Generator:
        """A term's generator; the first term of a topic continues with the topic's generator."""
        return _rng(self._seed, *key, read.place) if read.place else first

    def _chain(self, topic: str, stamp: int, width: int) -> FaultChain:
        """The faults of a topic; an episode of theirs begins after a gap."""
        passed = stamp - self._last[topic].stamp if topic in self._last else 0
        if topic not in self._chains or not 0 <= passed <= self._max_gap_ns:
            everything = np.ones((1, len(self._faults)), dtype=bool)
            self._chains[topic] = FaultChain(self._faults, everything, width)
        return self._chains[topic]


class FaultyClock:
    """Length of each control period of a simulation, from its stamp and the seed alone.

    Raises:
        FaultError: the seed is not in [0, 2⁶⁴).
    """

    def __init__(self, faults: Sequence[Fault], seed: int):
        _check_seed(seed)
        self._uneven = [each for each in enumerate(faults) if not each[1].of_sensors]
        self._seed = seed

    def period(self, stamp: int, step: int) -> float:
        """Length of a period in nominal periods.

        Args:
            stamp: when it begins, in ns.
            step: periods that the episode has lasted.
        """
        length = 1.0
        for place, fault in self._uneven:
            if step >= fault.start:
                length *= float(fault.periods(_rng(self._seed, _CLOCK, stamp, place)))
        return length


def _check_seed(seed: int) -> None:
    if not 0 <= seed < 2**64:
        raise FaultError(f'seed: expected a whole number in [0, 2^64), found {seed}')


def _rng(seed: int, topic: str, stamp: int, place: int, term: int = 0) -> np.random.Generator:
    key = np.array([seed, zlib.crc32(topic.encode())], dtype=np.uint64)
    counter = np.array([0, term, place, stamp % 2**64], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key, counter=counter))
