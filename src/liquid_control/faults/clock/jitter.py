"""Control periods of uneven length."""

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

    def periods(self, draws: Draws) -> np.ndarray:
        return np.clip(1.0 + self.sigma * draws.normal(each='sample'), SHORTEST, LONGEST)
