"""A student that acts on the processor and learns on it or on a GPU."""

import copy

import torch

from liquid_control.models import PolicyModel
from liquid_control.training.cuda_graphs import captured
from liquid_control.training.device import device_named, title, use
from liquid_control.training.student.chunks import filled

SEQUENCES = 3
"""Sequences of a world, in a batch, that captured passes have room for: each fall begins one."""


class Learner:
    """A student in two copies, of which one acts and the other is trained.

    On the processor both are the same. On a GPU, gradient steps go through captured passes (see
    :mod:`liquid_control.training.cuda_graphs`), for which batches are filled up to one size.

    Args:
        model: the student that acts, on the processor. It is put into training mode.
        device: name of the device on which to train.
        worlds: worlds of a batch. On a GPU batches are filled up to :data:`SEQUENCES` for each;
            one with more goes through the model as usual, which takes several times as long.
        steps: length of the sequences.
        sent: whether sequences come with the actions that were sent.

    Attributes:
        acting: the student that acts.
        model: the student that is trained.
        device: where it is.

    Raises:
        ValueError: no such device.
    """

    def __init__(self, model: PolicyModel, device: str, worlds: int, steps: int, sent: bool):
        self.device = device_named(device)
        use(self.device)
        self.acting = model.train()
        self.model = model if self.device.type == 'cpu' else copy.deepcopy(model).to(self.device)
        self._rows = rows = SEQUENCES * worlds
        sizes = [model.contract.observation_size, 1] + [model.contract.action_size] * sent
        observation, elapsed, *action = (
            torch.ones(rows, steps, size, device=self.device) for size in sizes
        )
        state = self.model.initial_state(rows)
        self.sequence = captured(_Sequence(self.model), observation, elapsed, state, *action)

    @property
    def title(self) -> str:
        """Where it is trained: ``cpu``, or the name of the GPU."""
        return title(self.device)

    def take(self, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Sequences on the device, (R, ...) each; on a GPU filled up with some of no weight."""
        if self.device.type == 'cpu':
            return batch
        return {k: values.to(self.device) for k, values in filled(batch, self._rows).items()}

    def load(self, weights: dict[str, torch.Tensor]) -> None:
        """Load a state dict into both."""
        self.model.load_state_dict(weights)
        self.follow()

    def follow(self) -> None:
        """Let the student that acts have the weights of the one that is trained."""
        if self.model is not self.acting:
            self.acting.load_state_dict(self.model.state_dict())


class _Sequence(torch.nn.Module):
    """A student's :meth:`PolicyModel.sequence`."""

    def __init__(self, model: PolicyModel):
        super().__init__()
        self.model = model

    def forward(self, *inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.model.sequence(*inputs)
