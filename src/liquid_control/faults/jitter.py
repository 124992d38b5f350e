"""Control periods of uneven length."""

from dataclasses import dataclass

import numpy as np

from liquid_control.faults.base import Fault, FaultError

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

    sigma: float = 0.25

    def __post_init__(self):
        if not 0.0 <= self.sigma < float('inf'):
            raise FaultError(f'jitter: sigma: expected a number >= 0, found {self.sigma}')

    def periods(self, rng, shape=()):
        return np.clip(1.0 + self.sigma * rng.standard_normal(shape), _SHORTEST, _LONGEST)
