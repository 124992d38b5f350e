"""Messages whose readings are those of the last one."""

from dataclasses import dataclass
from typing import ClassVar

from liquid_control.faults.kinds import SensorFault
from liquid_control.faults.settings import setting
from liquid_control.faults.signals import Signal
from liquid_control.faults.spells import Held


@dataclass(frozen=True)
class Repeated(SensorFault):
    """By chance, messages repeat all readings of the last one, under stamps of their own.

    On every message that repeats nothing, repeating begins with the same probability; then this
    message and those that follow have the readings of the one before, ``samples`` in all. An
    episode's first message is always right.

    Attributes:
        chance: probability that repeating begins.
        samples: how many messages in a row are the same.
    """

    name: ClassVar[str] = 'repeated'
    about: ClassVar[str] = 'repeats the last message'

    chance: float = setting(0.1, 0.0, 1.0, neutral=0.0)
    samples: int = setting(1, 1, 999, whole=True)

    def memory(self, sources: int, signal: Signal) -> Held:
        return Held(self.chance, self.samples, sources, len(signal.scale), 'sample')
