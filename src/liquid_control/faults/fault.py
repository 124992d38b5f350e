"""The base class of all faults, and their settings."""

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np

_KEY = 'check'
LATEST_START = 1_000_000
"""Largest number of samples after which a fault may begin."""


class FaultError(ValueError):
    """A fault is unknown or cannot be applied, or one of its settings is invalid."""


class Check(Protocol):
    """The values that a setting may have; as text, the same for ``--help``."""

    @property
    def otherwise(self) -> str:
        """What it is if the setting is None."""

    def check(self, value: Any) -> Any:
        """Return a value as the setting's type; raise ValueError, with what was expected."""


@dataclass(frozen=True)
class Bounds:
    """Numbers between two bounds, both included."""

    low: float
    high: float
    whole: bool = False
    """Whether it must be a whole number."""
    otherwise: ClassVar[str] = ''

    def check(self, value: Any) -> float | int:
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


@dataclass(frozen=True)
class Name:
    """The name of a part of the robot; None where none needs to be given."""

    what: str
    otherwise: str = ''
    """Which part it is if none is given; empty: one must be."""

    def check(self, value: Any) -> str | None:
        if value is None and self.otherwise:
            return None
        if not isinstance(value, str) or not value:
            raise ValueError(f'expected the name of a {self.what}, found {value!r}')
        return value

    def __str__(self) -> str:
        return self.what


def setting(default: float, low: float, high: float, whole: bool = False, **more: Any) -> Any:
    """A number that a fault takes: a dataclass field with bounds."""
    return dataclasses.field(default=default, metadata={_KEY: Bounds(low, high, whole)}, **more)


def name_setting(default: str | None, what: str, otherwise: str = '') -> Any:
    """The name of a part of the robot, such as a body: a dataclass field.

    Args:
        default: the name; None: a part that the fault finds in the model.
        what: kind of the part, such as ``body``.
        otherwise: which part that is, for ``--help``.
    """
    return dataclasses.field(default=default, metadata={_KEY: Name(what, otherwise)})


def check_of(field: dataclasses.Field) -> Check:
    """The values that a setting may have."""
    return field.metadata[_KEY]


def default_of(field: dataclasses.Field) -> str:
    """The default of a setting, as text."""
    return check_of(field).otherwise if field.default is None else str(field.default)


def has_check(field: dataclasses.Field) -> bool:
    """Whether a field is a :func:`setting` or a :func:`name_setting`."""
    return _KEY in field.metadata


@dataclass(frozen=True)
class Fault:
    """A fault of one robot; :mod:`faults.kinds` has a subclass with hooks for each kind.

    A fault is a frozen dataclass of its settings, each a :func:`setting`, and overrides what it
    affects. Its randomness always comes from what is passed in, never from a generator of its own.

    Attributes:
        start: number of samples (commands, periods) of an episode before the fault begins.

    Raises:
        FaultError: a setting is of the wrong type or out of bounds.
    """

    kind: ClassVar[str] = ''
    """``sensor``, ``command``, ``clock`` or ``dynamics``."""
    name: ClassVar[str] = ''
    """Its name on the command line."""
    about: ClassVar[str] = ''
    """What it does, in a few words, for ``--help``."""

    start: int = setting(0, 0, LATEST_START, whole=True, kw_only=True)

    def __post_init__(self):
        for field in dataclasses.fields(self):
            try:
                value = check_of(field).check(getattr(self, field.name))
            except ValueError as error:
                raise FaultError(f'{self.name}: {field.name}: {error}') from None
            object.__setattr__(self, field.name, value)

    def active(self, count: np.ndarray) -> np.ndarray:
        """Whether it acts on the sample (command, period) of this number in its episode."""
        return count >= self.start
