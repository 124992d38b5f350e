"""An exponential moving average of a student's weights, and the best version of it so far."""

import copy
import math

import numpy as np
import torch

from liquid_control.models import PolicyModel
from liquid_control.training import checkpoint
from liquid_control.training.finite import NotFiniteError
from liquid_control.training.student.judge import student_returns

_JUDGED = 30_000
"""Seed of the episodes used to choose weights; they are never used for scores."""


class Averaged:
    """Tracks a student as it learns; the average is what is used in the end.

    Args:
        model: the student as it is now, on the device where it learns.
        title: what is trained, for error messages.
    """

    def __init__(self, model: PolicyModel, title: str):
        self.model, self._title = copy.deepcopy(model), title
        self.best = -math.inf
        self._kept = copy.deepcopy(self.model.state_dict())

    @torch.no_grad()
    def follow(self, model: PolicyModel, decay: float) -> None:
        """Update the average with the student's weights after a gradient step."""
        for kept, new in zip(self.model.parameters(), model.parameters(), strict=True):
            kept.lerp_(new, 1.0 - decay)

    def judge(self, episodes: int) -> dict[str, np.ndarray]:
        """Evaluate the average under every condition and keep it if it is the best so far.

        The criterion is the mean return averaged over all conditions.
        """
        returns = student_returns(copy.deepcopy(self.model).cpu(), episodes, _JUDGED)
        score = float(np.mean([values.mean() for values in returns.values()]))
        if score > self.best:
            self.keep(score)
        return returns

    def keep(self, score: float) -> None:
        """Keep the average as the best so far."""
        self.best, self._kept = score, copy.deepcopy(self.model.state_dict())

    def tensors(self) -> dict[str, torch.Tensor]:
        """The average and the best one, for a checkpoint."""
        return checkpoint.named('now', self.model.state_dict()) | checkpoint.named(
            'best', self._kept
        )

    def restore(self, tensors: dict[str, torch.Tensor], best: float) -> None:
        """Restore :meth:`tensors` and the score of the best."""
        self.model.load_state_dict(checkpoint.under('best', tensors))
        self.keep(best)
        self.model.load_state_dict(checkpoint.under('now', tensors))

    def result(self) -> PolicyModel:
        """The best average, on the processor.

        Raises:
            NotFiniteError: none was kept, because no score was finite.
        """
        if self.best == -math.inf:
            raise NotFiniteError(f'{self._title}: no weights were kept: no return was finite')
        self.model.load_state_dict(self._kept)
        return self.model.cpu().eval()
