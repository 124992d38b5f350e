"""Inject sensor faults into messages, in the same way wherever the messages come from."""

import itertools
from collections.abc import Container, Sequence
from typing import Any, NamedTuple

import numpy as np

from liquid_control.control.contract import Contract
from liquid_control.control.observe import TermAccess
from liquid_control.control.stamps import set_time, stamp_ns
from liquid_control.faults.chain import FaultChain
from liquid_control.faults.fault import Fault
from liquid_control.faults.kinds import SensorFault, of_kind
from liquid_control.faults.randomness import Streams
from liquid_control.faults.signals import (
    Signal,
    check_channels,
    sensed_terms,
    sensor_signals,
)
from liquid_control.faults.simulation import check_seed


class _Sample(NamedTuple):
    """The last sample of a topic: its stamp, its values, and what was delivered of it, if any."""

    stamp: int
    values: np.ndarray
    delivered: np.ndarray
    arrived: bool
    stamped: int


class FaultInjector:
    """Applies sensor faults to the channels that a robot's contract names, in place.

    The noise on a message and its loss depend only on the seed, its topic, its stamp and the
    robot's terms: the same message is treated the same over ROS, in process and in a bag, whatever
    was lost before it and whichever terms are asked for. What a delay delivers, and where a fault
    begins that has a ``start``, depends on the messages of its topic since the last gap: there an
    episode begins for a fault that draws something once an episode, such as a bias. A message that
    is sent again with the same stamp is the same sample.

    Args:
        robot: complete contract of the robot.
        faults: all faults in their order; only those of sensors are applied here.
        seed: seed of the faults.
        asked: names of the terms to read and write; by default all.

    Raises:
        FaultError: a sensor fault needs the ``std`` of a channel that has none in the contract, or
            is on channels that the robot does not have, or the seed is not in [0, 2⁶⁴).
    """

    def __init__(
        self,
        robot: Contract,
        faults: Sequence[Fault],
        seed: int,
        asked: Container[str] | None = None,
    ):
        check_seed(seed)
        self._faults = of_kind(faults, SensorFault)
        self._has = np.ones((1, len(faults)), dtype=bool)
        self._streams = Streams(seed)
        self._held = robot.held  # commands: no sensor brings them
        self._max_gap_ns = round(robot.max_gap * 1e9)
        check_channels(robot, [(fault.name, fault.on) for _, fault in self._faults])
        scaled = any(fault.needs_unit for _, fault in self._faults)
        self._signals = sensor_signals(robot, asked, scaled) if self._faults else {}
        self._access = {
            topic: [TermAccess(term) for _, term in terms]
            for topic, terms in sensed_terms(robot, asked).items()
        }
        self._last: dict[str, _Sample] = {}
        self._chains: dict[str, FaultChain] = {}

    def apply(self, topic: str, message: Any) -> bool:
        """Corrupt one message in place; return False if it is lost.

        Raises:
            ObservationError: the message lacks something that the contract asks for.
        """
        if not self._faults or topic in self._held:
            return True
        stamp, terms = stamp_ns(message), self._access.get(topic, ())
        readings = [access.read(message) for access in terms]
        values = np.array([value for reading in readings for value in reading], dtype=float)
        last = self._last.get(topic)
        if last is None or last.stamp != stamp or not np.array_equal(last.values, values):
            chain = self._chain(topic, stamp)
            found = chain.push(values[None], self._streams.at(stamp))
            arrived, stamped = bool(found.arrived[0]), int(found.stamps[0])
            last = _Sample(stamp, values, found.values[0], arrived, stamped)
            self._last[topic] = last
        if last.arrived:
            if last.stamped != stamp:
                set_time(message.header.stamp, last.stamped)
            cuts = itertools.pairwise(np.cumsum([0, *map(len, readings)]).tolist())
            for access, cut in zip(terms, cuts, strict=True):
                access.write(message, last.delivered[slice(*cut)].copy())
        return last.arrived

    def sent_ns(self, topic: str, stamp: int) -> int:
        """The stamp in ns with which the sensor sent the newest message of a topic.

        Args:
            topic: the topic.
            stamp: the stamp with which that message arrives.
        """
        last = self._last.get(topic)
        return stamp if last is None or last.stamped != stamp else last.stamp

    def _chain(self, topic: str, stamp: int) -> FaultChain:
        """The faults of a topic; an episode of theirs begins after a gap."""
        passed = stamp - self._last[topic].stamp if topic in self._last else 0
        if topic not in self._chains:
            signal = self._signals.get(topic) or Signal(np.zeros(0), topic, ())
            self._chains[topic] = FaultChain(self._faults, self._has, signal)
        elif not 0 <= passed <= self._max_gap_ns:
            self._chains[topic].restart(0)
        return self._chains[topic]
