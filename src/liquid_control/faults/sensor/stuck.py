"""Channels that get stuck by chance."""

from dataclasses import dataclass
from typing import ClassVar

from liquid_control.faults.kinds import SensorFault
from liquid_control.faults.settings import setting
from liquid_control.faults.signals import Signal
from liquid_control.faults.spells import Held


@dataclass(frozen=True)
class Stuck(SensorFault):
    """Each channel by itself gets stuck by chance, and repeats its last reading for a while.

    On every sample on which a channel is not stuck, it gets stuck with the same probability; then
    this reading and those that follow are the one before, ``samples`` in all. An episode's first
    reading is always right. As in the RealWorldRL suite (Dulac-Arnold et al. 2020).

    Attributes:
        chance: probability of getting stuck, for each channel and sample.
        samples: how many samples it stays stuck.
    """

    name: ClassVar[str] = 'stuck'
    about: ClassVar[str] = 'channels stick, by chance'

    chance: float = setting(0.05, 0.0, 1.0, neutral=0.0)
    samples: int = setting(5, 1, 999, whole=True)

    def memory(self, sources: int, signal: Signal) -> Held:
        return Held(self.chance, self.samples, sources, len(signal.scale), 'channel')
