"""Commands that act for several periods."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from liquid_control.faults.kinds import CommandFault
from liquid_control.faults.memory import Memory, Samples
from liquid_control.faults.randomness import Draws
from liquid_control.faults.settings import setting
from liquid_control.faults.signals import Signal


class _Every(Memory):
    kept: ClassVar[tuple[str, ...]] = ('phase',)

    def __init__(self, periods: int, sources: int):
        self._periods = periods
        self.phase = np.zeros(sources, dtype=np.int64)

    def push(self, samples: Samples, active: np.ndarray, draws: Draws) -> Samples:
        taken = self.phase == 0
        self.phase[active] = (self.phase[active] + 1) % self._periods
        return samples._replace(arrived=samples.arrived & taken)

    def restart(self, which: int | np.ndarray) -> None:
        self.phase[which] = 0


@dataclass(frozen=True)
class CommandHold(CommandFault):
    """Only one command of several is taken; it acts until the next one is.

    This is what the RealWorldRL suite calls repeated actions (Dulac-Arnold et al. 2020).

    Attributes:
        periods: for how many control periods each command acts, a whole number.
    """

    name: ClassVar[str] = 'command_hold'
    about: ClassVar[str] = 'each command acts for several periods'
    by_channel: ClassVar[bool] = False

    periods: int = setting(2, 1, 1000, whole=True, neutral=1)

    def memory(self, sources: int, signal: Signal) -> Memory:
        return _Every(self.periods, sources)
