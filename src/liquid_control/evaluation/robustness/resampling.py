"""Resamples of a comparison: one drawing of episodes and trainings serves every figure.

All policies walk from the same starts under the same seeds of the faults. An episode's index is
therefore resampled once for all policies and conditions, and differences between policies are
those of paired episodes. A policy's trainings are resampled among themselves. Conditions are
strata: each is in every resample once.
"""

import numpy as np
from scipy import stats

from liquid_control.evaluation.robustness.sampled import Sampled
from liquid_control.evaluation.robustness.scores import Condition, Scores
from liquid_control.evaluation.statistics import RESAMPLES

LEAST = 6
"""Episodes that an interval needs: the range of fewer holds their median in less than 95 %."""
Means = dict[tuple[str, Condition], Sampled]
"""(policy, condition) → interquartile mean in % of the reference; NaN where nothing was measured.
"""
_BATCH, _TRIM = 100, 0.25


class Resamples:
    """The episodes and trainings of each of B resamples.

    Args:
        scores: what is resampled.
        seed: seed of the drawing.
    """

    def __init__(self, scores: Scores, seed: int = 0):
        rng = np.random.default_rng(seed)
        self._count = RESAMPLES if scores.episodes >= LEAST else 0
        self._episodes = rng.integers(max(scores.episodes, 1), size=(self._count, scores.episodes))
        self._trainings: dict[str, np.ndarray] = {}
        self._shares: dict[str, np.ndarray] = {}
        self._units: dict[str, int] = {}
        for policy, count in zip(scores.policies, scores.trainings, strict=True):
            trainings = rng.integers(count, size=(self._count, count))
            pairs = _shares(trainings)[:, :, None] * _shares(self._episodes)[:, None, :]
            self._trainings[policy] = trainings
            self._shares[policy] = pairs.reshape(self._count, count * scores.episodes)
            self._units[policy] = min(scores.episodes, count if count > 1 else scores.episodes)

    def means(self, scores: Scores) -> Means:
        """The interquartile mean of every policy under every condition."""
        missing = np.asarray(np.nan), np.full(self._count, np.nan), scores.episodes
        found = {
            (name, c): Sampled(*missing) for name in scores.policies for c in scores.conditions
        }
        for name, runs in scores.runs.items():
            if runs:
                drawn = self._trimmed(name, np.array([run.percent for run in runs.values()]))
                found |= {(name, c): drawn[index] for index, c in enumerate(runs)}
        return found

    def pooled(self, policy: str, values: np.ndarray) -> Sampled:
        """Interquartile mean over the conditions, trainings and episodes of a policy, (C, T, E)."""
        return self._trimmed(policy, values, axes=(0, 2, 3))

    def mean(self, policy: str, values: np.ndarray) -> Sampled:
        """Mean over the trainings and episodes of a policy, (T, E, …)."""
        flat = values.reshape(-1, *values.shape[2:])
        draws = np.tensordot(self.shares(policy), flat, 1)
        return Sampled(flat.mean(0), np.moveaxis(draws, 0, -1), self._units[policy])

    def shares(self, policy: str) -> np.ndarray:
        """Share that each episode of each training has in each resample, (B, T·E)."""
        return self._shares[policy]

    def units(self, *policies: str) -> int:
        """How many episodes, or trainings if they are fewer, were resampled."""
        return min(self._units[policy] for policy in policies)

    def _trimmed(self, policy: str, values: np.ndarray, axes: tuple[int, ...] = (2, 3)) -> Sampled:
        """Interquartile mean over axes of conditions, resamples, trainings, episodes."""
        value = _interquartile(values[:, None], axes)
        draws = [value[..., :0]]
        for first in range(0, self._count, _BATCH):
            rows = self._trainings[policy][first : first + _BATCH, :, None]
            columns = self._episodes[first : first + _BATCH, None, :]
            draws.append(_interquartile(values[:, rows, columns], axes))
        return Sampled(np.asarray(value[..., 0]), np.concatenate(draws, -1), self._units[policy])


def _interquartile(values: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """Mean of the middle half over some axes."""
    last = np.moveaxis(values, axes, range(-len(axes), 0))
    return stats.trim_mean(last.reshape(*last.shape[: -len(axes)], -1), _TRIM, axis=-1)


def _shares(indices: np.ndarray) -> np.ndarray:
    """Share that each of N indices has in each row, (B, N) → (B, N)."""
    counts = [np.count_nonzero(indices == index, axis=1) for index in range(indices.shape[1])]
    return np.stack(counts, axis=1) / indices.shape[1]
