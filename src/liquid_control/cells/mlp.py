"""Memoryless baseline."""

import itertools

import torch

from liquid_control.cells.base import Cell


class MLP(Cell):
    """A multilayer perceptron without memory: what a cell must beat to be worth its state.

    z ← tanh(W·z + b) once per layer, starting from z = x; the output is the last z. The state is a
    single number, because an exported step must have one, and passes through unused. Elapsed time
    is not used; pass it as an input if needed.

    Args:
        input_size: I.
        hidden_size: H, units of every layer and the output.
        layers: number of layers.
    """

    uses_elapsed = False

    def __init__(self, input_size: int, hidden_size: int, layers: int = 2):
        super().__init__()
        if layers < 1:
            raise ValueError(f'layers: expected 1 or more, found {layers}')
        self.input_size, self.output_size, self.state_size = input_size, hidden_size, 1
        sizes = [input_size] + [hidden_size] * layers
        self.layers = torch.nn.ModuleList(
            torch.nn.Linear(*pair) for pair in itertools.pairwise(sizes)
        )

    def sense(self, x):
        for layer in self.layers:
            x = torch.tanh(layer(x))
        return x

    def advance(self, sensed, state, elapsed):
        return sensed, state.clone()

    def unroll(self, sensed, elapsed, state, counts):
        if counts is not None:
            sensed = torch.where(counts, sensed, torch.zeros_like(sensed))
        return sensed, state.clone()

    def synapses(self):
        return sum(p.numel() for p in self.layers.parameters() if p.ndim == 2)

    def operations(self):
        return self.synapses() + self.output_size * len(self.layers)
