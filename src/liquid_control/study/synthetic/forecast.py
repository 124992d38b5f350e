"""One-step and free-running prediction with anything that predicts the next sample."""

from typing import Any, Protocol

import numpy as np

from liquid_control.study.sequences import Sequences


class Forecaster(Protocol):
    """Predicts the next sample of N sequences, step by step."""

    def __call__(self, x: np.ndarray, elapsed: np.ndarray, state: Any) -> tuple[np.ndarray, Any]:
        """The sample that follows x, (N, C), after ``elapsed``, (N, 1), and the next state.

        ``state`` is None at the first step.
        """


def one_step(forecaster: Forecaster, sequences: Sequences) -> np.ndarray:
    """Predictions of every next sample from all samples before it, (N, T, C)."""
    return free_running(forecaster, sequences, sequences.x.shape[1])


def free_running(forecaster: Forecaster, sequences: Sequences, warm_up: int) -> np.ndarray:
    """Predictions of which those after ``warm_up`` samples follow from predictions alone.

    The sample times stay those of the sequences. Prediction ``warm_up − 1`` is the last that
    follows from a sample, and the first input of the free run.

    Returns:
        (N, T, C).

    Raises:
        ValueError: ``warm_up`` is not from 1 to T.
    """
    steps = sequences.x.shape[1]
    if not 1 <= warm_up <= steps:
        raise ValueError(f'warm_up: expected 1 to {steps} samples, found {warm_up}')
    outputs, state = [], None
    for step in range(steps):
        x = sequences.x[:, step] if step < warm_up else outputs[-1]
        output, state = forecaster(x, sequences.elapsed[:, step], state)
        outputs.append(output)
    return np.stack(outputs, axis=1)
