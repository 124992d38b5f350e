"""Means, interquartile means (Agarwal et al. 2021), and their bootstrap intervals."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

LEVEL, RESAMPLES = 0.95, 2000


class Interval(NamedTuple):
    """A mean with its interval; the bounds are NaN if a stratum has one score."""

    mean: float
    low: float
    high: float


def mean(*strata: Sequence[float], axis: int = -1) -> np.ndarray | float:
    """Return the mean of all scores."""
    return np.mean(_joined(strata, axis), axis=axis)


def interquartile_mean(*strata: Sequence[float], axis: int = -1) -> np.ndarray | float:
    """Return the mean of the middle half of all scores.

    Of n scores, ⌊n/4⌋ are left out at either end: none for three seeds of one task.
    """
    scores = np.sort(np.moveaxis(_joined(strata, axis), axis, -1), axis=-1)
    count = scores.shape[-1]
    return np.mean(scores[..., count // 4 : count - count // 4], axis=-1)


def interval(
    *strata: Sequence[float] | np.ndarray,
    statistic: Callable[..., np.ndarray | float] = interquartile_mean,
    level: float = LEVEL,
    seed: int = 0,
) -> Interval:
    """Return a mean over all strata and its stratified percentile bootstrap.

    Args:
        strata: the scores of each task, one per seed; a task's seeds are resampled among
            themselves.
        statistic: :func:`interquartile_mean` or :func:`mean`.
        level: confidence level of the interval.
        seed: seed of the resampling.

    Raises:
        ValueError: there are no strata, or one has no scores.
    """
    if not strata or any(len(scores) == 0 for scores in strata):
        raise ValueError('expected at least one score per stratum')
    middle = float(statistic(*strata))
    if any(len(scores) < 2 for scores in strata):
        return Interval(middle, math.nan, math.nan)
    rng, drawn = np.random.default_rng(seed), []
    for scores in strata:
        indices = rng.integers(len(scores), size=(RESAMPLES, len(scores)))
        drawn.append(np.asarray(scores, dtype=float)[indices])
    outside = 50.0 * (1.0 - level)
    low, high = np.percentile(statistic(*drawn, axis=-1), [outside, 100.0 - outside])
    return Interval(middle, float(low), float(high))


def bounds_name(count: int) -> str:
    """What the bounds of :func:`interval` over one stratum are.

    Args:
        count: how many scores it has, 2 or more. With four or fewer, the interquartile mean of
            more than a fortieth of the resamples is the least score, of as many the greatest.
    """
    return 'range' if count <= 4 else '95 % interval'


def _joined(strata: Sequence[Sequence[float]], axis: int) -> np.ndarray:
    return np.concatenate([np.asarray(scores, dtype=float) for scores in strata], axis=axis)
