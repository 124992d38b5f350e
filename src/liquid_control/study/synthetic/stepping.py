"""A trained model, stepped sample by sample."""

import numpy as np
import torch

from liquid_control.study.model import SequenceModel


class Stepping:
    """A forecaster around a model in evaluation mode."""

    def __init__(self, model: SequenceModel):
        self.model = model

    @torch.no_grad()
    def __call__(
        self, x: np.ndarray, elapsed: np.ndarray, state: torch.Tensor | None
    ) -> tuple[np.ndarray, torch.Tensor]:
        like = self.model.mean
        inputs = (torch.as_tensor(values[:, None]).to(like) for values in (x, elapsed))
        output, state = self.model(*inputs, state=state)
        return output[:, 0].cpu().numpy(), state
