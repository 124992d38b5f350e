"""An exponential moving average of a student's weights, and the best version of it so far."""

import copy
import math
from pathlib import Path

import numpy as np
import torch

from liquid_control.models import PolicyModel
from liquid_control.training import checkpoint
from liquid_control.training.finite import NotFiniteError
from liquid_control.training.judge import student_returns

_JUDGED = 30_000
"""Seed of the episodes used to choose weights; they are never used for scores."""


class Averaged:
    """Tracks a student as it learns; the average is what is used in the end.

    Args:
        model: the student as it is now.
        path: file for the best weights so far.
    """

    def __init__(self, model: PolicyModel, path: Path):
        self.model, self._path = copy.deepcopy(model), path
        self.best = -math.inf

    @torch.no_grad()
    def follow(self, model: PolicyModel, decay: float) -> None:
        """Update the average with the student's weights after a gradient step."""
        for kept, new in zip(self.model.parameters(), model.parameters(), strict=True):
            kept.lerp_(new, 1.0 - decay)

    def judge(self, episodes: int) -> dict[str, np.ndarray]:
        """Evaluate the average under every condition and keep it if it is the best so far.

        The criterion is the mean return averaged over all conditions.
        """
        returns = student_returns(self.model, episodes, _JUDGED)
        score = float(np.mean([values.mean() for values in returns.values()]))
        if score > self.best:
            self.keep(score)
        return returns

    def keep(self, score: float) -> None:
        """Write the average as the best so far."""
        self.best = score
        checkpoint.write(self._path, self.model.state_dict(), {'score': score})

    def result(self) -> PolicyModel:
        """The best average.

        Raises:
            NotFiniteError: none was kept, because no score was finite.
            ValueError: its file is missing, broken or another run's.
        """
        if self.best == -math.inf:
            raise NotFiniteError(f'{self._path}: no weights were kept: no return was finite')
        checkpoint.load(self._path, self.model, score=self.best)
        return self.model.eval()
