"""What every fault is."""

import numpy as np


class FaultError(ValueError):
    """A fault that is not known, or a setting of it that makes no sense."""


class Fault:
    """A fault of the sensors or of their clock. Randomness comes from the generator that it is
    handed, never its own.

    A subclass is a frozen dataclass of its settings and overrides what it does.
    """

    lag: int = 0
    """By how many samples readings arrive late."""

    @property
    def of_sensors(self) -> bool:
        """Whether it changes or withholds readings; what else it does a simulation must obey."""
        return type(self).periods is Fault.periods

    def drops(self, rng: np.random.Generator, shape: tuple[int, ...] = ()) -> np.ndarray:
        """Which samples are lost: bool of ``shape``."""
        return np.zeros(shape, dtype=bool)

    def corrupt(self, values: np.ndarray, std: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Readings as the faulty sensor gives them.

        Args:
            values: true readings (..., n).
            std: standard deviation of each channel in normal motion, (n,).
        """
        return values

    def periods(self, rng: np.random.Generator, shape: tuple[int, ...] = ()) -> np.ndarray:
        """Lengths of control periods in nominal ones, of ``shape``; a simulation obeys them."""
        return np.ones(shape)
