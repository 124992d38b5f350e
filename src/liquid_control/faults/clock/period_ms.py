"""Control periods of a length in ms."""

from dataclasses import dataclass
from typing import ClassVar

from liquid_control.faults.kinds import ClockFault
from liquid_control.faults.randomness import Draws
from liquid_control.faults.settings import FaultError, setting

SHORTEST, LONGEST = 0.1, 10.0
"""Bounds of a period in nominal periods."""


@dataclass(frozen=True)
class PeriodMs(ClockFault):
    """Every control period lasts so many milliseconds, as ``period`` in nominal periods.

    Attributes:
        ms: length in ms, between a tenth and ten times the nominal period.
    """

    name: ClassVar[str] = 'period_ms'
    about: ClassVar[str] = 'another period, in ms'
    in_ms: ClassVar[bool] = True
    constant: ClassVar[bool] = True

    ms: float = setting(12.0, 0.1, 10_000.0)

    @property
    def mean(self) -> float:
        return self.ms

    def periods(self, draws: Draws) -> float:
        return self.ms

    def require_fit(self, nominal_ms: float) -> None:
        low, high = SHORTEST * nominal_ms, LONGEST * nominal_ms
        if not low <= self.ms <= high:
            raise FaultError(
                f'{self.name}: ms: expected a number in [{low:g}, {high:g}] at a nominal period of '
                f'{nominal_ms:g} ms, found {self.ms:g}'
            )
