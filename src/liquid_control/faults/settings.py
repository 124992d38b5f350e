"""Settings of faults and schedules: numbers and names with bounds, as dataclass fields."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from liquid_control.control.schema import unknown

_CHECK, _NEUTRAL = 'check', 'neutral'


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
    otherwise: str = ''
    """What it is if no number is given; empty: one must be."""

    def check(self, value: Any) -> float | int | None:
        if value is None and self.otherwise:
            return None
        kind = 'a whole number' if self.whole else 'a number'
        expected = f'expected {kind} in [{self.low:.7g}, {self.high:.7g}]'
        try:
            number = float(value)
        except (TypeError, ValueError):
            raise ValueError(f'{expected}, found {value!r}') from None
        if isinstance(value, str) and ('_' in value or not value.isascii()):
            raise ValueError(f'{expected}, found {value!r}')
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


def setting(
    default: float | None,
    low: float,
    high: float,
    whole: bool = False,
    *,
    neutral: float | None = None,
    otherwise: str = '',
    **more: Any,
) -> Any:
    """A number that a fault takes: a dataclass field with bounds.

    Args:
        default: its default; None: only where ``otherwise`` says what that is.
        low: smallest value.
        high: largest value.
        whole: whether it must be a whole number.
        neutral: the value with which the fault changes nothing: 0 for noise, 1 for a factor.
        otherwise: what it is if no number is given, for ``--help``.
    """
    bounds = Bounds(low, high, whole, otherwise)
    return dataclasses.field(default=default, metadata={_CHECK: bounds, _NEUTRAL: neutral}, **more)


def name_setting(default: str | None, what: str, otherwise: str = '', **more: Any) -> Any:
    """The name of a part of the robot, such as a body: a dataclass field.

    Args:
        default: the name; None: a part that the fault finds in the model.
        what: kind of the part, such as ``body``.
        otherwise: which part that is, for ``--help``.
    """
    check = Name(what, otherwise)
    return dataclasses.field(default=default, metadata=checked_by(check), **more)


def checked_by(check: Check) -> dict[str, Any]:
    """Metadata of a dataclass field that is a setting with this check."""
    return {_CHECK: check}


def check_of(field: dataclasses.Field) -> Check:
    """The values that a setting may have."""
    return field.metadata[_CHECK]


def neutral_of(field: dataclasses.Field) -> float | None:
    """The value of a setting with which the fault changes nothing; None if there is none."""
    return field.metadata.get(_NEUTRAL)


def default_of(field: dataclasses.Field) -> str:
    """The default of a setting, as text."""
    return check_of(field).otherwise if field.default is None else str(field.default)


def has_check(field: dataclasses.Field) -> bool:
    """Whether a field is a setting."""
    return _CHECK in field.metadata


@dataclass(frozen=True)
class Settings:
    """A frozen dataclass of settings, each checked when it is made.

    Raises:
        FaultError: a setting is of the wrong type or out of bounds.
    """

    name: ClassVar[str] = ''
    """Its name on the command line."""
    about: ClassVar[str] = ''
    """What it does, in a few words, for ``--help``."""

    def __post_init__(self):
        for field in dataclasses.fields(self):
            try:
                value = check_of(field).check(getattr(self, field.name))
            except ValueError as error:
                raise FaultError(f'{self.name}: {field.name}: {error}') from None
            object.__setattr__(self, field.name, value)


def settings_of(kind: type[Settings]) -> list[dataclasses.Field]:
    """The settings that are written after a name, in their order."""
    return [field for field in dataclasses.fields(kind) if not field.kw_only]


def described(kind: type[Settings]) -> tuple[str, str]:
    """How a fault or schedule is written, and what it does with bounds and defaults."""
    fields = settings_of(kind)
    limits = ', '.join(f'{check_of(field)}; {default_of(field)}' for field in fields)
    text = f'{kind.about} ({limits})' if limits else kind.about
    return ':'.join([kind.name, *(field.name.upper() for field in fields)]), text


def read_values(
    text: str, kind: type[Settings], values: Sequence[str], named: Sequence[str] = ()
) -> dict[str, str]:
    """Settings as text, each by its position or as ``name=value``; returns name → value.

    Args:
        text: what they are part of, for messages.
        kind: the class of the fault or schedule.
        values: the settings.
        named: names of more settings, which must be named.

    Raises:
        FaultError: there are too many, or one is unknown.
    """
    names = [field.name for field in settings_of(kind)]
    given: dict[str, str] = {}
    for index, value in enumerate(values):
        name, equals, found = (part.strip() for part in value.partition('='))
        if not equals:
            if index >= len(names):
                takes = ', '.join(names) or 'no value'
                raise FaultError(f'{text}: {kind.name} takes {takes}; found {len(values)} values')
            name, found = names[index], value.strip()
        elif name not in [*names, *named]:
            what = unknown(f'setting of {kind.name}', name, [*names, *named])
            raise FaultError(f'{text}: {what}')
        given[name] = found
    return given
