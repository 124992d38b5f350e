"""Scores of predicted deaths: discrimination, calibration, and bootstraps over patients.

Discrimination is the area under the receiver operating characteristic, which is the Mann-Whitney
statistic with ties counted half (Hanley & McNeil 1982), and the average precision. Calibration is
the Brier score, the expected calibration error (Guo et al. 2017, here in bins of equally many
patients), and the intercept and slope of the logistic regression of the outcome on the logit (Cox
1958); for perfect calibration these are 0 and 1.
"""

from collections.abc import Callable, Mapping

import numpy as np
from scipy.special import expit

from liquid_control.study.icu.regression import fit

BINS = 10
RESAMPLES, LEVEL = 1000, 0.95


def auroc(logit: np.ndarray, died: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
    """Probability that a patient who died has a higher score than one who lived; ties count half.

    Args:
        logit: scores (N,).
        died: (N,) bool.
        weight: how often each patient counts, (..., N); by default once.

    Returns:
        The areas, (...,); NaN where only one outcome counts.
    """
    order, ends = _ties(logit)
    died, lived = _counted(died, weight, order)
    below = np.cumsum(lived, axis=-1)[..., ends]
    within = np.diff(below, axis=-1, prepend=0.0)
    deaths = np.diff(np.cumsum(died, axis=-1)[..., ends], axis=-1, prepend=0.0)
    pairs = died.sum(axis=-1) * lived.sum(axis=-1)
    with np.errstate(invalid='ignore'):
        return (deaths * (below - 0.5 * within)).sum(axis=-1) / pairs


def average_precision(
    logit: np.ndarray, died: np.ndarray, weight: np.ndarray | None = None
) -> np.ndarray:
    """Area under the precision-recall curve as a sum of steps, without interpolation.

    Arguments and result as for :func:`auroc`.
    """
    order, ends = _ties(-np.asarray(logit))
    died, lived = _counted(died, weight, order)
    hits, others = (np.cumsum(values, axis=-1)[..., ends] for values in (died, lived))
    gained = np.diff(hits, axis=-1, prepend=0.0)
    with np.errstate(invalid='ignore', divide='ignore'):
        precision = np.where(gained > 0, hits / (hits + others), 0.0)
        return (gained * precision).sum(axis=-1) / hits[..., -1]


def brier(logit: np.ndarray, died: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
    """Mean squared error of the probability; arguments and result as for :func:`auroc`."""
    error = np.square(expit(logit) - died)
    weight = np.ones(len(error)) if weight is None else weight
    return (weight * error).sum(axis=-1) / weight.sum(axis=-1)


SCORES: Mapping[str, Callable[..., np.ndarray]] = {
    'auroc': auroc, 'auprc': average_precision, 'brier': brier,
}  # fmt: skip
"""The scores that are resampled over patients."""


def all_scores(logit: np.ndarray, died: np.ndarray) -> dict[str, float]:
    """Every score of N patients, logits (N,) and deaths (N,) bool, by name.

    ``intercept`` and ``slope`` are NaN where no logistic regression has a finite optimum.
    """
    intercept, slope = calibration_line(logit, died)
    return {
        **{name: float(score(logit, died)) for name, score in SCORES.items()},
        'ece': calibration_error(logit, died), 'intercept': intercept, 'slope': slope,
    }  # fmt: skip


def reliability(logit: np.ndarray, died: np.ndarray, bins: int = BINS) -> list[dict[str, float]]:
    """Predicted and observed death rates in bins of equally many patients, by rising risk."""
    order = np.argsort(logit, kind='stable')
    risk = expit(np.asarray(logit, dtype=float))
    return [
        {
            'patients': len(rows),
            'predicted': float(risk[rows].mean()),
            'observed': float(np.mean(died[rows])),
        }
        for rows in np.array_split(order, min(bins, len(order)))
    ]


def calibration_error(logit: np.ndarray, died: np.ndarray, bins: int = BINS) -> float:
    """Mean distance of predicted and observed rates over the bins of :func:`reliability`."""
    rows = reliability(logit, died, bins)
    apart = sum(row['patients'] * abs(row['predicted'] - row['observed']) for row in rows)
    return float(apart / len(logit))


def calibration_line(logit: np.ndarray, died: np.ndarray) -> tuple[float, float]:
    """Intercept and slope of the logistic regression of the outcome on the logit.

    Both are NaN where the regression has no finite optimum: one outcome alone, one logit alone, or
    outcomes that a threshold separates.
    """
    died = np.asarray(died, bool)
    if _separated(np.asarray(logit), died):
        return np.nan, np.nan
    intercept, slope = fit(np.asarray(logit, dtype=float)[:, None], died)
    return float(intercept), float(slope)


def resampled(died: np.ndarray, seed: int = 0, resamples: int = RESAMPLES) -> np.ndarray:
    """How often each patient is drawn in each bootstrap, (resamples, N); by outcome.

    Those who died are drawn among themselves, and so are those who lived.
    """
    rng, counts = np.random.default_rng(seed), np.zeros((resamples, len(died)))
    for outcome in (False, True):
        rows = np.flatnonzero(np.asarray(died, bool) == outcome)
        if len(rows):
            equal = np.full(len(rows), 1.0 / len(rows))
            counts[:, rows] = rng.multinomial(len(rows), equal, size=resamples)
    return counts


def bounds(values: np.ndarray, level: float = LEVEL) -> dict[str, float]:
    """``low`` and ``high`` of a percentile bootstrap."""
    outside = 50.0 * (1.0 - level)
    low, high = np.percentile(values, [outside, 100.0 - outside])
    return {'low': float(low), 'high': float(high)}


def _ties(score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Order of rising scores, and the last place of each distinct score in it."""
    order = np.argsort(score, kind='stable')
    rising = np.asarray(score)[order]
    return order, np.flatnonzero(np.append(rising[1:] != rising[:-1], True))


def _counted(died, weight, order) -> tuple[np.ndarray, np.ndarray]:
    """Weights of those who died and of those who lived, in an order."""
    died = np.asarray(died, dtype=float)
    weight = np.ones(len(died)) if weight is None else weight
    return (weight * died)[..., order], (weight * (1.0 - died))[..., order]


def _separated(logit: np.ndarray, died: np.ndarray) -> bool:
    if died.all() or not died.any() or np.ptp(logit) == 0.0:
        return True
    dead, alive = logit[died], logit[~died]
    return bool(dead.min() >= alive.max() or dead.max() <= alive.min())
