"""Interquartile means and bootstrap intervals over seeds (Agarwal et al. 2021)."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

LEVEL, RESAMPLES = 0.95, 2000


class Interval(NamedTuple):
    """An interquartile mean with its interval; a bound is NaN where there is one score only."""

    mean: float
    low: float
    high: float


def interquartile_mean(*strata: Sequence[float], axis: int = -1) -> np.ndarray | float:
    """Mean of the middle half of all scores.

    Of n scores, ⌊n/4⌋ are left out at either end: of three seeds of one task, none.
    """
    scores = np.concatenate([np.asarray(scores, dtype=float) for scores in strata], axis=axis)
    return stats.trim_mean(scores, 0.25, axis=axis)


def interval(*strata: Sequence[float], level: float = LEVEL, seed: int = 0) -> Interval:
    """Interquartile mean over all strata, and its stratified percentile bootstrap interval.

    Args:
        strata: the scores of each task, one a seed; a task's seeds are resampled among themselves.
        level: of the interval.
        seed: of the resampling.

    Raises:
        ValueError: no scores.
    """
    if not strata or any(len(scores) == 0 for scores in strata):
        raise ValueError('expected at least one score a stratum')
    mean = float(interquartile_mean(*strata))
    if any(len(scores) < 2 for scores in strata):
        return Interval(mean, math.nan, math.nan)
    found = stats.bootstrap(
        [np.asarray(scores, dtype=float) for scores in strata],
        interquartile_mean,
        n_resamples=RESAMPLES,
        confidence_level=level,
        method='percentile',
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return Interval(mean, float(found.low), float(found.high))
