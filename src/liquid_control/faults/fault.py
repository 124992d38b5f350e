"""The base class of all faults."""

import dataclasses
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from liquid_control.faults.schedules import SCHEDULES, Schedule, schedule_check
from liquid_control.faults.settings import (
    FaultError,
    Settings,
    neutral_of,
    setting,
)

LATEST_START = 1_000_000
"""Largest number of samples after which a fault may begin."""


@dataclass(frozen=True)
class Fault(Settings):
    """A fault of one robot; :mod:`faults.kinds` has a subclass with hooks for each kind.

    A fault is a frozen dataclass of its settings, each a :func:`setting`, and overrides what it
    affects. Its randomness always comes from what is passed in, never from a generator of its own.

    Attributes:
        start: number of samples (commands, periods) of an episode before the fault begins.
        schedule: how strongly it acts from then on; None: always fully.

    Raises:
        FaultError: a setting is of the wrong type or out of bounds, or the fault can only be on or
            off, but its schedule has strengths between.
    """

    kind: ClassVar[str] = ''
    """``sensor``, ``command``, ``clock`` or ``dynamics``."""
    graded: ClassVar[bool] = False
    """Whether it can act at a part of its strength; otherwise it is on or off."""

    start: int = setting(0, 0, LATEST_START, whole=True, kw_only=True)
    schedule: Schedule | None = dataclasses.field(
        default=None, kw_only=True, metadata=schedule_check()
    )

    def __post_init__(self):
        super().__post_init__()
        if self.schedule is not None and self.schedule.graded and not self.graded:
            expected = [name for name, kind in SCHEDULES.items() if not kind.graded]
            raise FaultError(
                f'{self.name}: schedule: it is on or off; expected {" or ".join(expected)}, '
                f'found {self.schedule.name}'
            )

    @property
    def idle(self) -> bool:
        """Whether it changes nothing with these settings, such as noise of size 0."""
        return any(
            neutral_of(field) is not None and getattr(self, field.name) == neutral_of(field)
            for field in dataclasses.fields(self)
        )

    def active(self, count: np.ndarray) -> np.ndarray:
        """Whether it acts on the sample (command, period) of this number in its episode; what its
        schedule leaves out comes on top."""
        return count >= self.start
