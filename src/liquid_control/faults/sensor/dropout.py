"""Channels that read 0 by chance."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from liquid_control.faults.kinds import SensorFault
from liquid_control.faults.memory import Samples
from liquid_control.faults.randomness import Draws
from liquid_control.faults.settings import setting
from liquid_control.faults.signals import Signal
from liquid_control.faults.spells import Spells


class _Zeros(Spells):
    def push(self, samples: Samples, active: np.ndarray, draws: Draws) -> Samples:
        return samples._replace(values=np.where(self.draw(draws), 0.0, samples.values))


@dataclass(frozen=True)
class Dropout(SensorFault):
    """Each channel by itself reads 0 by chance, for a while; the message arrives all the same.

    On every sample on which a channel reads right, it drops out with the same probability, for
    ``samples`` samples. This is what the RealWorldRL suite calls dropped (Dulac-Arnold et al.
    2020); here, ``dropped`` loses whole messages.

    Attributes:
        chance: probability of dropping out, for each channel and sample.
        samples: how many samples it reads 0.
    """

    name: ClassVar[str] = 'dropout'
    about: ClassVar[str] = 'channels read 0 at times'

    chance: float = setting(0.05, 0.0, 1.0, neutral=0.0)
    samples: int = setting(5, 1, 999, whole=True)

    def memory(self, sources: int, signal: Signal) -> Spells:
        return _Zeros(self.chance, self.samples, sources, len(signal.scale), 'channel')
