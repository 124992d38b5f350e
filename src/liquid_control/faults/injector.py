"""Puts faults into messages, the same way wherever the messages come from."""

import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from liquid_control.control.contract import Contract
from liquid_control.control.observe import TermAccess, stamp_ns
from liquid_control.faults.base import Fault, FaultError


class FaultInjector:
    """Applies faults to the channels that a robot's contract names, in place.

    What happens to a message depends on the seed, its topic and its stamp alone: the same
    message meets the same fault over ROS, in process and in a bag, whatever was lost before it.

    Raises:
        FaultError: a fault is there and a channel has no ``std`` in the contract, or the seed is
            not in [0, 2⁶⁴).
    """

    def __init__(self, robot: Contract, faults: Sequence[Fault], seed: int):
        if not 0 <= seed < 2**64:
            raise FaultError(f'seed: expected a whole number in [0, 2^64), found {seed}')
        self._faults = tuple(faults)
        self._seed = seed
        self._access: dict[str, list[tuple[TermAccess, np.ndarray]]] = {}
        for term in robot.sensed:
            if term.hold:
                continue  # a command is no sensor
            if self._faults and term.std is None:
                raise FaultError(
                    f'{robot.source}: {term.name}: std is missing: faults are measured in it'
                )
            std = np.array(term.std if term.std is not None else ())
            self._access.setdefault(term.topic, []).append((TermAccess(term), std))

    def apply(self, topic: str, message: Any) -> bool:
        """Corrupt one message in place; False where it is lost.

        Raises:
            ObservationError: the message does not hold what the contract says.
        """
        if not self._faults:
            return True
        stamp, terms = stamp_ns(message), self._access.get(topic, ())
        readings = [np.array(access.read(message)) for access, _ in terms]
        for place, fault in enumerate(self._faults):
            rng = self._rng(topic, stamp, place)
            if bool(fault.drops(rng)):
                return False
            readings = [
                fault.corrupt(values, std, rng)
                for values, (_, std) in zip(readings, terms, strict=True)
            ]
        for values, (access, _) in zip(readings, terms, strict=True):
            access.write(message, values)
        return True

    def _rng(self, topic: str, stamp: int, place: int) -> np.random.Generator:
        key = np.array([self._seed, zlib.crc32(topic.encode())], dtype=np.uint64)
        counter = np.array([0, 0, place, stamp % 2**64], dtype=np.uint64)
        return np.random.Generator(np.random.Philox(key=key, counter=counter))
