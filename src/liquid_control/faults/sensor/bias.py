"""Constant offsets of readings."""

from dataclasses import dataclass
from typing import ClassVar

from liquid_control.faults.kinds import SensorFault
from liquid_control.faults.settings import setting
from liquid_control.faults.signals import Signal
from liquid_control.faults.signs import Offset


@dataclass(frozen=True)
class Bias(SensorFault):
    """A constant offset on every channel, of the same size, up or down.

    The sign of each channel is drawn when the fault begins, with equal chance; then the offset
    stays as it is to the end of the episode. A replay that begins in mid-episode draws other signs.

    Attributes:
        size: size of the offset, in units of each channel's ``std`` in the contract.
    """

    name: ClassVar[str] = 'bias'
    about: ClassVar[str] = 'a constant offset of ± this many std'
    graded: ClassVar[bool] = True
    in_units: ClassVar[bool | None] = True

    size: float = setting(0.2, 0.0, 1000.0, neutral=0.0)

    def memory(self, sources: int, signal: Signal) -> Offset:
        return Offset(sources, self.size * signal.scale)
