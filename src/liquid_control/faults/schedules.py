"""Schedules: how strongly a fault acts in the course of an episode."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from liquid_control.control.schema import unknown
from liquid_control.faults.settings import (
    FaultError,
    Settings,
    checked_by,
    default_of,
    described,
    read_values,
    setting,
    settings_of,
)

_MOST = 1_000_000


@dataclass(frozen=True)
class Schedule(Settings):
    """How strongly a fault acts on a sample, by the number of samples since its start.

    ``graded`` says whether there are strengths between none and full; only faults whose effect
    has a size take such a schedule.
    """

    graded: ClassVar[bool] = False

    @property
    def window(self) -> int | None:
        """Number of samples after which a new random place is drawn; None: no chance is at work."""
        return None

    def strength(self, since: np.ndarray, place: np.ndarray) -> np.ndarray:
        """Return strengths from 0 to 1, (N,).

        Args:
            since: number of samples since the fault's start, 0 or more, (N,).
            place: uniform in [0, 1), drawn anew with each window, (N,).
        """
        raise NotImplementedError


@dataclass(frozen=True)
class Ramp(Schedule):
    """The strength rises linearly from 0, is full after ``samples`` samples, and stays so."""

    name: ClassVar[str] = 'ramp'
    about: ClassVar[str] = 'grows to its full size over this many samples'
    graded: ClassVar[bool] = True

    samples: int = setting(500, 1, _MOST, whole=True)

    def strength(self, since: np.ndarray, place: np.ndarray) -> np.ndarray:
        return np.minimum(since / self.samples, 1.0)


@dataclass(frozen=True)
class Wave(Schedule):
    """The strength is a sinusoid between 0, where it begins, and 1, of this period."""

    name: ClassVar[str] = 'wave'
    about: ClassVar[str] = 'rises and falls as a sinusoid of this period'
    graded: ClassVar[bool] = True

    period: int = setting(250, 2, _MOST, whole=True)

    def strength(self, since: np.ndarray, place: np.ndarray) -> np.ndarray:
        return (1.0 - np.cos(2.0 * np.pi * (since % self.period) / self.period)) / 2.0


@dataclass(frozen=True)
class Cyclic(Schedule):
    """The fault acts on the first ``length`` of every ``every`` samples."""

    name: ClassVar[str] = 'cyclic'
    about: ClassVar[str] = 'the first LENGTH of every EVERY samples'

    length: int = setting(125, 1, _MOST, whole=True)
    every: int = setting(250, 1, _MOST, whole=True)

    def __post_init__(self):
        super().__post_init__()
        _require_shorter(self, self.length, self.every)

    def strength(self, since: np.ndarray, place: np.ndarray) -> np.ndarray:
        return (since % self.every < self.length).astype(float)


@dataclass(frozen=True)
class Burst(Schedule):
    """The fault acts on ``length`` samples in a row: once in every ``every``, at a random place.

    Every place that lies within its window of ``every`` samples is equally likely. Without
    ``every``, it acts on the first samples alone.
    """

    name: ClassVar[str] = 'burst'
    about: ClassVar[str] = 'LENGTH samples at a random place in each EVERY'

    length: int = setting(62, 1, _MOST, whole=True)
    every: int | None = setting(None, 1, _MOST, whole=True, otherwise='all')

    def __post_init__(self):
        super().__post_init__()
        if self.every is not None:
            _require_shorter(self, self.length, self.every)

    @property
    def window(self) -> int | None:
        return self.every

    def strength(self, since: np.ndarray, place: np.ndarray) -> np.ndarray:
        if self.every is None:
            return (since < self.length).astype(float)
        first = np.floor(place * (self.every - self.length + 1))
        phase = since % self.every
        return ((first <= phase) & (phase < first + self.length)).astype(float)


SCHEDULES: dict[str, type[Schedule]] = {kind.name: kind for kind in (Burst, Cyclic, Ramp, Wave)}


class _Check:
    """Accepts a schedule, or None."""

    otherwise = 'constant'

    def check(self, value: Any) -> Schedule | None:
        if value is None or isinstance(value, Schedule):
            return value
        raise ValueError(f'expected a schedule, found {value!r}')

    def __str__(self) -> str:
        return 'schedule'


def schedule_check() -> dict[str, Any]:
    """Metadata of a dataclass field that is a schedule, or None."""
    return checked_by(_Check())


def parse_schedule(text: str) -> Schedule:
    """Parse a schedule, such as ``ramp:500`` or ``burst:62:250``.

    Raises:
        FaultError: it is unknown, or a value is not a number or is out of bounds.
    """
    name, *values = (part.strip() for part in text.split(':'))
    if name not in SCHEDULES:
        raise FaultError(unknown('schedule', name, SCHEDULES))
    kind = SCHEDULES[name]
    given: dict[str, Any] = read_values(text, kind, values)
    return kind(**given)


def describe_schedules() -> list[str]:
    """One line for each schedule: its name, its settings, what it does, and defaults."""
    rows = []
    for kind in SCHEDULES.values():
        defaults = ', '.join(default_of(field) for field in settings_of(kind))
        rows.append((described(kind)[0], f'{kind.about} ({defaults})'))
    width = max(len(written) for written, _ in rows)
    return [f'{written:<{width}}  {text}' for written, text in rows]


def _require_shorter(schedule: Schedule, length: int, every: int) -> None:
    if length > every:
        raise FaultError(
            f'{schedule.name}: length: expected a whole number in [1, {every}], the samples from '
            f'one beginning to the next, found {length}'
        )
