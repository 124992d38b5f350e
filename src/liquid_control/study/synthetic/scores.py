"""Scores of free-running predictions: error against horizon, and valid prediction time."""

from dataclasses import dataclass

import numpy as np

THRESHOLD = 0.5
"""Normalised error up to which a prediction is valid (Vlachas et al. 2020)."""


@dataclass(frozen=True)
class FreeRun:
    """Scores of free-running predictions.

    Attributes:
        horizon_nmse: at each step of the horizon, the squared error over the signal's variance,
            averaged over channels and sequences, (H,).
        valid_times: the time up to which each prediction is valid, (N,).
        whole: share of the predictions that are valid to the end; their time is the horizon.
    """

    horizon_nmse: np.ndarray
    valid_times: np.ndarray
    whole: float


def score_free_run(output: np.ndarray, target: np.ndarray, gaps: np.ndarray) -> FreeRun:
    """Scores of predictions of a horizon.

    Args:
        output: predictions, (N, H, C); one that is not finite counts as infinitely wrong.
        target: the signal, (N, H, C); its variance, by channel, is the measure of errors.
        gaps: time from the sample before to each predicted one, (N, H).
    """
    target = target.astype(np.float64)
    with np.errstate(over='ignore', invalid='ignore'):
        squares = (output.astype(np.float64) - target) ** 2 / target.var(axis=(0, 1))
    errors = np.where(np.isfinite(output), squares, np.inf).mean(axis=2)
    valid = np.logical_and.accumulate(np.sqrt(errors) <= THRESHOLD, axis=1)
    times = np.where(valid, gaps, 0.0).sum(axis=1)
    return FreeRun(errors.mean(axis=0), times, float(valid[:, -1].mean()))
