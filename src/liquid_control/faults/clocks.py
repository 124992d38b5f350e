"""The control periods of N robots under faults of the clock."""

from collections.abc import Sequence

import numpy as np

from liquid_control.faults.fault import Fault, FaultError
from liquid_control.faults.kinds import ClockFault, of_kind
from liquid_control.faults.randomness import Random
from liquid_control.faults.signals import Signal

_CLOCK = Signal(np.ones(1), 'clock')


class ClockFaults:
    """Lengths of control periods; several faults multiply.

    Args:
        faults: all K faults; those of other kinds do nothing here.
        has: which robot has which fault, (N, K) bool; may change when an episode begins.
    """

    def __init__(self, faults: Sequence[Fault], has: np.ndarray):
        self._faults, self._has = of_kind(faults, ClockFault), has

    def periods(self, steps: np.ndarray, random: Random) -> np.ndarray:
        """Length of each robot's period that begins, in nominal periods, (N,).

        Args:
            steps: periods that each robot's episode has lasted, (N,).
            random: source of randomness.

        Raises:
            FaultError: a fault returns a length that is not finite or not above 0.
        """
        lengths = np.ones(len(self._has))
        for position, fault in self._faults:
            active = self._has[:, position] & fault.active(steps)
            draws = random.draws(_CLOCK, position, active)
            factors = np.where(active, fault.periods(draws), 1.0)
            wrong = ~(np.isfinite(factors) & (factors > 0.0))
            if wrong.any():
                raise FaultError(
                    f'{fault.name}: expected periods of a finite length above 0, '
                    f'found {factors[wrong][0]}'
                )
            lengths *= factors
        return lengths
