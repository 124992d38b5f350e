"""The stamps under which readings arrive, for who sees only the answers to them."""

import copy
from collections.abc import Sequence
from typing import Any

from liquid_control.control.contract import Contract
from liquid_control.control.stamps import stamp_ns
from liquid_control.faults.fault import Fault
from liquid_control.faults.injector import FaultInjector
from liquid_control.faults.kinds import SensorFault, of_kind


class Restamping:
    """Foretells what a :class:`FaultInjector` of the same faults and seed does to stamps.

    Args:
        robot: complete contract of the robot.
        faults: all faults.
        seed: seed of the faults.
        topic: the topic of the readings.

    Raises:
        FaultError: as :class:`FaultInjector`.
    """

    def __init__(self, robot: Contract, faults: Sequence[Fault], seed: int, topic: str):
        wrong = any(fault.restamps for _, fault in of_kind(faults, SensorFault))
        self._injector = FaultInjector(robot, faults, seed) if wrong else None
        self._topic = topic

    def stamp(self, messages: dict[str, Any]) -> int:
        """The stamp in ns with which the newest reading arrives, if it does.

        Args:
            messages: topic → message as the sensor sends it; to be called once for each, in order.
        """
        message = messages[self._topic]
        if self._injector is not None:
            message = copy.deepcopy(message)
            self._injector.apply(self._topic, message)
        return stamp_ns(message)
