"""Control periods of uneven length."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from liquid_control.faults.kinds import ClockFault
from liquid_control.faults.randomness import Draws
from liquid_control.faults.settings import setting

SHORTEST, LONGEST = 0.5, 2.0
"""Bounds of a period in nominal periods."""


@dataclass(frozen=True)
class Jitter(ClockFault):
    """The time from one sample to the next is normally distributed about the nominal period.

    The simulation really lets that much time pass, in whole physics steps, holding the command
    meanwhile; the stamp is the time of the reading. A period lasts between half and twice the
    nominal one.

    Attributes:
        sigma: standard deviation in nominal periods.
    """

    name: ClassVar[str] = 'jitter'
    about: ClassVar[str] = 'uneven periods; std in periods'

    sigma: float = setting(0.25, 0.0, 10.0, neutral=0.0)

    @property
    def mean(self) -> float:
        """Mean of the normal distribution that is clipped at the bounds."""
        if not self.sigma:
            return 1.0
        low, high = (SHORTEST - 1.0) / self.sigma, (LONGEST - 1.0) / self.sigma
        below, above = _cumulative(low), 1.0 - _cumulative(high)
        between = (1.0 - below - above) + self.sigma * (_density(low) - _density(high))
        return SHORTEST * below + between + LONGEST * above

    def periods(self, draws: Draws) -> np.ndarray:
        return np.clip(1.0 + self.sigma * draws.normal(each='sample'), SHORTEST, LONGEST)


def _density(x: float) -> float:
    return math.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi)


def _cumulative(x: float) -> float:
    return 0.5 * (1.0 + math.erf(x / math.sqrt(2.0)))
