"""Elman's recurrent cell."""

import torch

from liquid_control.cells.base import Cell, stepwise


class RNN(Cell):
    """RNN of Elman 1990, as in PyTorch: h' = tanh(W·[x, h] + b).

    The output is the new state. Also known as a simple or vanilla RNN. Elapsed time is not used;
    pass it as an input if needed.

    Args:
        input_size: I.
        hidden_size: H, the state and the output.
    """

    uses_elapsed = False

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__()
        self.input_size = input_size
        self.output_size = self.state_size = hidden_size
        self.sum = torch.nn.Linear(input_size + hidden_size, hidden_size)

    def advance(self, sensed, state, elapsed):
        h = torch.tanh(self.sum(torch.cat([sensed, state], dim=1)))
        return h, h

    def unroll(self, sensed, elapsed, state, counts):
        parts = [self.input_size, self.output_size]
        inputs, recurrent = (part.contiguous() for part in self.sum.weight.split(parts, dim=1))
        bias = self.sum.bias
        if (
            counts is None and not torch.compiler.is_compiling()
        ):  # PyTorch's own kernel for a whole sequence
            parameters = [inputs, recurrent, bias, torch.zeros_like(bias)]
            first = state[None].contiguous()
            outputs, last = torch.rnn_tanh(
                sensed, first, parameters, True, 1, 0.0, self.training, False, True
            )
            return outputs, last[0]

        def advance(summed, h, _):
            h = torch.tanh(torch.addmm(summed, h, recurrent.t()))
            return h, h

        summed = torch.nn.functional.linear(sensed, inputs, bias)
        return stepwise(advance, summed, elapsed, state, counts)

    def synapses(self):
        return (self.input_size + self.output_size) * self.output_size

    def operations(self):
        return self.synapses() + self.output_size
