"""Small videos of the worst and the median walk of some cells of the heat map."""

from collections.abc import Callable
from dataclasses import dataclass, field

from liquid_control.evaluation.robustness import (
    Analysis,
    RobustnessResults,
)


@dataclass(frozen=True)
class Walk:
    """One video: a data URI, and what it shows."""

    uri: str
    caption: str


@dataclass(frozen=True)
class WalkedCell:
    """The videos of one cell of the heat map."""

    title: str
    walks: tuple[Walk, ...]


@dataclass(frozen=True)
class Walks:
    """All videos of a page.

    Attributes:
        cells: the cells that have some.
        numbers: (policy, family, level) → index among ``cells``.
        problem: why some are missing; empty if none is.
    """

    cells: tuple[WalkedCell, ...] = ()
    numbers: dict[tuple[str, str, float], int] = field(default_factory=dict)
    problem: str = ''


def record_walks(
    results: RobustnessResults, analysis: Analysis, report: Callable[[float, str], None]
) -> Walks:
    return Walks()
