"""Gated recurrent unit."""

import torch
from torch.nn.functional import linear

from liquid_control.cells.base import Cell, stepwise


class GRU(Cell):
    """GRU of Cho et al. 2014, as in PyTorch.

    r, z = sigmoid(W·x + U·h + b); n = tanh(W_n·x + b_n + r·(U_n·h + d)); h' = (1 − z)·n + z·h.
    The output is the new state; the rows of W and U are (r, z, n). PyTorch has two biases each for
    r and z, of which only the sum matters; here there is one. Elapsed time is not used; pass it as
    an input if needed.

    Args:
        input_size: I.
        hidden_size: H, the state and the output.
    """

    uses_elapsed = False

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__()
        self.input_size = input_size
        self.output_size = self.state_size = hidden_size
        self.inputs = torch.nn.Linear(input_size, 3 * hidden_size)
        self.recurrent = torch.nn.Linear(hidden_size, 3 * hidden_size, bias=False)
        self.bias = torch.nn.Parameter(torch.empty(hidden_size))
        for parameter in self.parameters():
            torch.nn.init.uniform_(parameter, -(hidden_size**-0.5), hidden_size**-0.5)

    def advance(self, sensed, state, elapsed):
        return self._advance(self.inputs(sensed), state, elapsed)

    def unroll(self, sensed, elapsed, state, counts):
        if counts is not None or torch.compiler.is_compiling():
            return stepwise(self._advance, self.inputs(sensed), elapsed, state, counts)
        parameters = [
            self.inputs.weight, self.recurrent.weight, self.inputs.bias, self._biases()
        ]  # fmt: skip
        # PyTorch's own kernel for a whole sequence.
        outputs, last = torch.gru(
            sensed, state[None].contiguous(), parameters, True, 1, 0.0, self.training, False, True
        )
        return outputs, last[0]

    def _biases(self) -> torch.Tensor:
        return torch.cat([torch.zeros_like(self.bias).repeat(2), self.bias])

    def _advance(self, summed, h, _):
        size = self.output_size
        gates, new = summed.split([2 * size, size], dim=1)
        recurrent, candidate = linear(h, self.recurrent.weight, self._biases()).split(
            [2 * size, size], dim=1
        )
        r, z = torch.sigmoid(gates + recurrent).split(size, dim=1)
        n = torch.tanh(new + r * candidate)
        h = n + z * (h - n)
        return h, h

    def synapses(self):
        return (self.input_size + self.output_size) * self.output_size

    def operations(self):
        return 3 * self.synapses() + 5 * self.output_size
