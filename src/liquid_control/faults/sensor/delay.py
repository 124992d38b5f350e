"""Readings that arrive late."""

from dataclasses import dataclass
from typing import ClassVar

from liquid_control.faults.delay_line import DelayLine
from liquid_control.faults.kinds import SensorFault
from liquid_control.faults.memory import Memory
from liquid_control.faults.settings import setting
from liquid_control.faults.signals import Signal


@dataclass(frozen=True)
class Delay(SensorFault):
    """Every message carries the readings of an earlier message, under its own stamp.

    This is what happens with a driver that stamps readings on receipt: no stamp shows how old a
    reading is. No message is withheld: when the delay begins, its first reading is repeated until
    it is ``samples`` old, as by a driver that holds the last value that it has. The delay begins
    with the episode or at its ``start``, and again after a gap longer than the contract's
    ``max_gap`` or if stamps go back.

    Attributes:
        samples: delay in samples, a whole number.
    """

    name: ClassVar[str] = 'delay'
    about: ClassVar[str] = 'readings arrive this many samples late'
    by_channel: ClassVar[bool] = False

    samples: int = setting(1, 0, 1000, whole=True, neutral=0)

    @property
    def lag(self) -> int:
        return self.samples

    def memory(self, sources: int, signal: Signal) -> Memory:
        return DelayLine(self.samples, sources, len(signal.scale))
