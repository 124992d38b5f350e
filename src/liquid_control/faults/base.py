"""The base class of all faults."""

import numpy as np


class FaultError(ValueError):
    """A fault is unknown or cannot be applied, or one of its settings is invalid."""


class Fault:
    """A fault of the sensors or of their clock.

    Its randomness always comes from the generator passed in, never from one of its own. A subclass
    is a frozen dataclass of its settings and overrides what it affects.
    """

    lag: int = 0
    """Number of samples by which readings arrive late."""

    @property
    def of_sensors(self) -> bool:
        """Whether it changes or withholds readings; what else it does a simulation must obey."""
        return type(self).periods is Fault.periods

    def drops(self, rng: np.random.Generator, shape: tuple[int, ...] = ()) -> np.ndarray:
        """Return which samples are lost: bool of ``shape``."""
        return np.zeros(shape, dtype=bool)

    def corrupt(self, values: np.ndarray, std: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the readings as the faulty sensor gives them.

        Args:
            values: true readings (..., n).
            std: standard deviation of each channel in normal motion, (n,).
            rng: source of randomness.
        """
        return values

    def periods(self, rng: np.random.Generator, shape: tuple[int, ...] = ()) -> np.ndarray:
        """Return lengths of control periods in nominal periods, of ``shape``, for a simulation."""
        return np.ones(shape)
