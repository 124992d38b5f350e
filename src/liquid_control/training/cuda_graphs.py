"""Passes through a module, captured once as CUDA graphs and replayed.

A recurrent cell is thousands of small operations, one after another, and on a GPU launching them
takes several times as long as computing them. A graph launches all of them at once.
"""

from collections.abc import Callable
from typing import Any

import torch

Passes = Callable[..., Any]


class Outputs(torch.nn.Module):
    """A model that returns outputs and a state, without the state."""

    def __init__(self, model: torch.nn.Module):
        super().__init__()
        self.model = model

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        return self.model(*inputs)[0]


def captured(module: torch.nn.Module, *inputs: torch.Tensor) -> Passes:
    """The module's outputs as a function of its inputs, for training.

    On a GPU its passes, forward and backward, over inputs of the shapes of these are captured.
    Inputs of other shapes, a module in evaluation mode, and all on a CPU, go through
    the module as usual. Captured outputs and gradients hold until the next call, before which the
    gradients of the parameters must be None.

    Capture before anything else passes through the module: what autograd keeps of an earlier pass
    on another stream would invalidate the graphs.

    Args:
        module: returns tensors that depend on its parameters; in training mode.
        inputs: a batch, on the current device.
    """
    if inputs[0].device.type != 'cuda':
        return module
    shapes = [values.shape for values in inputs]
    quick = torch.cuda.make_graphed_callables(
        _Around(module), tuple(values.clone() for values in inputs), allow_unused_input=True
    )

    def forward(*inputs: torch.Tensor) -> Any:
        same = module.training and [values.shape for values in inputs] == shapes
        return (quick if same else module)(*inputs)

    return forward


class _Around(torch.nn.Module):
    """A module around another, because capturing replaces a module's own forward."""

    def __init__(self, module: torch.nn.Module):
        super().__init__()
        self.module = module

    def forward(self, *inputs: torch.Tensor) -> Any:
        return self.module(*inputs)
