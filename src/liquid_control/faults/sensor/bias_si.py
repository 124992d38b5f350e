"""Constant offsets of readings, in their own units."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from liquid_control.faults.kinds import SensorFault
from liquid_control.faults.settings import setting
from liquid_control.faults.signals import Signal
from liquid_control.faults.signs import Offset


@dataclass(frozen=True)
class BiasSI(SensorFault):
    """A constant offset of the same absolute size on every channel, up or down.

    The sign of each channel is drawn when the fault begins, as that of ``bias``.

    Attributes:
        size: size of the offset in the unit of each channel, such as m, rad or rad/s.
    """

    name: ClassVar[str] = 'bias_si'
    about: ClassVar[str] = 'a constant offset in SI units'
    graded: ClassVar[bool] = True

    size: float = setting(0.01, 0.0, 1e6, neutral=0.0)

    def memory(self, sources: int, signal: Signal) -> Offset:
        return Offset(sources, np.full(len(signal.scale), self.size))
