"""Resamples of a comparison: one drawing of episodes and trainings serves every figure.

All policies walk from the same starts under the same seeds of the faults. An episode's index is
therefore resampled once for all policies and conditions, and differences between policies are
those of paired episodes. A policy's trainings are resampled among themselves. Conditions are
strata: each is in every resample once.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from liquid_control.evaluation.robustness.figures import NOTHING, Estimate
from liquid_control.evaluation.robustness.scores import Condition, Scores
from liquid_control.evaluation.statistics import LEVEL, RESAMPLES

LEAST = 6
"""Episodes that an interval needs: the range of fewer holds their median in less than 95 %."""
THRESHOLDS = tuple(float(percent) for percent in range(0, 121, 2))
"""Thresholds of performance profiles, in % of the reference."""
_BATCH = 100
_TRIM = 0.25


@dataclass(frozen=True)
class Sampled:
    """A figure, or several, and the same of B resamples.

    Attributes:
        value: the figures, of any shape (…).
        draws: the same of each resample, (…, B); B = 0 if no interval can be given.
    """

    value: np.ndarray
    draws: np.ndarray

    def estimate(self, *index: int, level: float = LEVEL) -> Estimate:
        """One figure with its percentile interval."""
        value, draws = float(self.value[index]), self.draws[index]
        if not math.isfinite(value):
            return NOTHING
        if draws.size == 0 or not np.isfinite(draws).all():
            return Estimate(value)
        outside = 50.0 * (1.0 - level)
        low, high = np.percentile(draws, [outside, 100.0 - outside])
        return Estimate(value, float(low), float(high))

    def __sub__(self, other: 'Sampled') -> 'Sampled':
        return Sampled(self.value - other.value, self.draws - other.draws)

    def percent_of(self, other: 'Sampled') -> 'Sampled':
        """This in % of another, resample by resample; NaN where that is not above 0."""
        with np.errstate(divide='ignore', invalid='ignore'):
            return Sampled(
                np.where(other.value > 0.0, 100.0 * self.value / other.value, np.nan),
                np.where(other.draws > 0.0, 100.0 * self.draws / other.draws, np.nan),
            )

    def weighted(self, weights: np.ndarray) -> 'Sampled':
        """Weighted sum over the first axis."""
        return Sampled(
            np.asarray(np.tensordot(weights, self.value, 1)), np.tensordot(weights, self.draws, 1)
        )

    def average(self) -> 'Sampled':
        """Mean over the first axis."""
        return Sampled(np.asarray(self.value.mean(axis=0)), self.draws.mean(axis=0))


Means = dict[tuple[str, Condition], Sampled]
"""(policy, condition) → interquartile mean in % of the reference; NaN where nothing was measured.
"""


def stacked(figures: Sequence[Sampled]) -> Sampled:
    """Several figures as one, along a new first axis."""
    return Sampled(np.stack([f.value for f in figures]), np.stack([f.draws for f in figures]))


class Resamples:
    """The episodes and trainings of each of B resamples.

    Args:
        scores: what is resampled.
        seed: seed of the drawing.
    """

    def __init__(self, scores: Scores, seed: int = 0):
        rng = np.random.default_rng(seed)
        count = RESAMPLES if scores.episodes >= LEAST else 0
        self._episodes = rng.integers(max(scores.episodes, 1), size=(count, scores.episodes))
        self._trainings = {
            policy: rng.integers(trainings, size=(count, trainings))
            for policy, trainings in zip(scores.policies, scores.trainings, strict=True)
        }

    def means(self, scores: Scores) -> Means:
        """The interquartile mean of every policy under every condition."""
        count = len(self._episodes)
        missing = Sampled(np.asarray(np.nan), np.full(count, np.nan))
        found = {(name, c): missing for name in scores.policies for c in scores.conditions}
        for name, runs in scores.runs.items():
            for condition, run in runs.items():
                found[name, condition] = self.interquartile(name, run.percent)
        return found

    def interquartile(self, policy: str, values: np.ndarray) -> Sampled:
        """Interquartile mean over the trainings and episodes of a policy, (T, E)."""
        trainings, draws = self._trainings[policy], []
        for first in range(0, len(trainings), _BATCH):
            rows = trainings[first : first + _BATCH, :, None]
            columns = self._episodes[first : first + _BATCH, None, :]
            picked = values[rows, columns]
            draws.append(stats.trim_mean(picked.reshape(len(picked), -1), _TRIM, axis=1))
        value = np.asarray(stats.trim_mean(values, _TRIM, axis=None))
        return Sampled(value, np.concatenate(draws) if draws else np.empty(0))

    def pooled(self, policy: str, values: np.ndarray) -> Sampled:
        """Interquartile mean over the conditions, trainings and episodes of a policy, (C, T, E)."""
        trainings, draws = self._trainings[policy], []
        for rows, columns in zip(trainings, self._episodes, strict=True):
            draws.append(stats.trim_mean(values[:, rows[:, None], columns], _TRIM, axis=None))
        value = np.asarray(stats.trim_mean(values, _TRIM, axis=None))
        return Sampled(value, np.array(draws))

    def mean(self, policy: str, values: np.ndarray) -> Sampled:
        """Mean over the trainings and episodes of a policy, (T, E, …)."""
        flat = values.reshape(-1, *values.shape[2:])
        draws = np.tensordot(self.shares(policy), flat, 1)
        return Sampled(flat.mean(0), np.moveaxis(draws, 0, -1))

    def shares(self, policy: str) -> np.ndarray:
        """Share that each episode of each training has in each resample, (B, T·E)."""
        trainings, episodes = self._trainings[policy], self._episodes
        pairs = _shares(trainings)[:, :, None] * _shares(episodes)[:, None, :]
        return pairs.reshape(len(episodes), -1)


def _shares(indices: np.ndarray) -> np.ndarray:
    """Share that each of N indices has in each row, (B, N) → (B, N)."""
    counts = [np.count_nonzero(indices == index, axis=1) for index in range(indices.shape[1])]
    return np.stack(counts, axis=1) / indices.shape[1]
