"""Logistic regression on summaries of each record, for comparison."""

import numpy as np

from liquid_control.study.icu.dataset import FOLDS, fold
from liquid_control.study.icu.regression import fit
from liquid_control.study.icu.scores import SCORES
from liquid_control.study.model import moments
from liquid_control.study.sequences import Sequences

PENALTY = 100.0
"""Weight of half the sum of the squared coefficients."""


def scores(data: Sequences) -> dict[str, list[float]]:
    """AUROC, AUPRC and Brier score on each fold, trained on the patients that it does not test."""
    died = data.target[:, 0] > 0.5
    found: dict[str, list[float]] = {name: [] for name in SCORES}
    for number in range(FOLDS):
        train, validation, test = fold(died, number)
        train = np.concatenate([train, validation])
        known = data.take(train)
        inputs = summaries(data, *moments(known.x, known.measured))
        mean, std = inputs[train].mean(axis=0), inputs[train].std(axis=0)
        inputs = (inputs - mean) / np.where(std > 1e-6, std, 1.0)
        line = fit(inputs[train], died[train], PENALTY)
        logit = line[0] + inputs[test] @ line[1:]
        for name, score in SCORES.items():
            found[name].append(float(score(logit, died[test])))
    return found


def summaries(data: Sequences, mean: np.ndarray, std: np.ndarray) -> np.ndarray:
    """Last, mean, least and greatest normalised value, count and presence of each variable."""
    observed = data.measured
    count = observed.sum(axis=1)
    normal = np.where(observed, (data.x - mean) / std, 0.0).clip(-5.0, 5.0)
    final = np.arange(len(data)), data.lengths - 1
    last = np.where(count > 0, ((data.x[final] - mean) / std).clip(-5.0, 5.0), 0.0)
    least = np.where(observed, normal, np.inf).min(axis=1)
    greatest = np.where(observed, normal, -np.inf).max(axis=1)
    extremes = [np.where(count > 0, values, 0.0) for values in (least, greatest)]
    return np.concatenate(
        [last, normal.sum(axis=1) / np.maximum(1, count), *extremes, np.log1p(count), count > 0],
        axis=1,
    )
