"""Passes through a model, recorded once as CUDA graphs and replayed.

A recurrent cell is thousands of small operations, one after another, and on a GPU launching them
takes several times as long as computing them. A graph launches all of them at once.
"""

from collections.abc import Callable

import torch

Passes = Callable[..., torch.Tensor]


class Outputs(torch.nn.Module):
    """A model that returns outputs and a state, without the state."""

    def __init__(self, model: torch.nn.Module):
        super().__init__()
        self.model = model

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        return self.model(*inputs)[0]


def recorded(model: torch.nn.Module, *inputs: torch.Tensor) -> Passes:
    """The model's outputs as a function of its inputs, for training.

    On a GPU its passes, forward and backward, over inputs of the shape of these are recorded;
    inputs of another shape, and all on a CPU, go through the model as usual.

    Record before anything else passes through the model: what autograd keeps of an earlier pass on
    another stream would invalidate the recording.

    Args:
        model: returns outputs and a state; in training mode.
        inputs: a batch.
    """
    usual = Outputs(model)
    if inputs[0].device.type != 'cuda':
        return usual
    shape = inputs[0].shape
    quick = torch.cuda.make_graphed_callables(
        Outputs(model), tuple(values.clone() for values in inputs), allow_unused_input=True
    )
    return lambda *inputs: (quick if inputs[0].shape == shape else usual)(*inputs)
