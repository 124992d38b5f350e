"""The base class of all faults, and their settings."""

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

_KEY = 'bounds'
LATEST_START = 1_000_000
"""Largest number of samples after which a fault may begin."""


class FaultError(ValueError):
    """A fault is unknown or cannot be applied, or one of its settings is invalid."""


@dataclass(frozen=True)
class Bounds:
    """The values that a setting may have, both ends included."""

    low: float
    high: float
    whole: bool = False
    """Whether it must be a whole number."""

    def check(self, value: Any) -> float | int:
        """Return a value as a number; raise ValueError, with what was expected, if it is none."""
        kind = 'a whole number' if self.whole else 'a number'
        expected = f'expected {kind} in [{self.low:.7g}, {self.high:.7g}]'
        try:
            number = float(value)
        except (TypeError, ValueError):
            raise ValueError(f'{expected}, found {value!r}') from None
        if not self.low <= number <= self.high or (self.whole and number != int(number)):
            raise ValueError(f'{expected}, found {value}')
        return int(number) if self.whole else number

    def __str__(self) -> str:
        return f'{self.low:.7g} to {self.high:.7g}'


def setting(default: float, low: float, high: float, whole: bool = False, **more: Any) -> Any:
    """A setting of a fault, a dataclass field with bounds."""
    metadata = {_KEY: Bounds(low, high, whole)}
    return dataclasses.field(default=default, metadata=metadata, **more)


def bounds(field: dataclasses.Field) -> Bounds:
    """The bounds of a setting."""
    return field.metadata[_KEY]


@dataclass(frozen=True)
class Fault:
    """A fault of the sensors or of their clock.

    Its randomness always comes from the generator passed in, never from one of its own. A subclass
    is a frozen dataclass of its settings, each a :func:`setting`, and overrides what it affects.

    Attributes:
        start: number of samples of an episode before the fault begins.

    Raises:
        FaultError: a setting is no number or is out of bounds.
    """

    about: ClassVar[str] = ''
    """What it does, in a few words, for ``--help``."""

    start: int = setting(0, 0, LATEST_START, whole=True, kw_only=True)

    def __post_init__(self):
        for field in dataclasses.fields(self):
            try:
                value = bounds(field).check(getattr(self, field.name))
            except ValueError as error:
                raise FaultError(f'{type(self).__name__.lower()}: {field.name}: {error}') from None
            object.__setattr__(self, field.name, value)

    @property
    def lag(self) -> int:
        """Number of samples by which readings arrive late."""
        return 0

    @property
    def alters(self) -> bool:
        """Whether it loses or corrupts readings at all."""
        kind = type(self)
        return kind.drops is not Fault.drops or kind.corrupt is not Fault.corrupt

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
