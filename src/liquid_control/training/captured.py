"""Passes through a model, captured once as CUDA graphs and replayed.

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


def captured(model: torch.nn.Module, *inputs: torch.Tensor) -> Passes:
    """The model's outputs as a function of its inputs, for training.

    On a GPU its passes, forward and backward, over inputs of the shapes of these are captured.
    Inputs of other shapes, a model in evaluation mode, and all on a CPU, go through
    the model as usual. Captured outputs and gradients hold until the next call, before which the
    gradients of the parameters must be None.

    Capture before anything else passes through the model: what autograd keeps of an earlier pass on
    another stream would invalidate the graphs.

    Args:
        model: returns outputs and a state; in training mode.
        inputs: a batch, on the current device.
    """
    usual = Outputs(model)
    if inputs[0].device.type != 'cuda':
        return usual
    shapes = [values.shape for values in inputs]
    quick = torch.cuda.make_graphed_callables(
        Outputs(model), tuple(values.clone() for values in inputs), allow_unused_input=True
    )

    def forward(*inputs: torch.Tensor) -> torch.Tensor:
        same = model.training and [values.shape for values in inputs] == shapes
        return (quick if same else usual)(*inputs)

    return forward
