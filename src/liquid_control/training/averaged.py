"""An exponential average of a student's weights, and the best that it has been."""

import copy
import math
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

from liquid_control.models import PolicyModel
from liquid_control.training import checkpoint
from liquid_control.training.judge import student_returns

_JUDGED = 30_000
"""Seed of the episodes by which weights are chosen; no score is from these."""


class Averaged:
    """Follows a student that learns; it is the average that walks in the end.

    Args:
        model: the student as it is now.
        path: of the best weights so far.
    """

    def __init__(self, model: PolicyModel, path: Path):
        self.model, self._path = copy.deepcopy(model), path
        self.best = -math.inf

    @torch.no_grad()
    def follow(self, model: PolicyModel, decay: float) -> None:
        """Take in the student's weights after one more gradient step."""
        for kept, new in zip(self.model.parameters(), model.parameters(), strict=True):
            kept.lerp_(new, 1.0 - decay)

    def judge(self, episodes: int) -> dict[str, np.ndarray]:
        """Let the average walk under every condition; keep it if it is the best.

        The measure is the mean over all conditions of the mean return.
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
        """The best average."""
        self.model.load_state_dict(load_file(self._path))
        return self.model.eval()
