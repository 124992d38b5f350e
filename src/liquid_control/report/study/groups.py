"""Scores of cells that were compared with each other, as pages and claims take them."""

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field

from liquid_control.evaluation.robustness import Estimate
from liquid_control.report.robustness.look import NOTHING


@dataclass(frozen=True)
class Source:
    """Where results come from.

    Attributes:
        path: the file, relative to the page that names it.
        sha256: its digest.
        command: what made it; empty if the file does not say.
        note: why the command does not make it now; empty if it does.
    """

    path: str
    sha256: str
    command: str
    note: str = ''


@dataclass(frozen=True)
class Score:
    """What a cell reached, and what it cost.

    Attributes:
        score: the score and its interval.
        figures: figure → value.
        from_best: the score less that of the best of all cells, with the interval of the paired
            difference; None if it was not measured.
        differences: other cell → the same difference from it, where it was measured.
    """

    score: Estimate
    figures: Mapping[str, float] = field(default_factory=dict)
    from_best: Estimate | None = None
    differences: Mapping[str, Estimate] = field(default_factory=dict)


@dataclass(frozen=True)
class Group:
    """Cells that were compared with each other.

    Attributes:
        study: name of the study or benchmark.
        condition: which of its comparisons.
        criterion: the score.
        greater: whether a greater score is better.
        cells: cell → score.
        source: where it comes from.
        remark: what limits it, such as few gradient steps.
        quick: whether it was only tried.
        short: whether its runs were short, see :data:`rule.RULE`.
        partial: whether runs of the study are missing.
        failed: cells without a score because all of their trainings failed.
        family: the fault, for benchmarks of robustness.
        over: what the intervals are over.
        trainings: cell → how it was trained, if not all were trained alike; None if they were.
            A cell that is not in it was trained in a way that is not known.
    """

    study: str
    condition: str
    criterion: str
    greater: bool
    cells: Mapping[str, Score]
    source: Source
    remark: str = ''
    quick: bool = False
    short: bool = False
    partial: bool = False
    failed: tuple[str, ...] = ()
    family: str = ''
    over: str = 'seeds'
    trainings: Mapping[str, Hashable] | None = None

    def equally_trained(self, one: str, other: str) -> bool:
        """Whether two cells are known to have been trained alike."""
        if self.trainings is None:
            return True
        return one in self.trainings and self.trainings[one] == self.trainings.get(other)


def apart(one: Estimate, other: Estimate) -> bool:
    """Whether two intervals do not overlap; false without intervals."""
    return one.low > other.high or one.high < other.low


def score_text(one: Estimate) -> str:
    """``0.851 [0.843, 0.857]``."""
    if math.isnan(one.value):
        return NOTHING
    if math.isnan(one.low):
        return f'{one.value:.3g}'
    return f'{one.value:.3g} [{one.low:.3g}, {one.high:.3g}]'
