"""Whether a policy is stepped about as often as in its training."""

import numpy as np

MEASURED, NOMINAL = 'measured', 'nominal'
"""Elapsed time that a policy is given: as measured between stamps, or 1 whatever it is."""
STEPS = 50
"""Steps over which elapsed times are averaged."""
TOLERANCE = 0.1
"""Share by which a mean may lie outside the range trained on before it counts as far outside."""


def range_of_means(elapsed: np.ndarray) -> tuple[float, float] | None:
    """Smallest and largest mean over ``STEPS`` elapsed times (T,) in a row; None if T is less."""
    if len(elapsed) < STEPS:
        return None
    sums = np.concatenate([[0.0], np.cumsum(elapsed, dtype=np.float64)])
    means = (sums[STEPS:] - sums[:-STEPS]) / STEPS
    return round(float(means.min()), 3), round(float(means.max()), 3)


def require_elapsed(elapsed: str) -> None:
    """Raise ValueError if it is neither ``measured`` nor ``nominal``."""
    if elapsed not in (MEASURED, NOMINAL):
        raise ValueError(f'elapsed: expected {MEASURED} or {NOMINAL}, found {elapsed}')


class ElapsedWatch:
    """Notices when elapsed times stay far outside the range that a policy was trained on.

    A single elapsed time tells little: a lost sample or an uneven period is part of many
    trainings. What a policy may not bear is another rate, so the mean counts.

    Args:
        trained: smallest and largest mean elapsed time over ``STEPS`` steps in training, in
            nominal periods; None if unknown: then nothing is noticed.
    """

    def __init__(self, trained: tuple[float, float] | None):
        self.trained = trained
        self.warning: str | None = None
        """What was noticed first, if anything."""
        if trained is not None:
            self._low, self._high = trained[0] * (1.0 - TOLERANCE), trained[1] * (1.0 + TOLERANCE)
        self.restart()

    @property
    def settled(self) -> bool:
        """Whether there is nothing more to notice."""
        return self.trained is None or self.warning is not None

    def restart(self) -> None:
        """Begin a new mean, as after a reset of the policy."""
        self._sum, self._count = 0.0, 0

    def add(self, elapsed: float) -> str | None:
        """Take in the elapsed time of a step; return a warning, the first time there is one."""
        if self.settled:
            return None
        self._sum += elapsed
        self._count += 1
        if self._count < STEPS:
            return None
        mean = self._sum / self._count
        self.restart()
        return self.judge(mean)

    def judge(self, mean: float) -> str | None:
        """Take in a mean over ``STEPS`` steps; return a warning, the first time there is one."""
        if self.trained is None or self.warning is not None or self._low <= mean <= self._high:
            return None
        self.warning = (
            f'the mean elapsed time over {STEPS} steps is {mean:.3g} nominal periods; the policy '
            f'was trained with {self.trained[0]:.3g} to {self.trained[1]:.3g}: check the rate of '
            "the sensors against the contract's"
        )
        return self.warning
