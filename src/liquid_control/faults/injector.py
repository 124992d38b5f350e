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
        FaultError: a fault is there, and a channel has no ``std`` in the contract.
    """

    def __init__(self, robot: Contract, faults: Sequence[Fault], seed: int):
        self._faults = tuple(faults)
        self._seed = seed
        self._access: dict[str, list[tuple[TermAccess, np.ndarray]]] = {}
        for term in robot.sensed:
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
        stamp = stamp_ns(message)
        for place, fault in enumerate(self._faults):
            rng = self._rng(topic, stamp, place)
            if bool(fault.drops(rng)):
                return False
            for access, std in self._access.get(topic, ()):
                access.write(message, fault.corrupt(np.array(access.read(message)), std, rng))
        return True

    def _rng(self, topic: str, stamp: int, place: int) -> np.random.Generator:
        key = np.array([self._seed, zlib.crc32(topic.encode())], dtype=np.uint64)
        counter = np.array([0, 0, place, stamp % 2**64], dtype=np.uint64)
        return np.random.Generator(np.random.Philox(key=key, counter=counter))
