"""What a training lowers, and the validation score that chooses step sizes and rounds."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from liquid_control.study.batches import Batch
from liquid_control.study.sequences import Sequences, StudyData, scored


@dataclass(frozen=True)
class Objective:
    """The loss of a batch, and the score of a whole part.

    Attributes:
        loss: (output, batch) → the loss.
        loss_name: its name in results.
        score: (output, sequences) → the score; None: the mean squared error.
        criterion: name of the score in results.
        greater: whether a greater score is better.
    """

    loss: Callable[[torch.Tensor, Batch], torch.Tensor]
    loss_name: str = 'mse'
    score: Callable[[np.ndarray, Sequences], float] | None = None
    criterion: str = 'mse'
    greater: bool = False

    def better(self, score: float, than: float | None) -> bool:
        """Whether a score is the first, or better than another."""
        return than is None or (score > than if self.greater else score < than)


def squared_error(output: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Mean squared error over the values that are present and known."""
    return batch.errors(output).square().mean()


SQUARED = Objective(squared_error)
"""Mean squared error, lower is better."""


def of(data: StudyData) -> Objective:
    """The objective of a data set: cross entropy of classes, squared error of frames to come."""

    def score(output: np.ndarray, sequences: Sequences) -> float:
        scores = scored(data, output, sequences, 'the validation sequences')
        return float(scores[data.criterion])

    if not data.binary:
        return Objective(squared_error, 'mse', score, data.criterion, data.greater)

    def cross_entropy(output: torch.Tensor, batch: Batch) -> torch.Tensor:
        weight = torch.where(batch.target > 0.5, data.positive_weight, 1.0)
        loss = torch.nn.functional.binary_cross_entropy_with_logits(
            output, batch.target, weight, reduction='sum'
        )
        return loss / weight.sum()

    return Objective(cross_entropy, 'bce', score, data.criterion, data.greater)
