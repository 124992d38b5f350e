"""Logistic regression on summaries of each record, for comparison."""

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from liquid_control.study.icu.dataset import FOLDS, fold
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
        line = fit(inputs[train], died[train])
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


def fit(inputs: np.ndarray, died: np.ndarray, penalty: float = PENALTY) -> np.ndarray:
    """Intercept and coefficients (1 + inputs) that minimise the penalised cross entropy."""
    inputs = np.concatenate([np.ones((len(inputs), 1)), inputs], axis=1)

    def loss(line):
        logit = inputs @ line
        slope = inputs.T @ (expit(logit) - died) + penalty * np.append(0.0, line[1:])
        value = np.sum(np.logaddexp(0.0, logit) - died * logit)
        return value + penalty / 2.0 * np.sum(line[1:] ** 2), slope

    return minimize(loss, np.zeros(inputs.shape[1]), jac=True, method='L-BFGS-B').x
