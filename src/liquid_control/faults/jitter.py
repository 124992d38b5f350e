"""Control periods of uneven length."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from liquid_control.faults.fault import Fault, setting

_SHORTEST, _LONGEST = 0.5, 2.0


@dataclass(frozen=True)
class Jitter(Fault):
    """The time from one sample to the next is normally distributed about the nominal period.

    The simulation really lets that much time pass, in whole physics steps, holding the command
    meanwhile; the stamp is the time of the reading. A period lasts between half and twice the
    nominal one. A recording or a live robot has its own timing, and no fault node can change when
    a reading was taken, so there this fault does nothing.

    Attributes:
        sigma: standard deviation in nominal periods.
    """

    about: ClassVar[str] = 'uneven periods; std in nominal periods'

    sigma: float = setting(0.25, 0.0, 10.0)

    def periods(self, rng, shape=()):
        return np.clip(1.0 + self.sigma * rng.standard_normal(shape), _SHORTEST, _LONGEST)
