"""The control periods of N robots under faults of the clock."""

from collections.abc import Sequence

import numpy as np

from liquid_control.faults.fault import Fault
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
        """
        lengths = np.ones(len(self._has))
        for position, fault in self._faults:
            active = self._has[:, position] & fault.active(steps)
            draws = random.draws(_CLOCK, position, active)
            lengths *= np.where(active, fault.periods(draws), 1.0)
        return lengths
