"""Control periods of another length than the nominal one."""

from dataclasses import dataclass
from typing import ClassVar

from liquid_control.faults.kinds import ClockFault
from liquid_control.faults.randomness import Draws
from liquid_control.faults.settings import setting


@dataclass(frozen=True)
class Period(ClockFault):
    """Every control period lasts the same multiple of the nominal one.

    A simulation has periods of whole physics steps, and refuses others. Policies leave out readings
    that come more than 1.25 times as fast as their contract says.

    Attributes:
        length: length in nominal periods.
    """

    name: ClassVar[str] = 'period'
    about: ClassVar[str] = 'another period, in nominal periods'
    constant: ClassVar[bool] = True

    length: float = setting(1.5, 0.1, 10.0, neutral=1.0)

    @property
    def mean(self) -> float:
        return self.length

    def periods(self, draws: Draws) -> float:
        return self.length
