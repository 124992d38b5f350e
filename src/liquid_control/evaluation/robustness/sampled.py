"""Figures together with their resamples: intervals, arithmetic, and what is certainly better."""

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import stats

from liquid_control.evaluation.robustness.figures import NOTHING, Estimate
from liquid_control.evaluation.statistics import LEVEL

_UPPER = 0.5 + LEVEL / 2.0
_EQUAL = 1e-9
"""What rounding can make of equal figures, in their unit."""


@dataclass(frozen=True)
class Sampled:
    """A figure, or several, and the same of B resamples.

    Attributes:
        value: the figures, of any shape (…); NaN where nothing was measured.
        draws: the same of each resample, (…, B); B = 0 if no interval can be given.
        units: how many episodes, or trainings if they are fewer, were resampled.
    """

    value: np.ndarray
    draws: np.ndarray
    units: int

    def estimate(self, *index: int) -> Estimate:
        """One figure with its 95 % interval: the expanded percentile bootstrap.

        The percentiles lie further out than those of the plain one, by as much as Student's t is
        wider than the normal distribution (Hesterberg 2015, The American Statistician 69).
        """
        value, draws = float(self.value[index]), self.draws[index]
        if not math.isfinite(value):
            return NOTHING
        if draws.size == 0 or not np.isfinite(draws).all():
            return Estimate(value)
        outside = 100.0 * float(stats.norm.sf(_wider(self.units) * stats.norm.ppf(_UPPER)))
        low, high = np.percentile(draws, [outside, 100.0 - outside])
        return Estimate(value, float(low), float(high))

    def __sub__(self, other: 'Sampled') -> 'Sampled':
        units = min(self.units, other.units)
        return Sampled(self.value - other.value, self.draws - other.draws, units)

    def __truediv__(self, other: 'Sampled') -> 'Sampled':
        """This as a share of another, resample by resample; NaN where that is not above 0."""
        with np.errstate(divide='ignore', invalid='ignore'):
            value = np.where(other.value > 0.0, self.value / other.value, np.nan)
            draws = np.where(other.draws > 0.0, self.draws / other.draws, np.nan)
        return Sampled(value, draws, min(self.units, other.units))

    def __mul__(self, factor: float) -> 'Sampled':
        return Sampled(self.value * factor, self.draws * factor, self.units)

    def __getitem__(self, index: int) -> 'Sampled':
        return Sampled(np.asarray(self.value[index]), self.draws[index], self.units)

    def weighted(self, weights: np.ndarray) -> 'Sampled':
        """Weighted sum over the first axis."""
        value = np.asarray(np.tensordot(weights, self.value, 1))
        return Sampled(value, np.tensordot(weights, self.draws, 1), self.units)

    def average(self) -> 'Sampled':
        """Mean over the first axis."""
        return Sampled(np.asarray(self.value.mean(axis=0)), self.draws.mean(axis=0), self.units)


def stacked(figures: Sequence[Sampled]) -> Sampled:
    """Several figures as one, along a new first axis."""
    return Sampled(
        np.stack([one.value for one in figures]),
        np.stack([one.draws for one in figures]),
        min(one.units for one in figures),
    )


def ranks(figures: Sequence[Sampled]) -> Sampled:
    """The rank of each figure, 1 for the highest; equal ones share their mean rank."""
    joined = stacked(figures)
    value, draws = (stats.rankdata(-part, axis=0) for part in (joined.value, joined.draws))
    return Sampled(value, draws, joined.units)


def differences(figures: Mapping[str, Sampled]) -> dict[tuple[str, str], Estimate]:
    """Ordered pair of policies → figure of the first less that of the second, with an interval.

    The differences are paired: both policies walk from the same starts.

    The intervals of all pairs hold together with 95 %: each has the half-width c·s, with the
    standard error s of that difference, and c the 95th percentile over the resamples of the
    largest error of any pair in units of its s, wider by Student's t. So among equal policies one
    is called better in about 5 % of comparisons, however many they are, if episodes are not few.
    Policies that were not measured are left out.
    """
    known = {name: one for name, one in figures.items() if np.isfinite(one.value)}
    if len(known) < 2:
        return {}
    joined, names = stacked(list(known.values())), list(known)
    first, second = np.triu_indices(len(names), 1)
    values = joined.value[first] - joined.value[second]
    halves = np.full(len(values), np.nan)
    if joined.draws.shape[-1]:
        errors = joined.draws[first] - joined.draws[second] - values[:, None]
        deviations = errors.std(axis=1, ddof=1)
        largest = np.abs(errors) / np.where(deviations > _EQUAL, deviations, np.inf)[:, None]
        width = float(np.percentile(largest.max(axis=0), 100.0 * LEVEL)) * _wider(joined.units)
        halves = width * deviations
    values = np.where(np.abs(values) > _EQUAL, values, 0.0)
    found = {}
    columns = first, second, values.tolist(), halves.tolist()
    for one, other, value, half in zip(*columns, strict=True):
        found[names[one], names[other]] = Estimate(value, value - half, value + half)
        found[names[other], names[one]] = Estimate(-value, -value - half, -value + half)
    return found


class Verdict(NamedTuple):
    """How one policy compares with the others.

    Attributes:
        best: whether no other one is certainly better.
        against: the policy that decides: for the best figure the one that follows it, for others
            the best of those that are certainly better, or else the best figure.
        points: figure less that of ``against``, paired; NaN if there is no other.
    """

    best: bool
    against: str = ''
    points: Estimate = NOTHING


def verdicts(
    figures: Mapping[str, Sampled], pairs: Mapping[tuple[str, str], Estimate] | None = None
) -> dict[str, Verdict]:
    """How each policy compares with the others, of those that were measured.

    Args:
        figures: figure of each policy.
        pairs: their :func:`differences`, if known already.
    """
    pairs = differences(figures) if pairs is None else pairs
    known = [name for name, one in figures.items() if np.isfinite(one.value)]
    ordered = sorted(known, key=lambda name: -float(figures[name].value))
    found = dict.fromkeys(figures, Verdict(False))
    for name in known:
        others = [other for other in ordered if other != name]
        above = [other for other in others if pairs[other, name].positive]
        against = (above or others or [''])[0]
        found[name] = Verdict(not above, against, pairs.get((name, against), NOTHING))
    return found


@functools.lru_cache
def _wider(units: int) -> float:
    """How much wider than by the normal distribution an interval over few units must be."""
    if units < 2:
        return 1.0
    student = float(stats.t.ppf(_UPPER, units - 1) / stats.norm.ppf(_UPPER))
    return math.sqrt(units / (units - 1)) * student
