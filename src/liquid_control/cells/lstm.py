"""Long short-term memory cell."""

import torch

from liquid_control.cells.base import Cell, Counts


class LSTM(Cell):
    """LSTM of Hochreiter & Schmidhuber 1997 with forget gate, as in PyTorch.

    i, f, o = sigmoid, g = tanh of W·[x, h] + b; c' = f·c + i·g; h' = o·tanh(c').
    The state is (h, c) side by side, the rows of W are (i, f, o, g), the forget bias starts at
    +1. Elapsed time is not used: hand it over as an input.

    Args:
        input_size: I.
        hidden_size: H; the output is H wide, the state 2H.
    """

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__()
        self.input_size = input_size
        self.output_size, self.state_size = hidden_size, 2 * hidden_size
        self.gates = torch.nn.Linear(input_size + hidden_size, 4 * hidden_size)
        with torch.no_grad():
            self.gates.bias[hidden_size : 2 * hidden_size] += 1.0

    def sense(self, x):
        return torch.nn.functional.linear(x, self.gates.weight[:, : self.input_size])

    def advance(self, sensed, state, elapsed):
        h, c = state.chunk(2, dim=1)
        recurrent = self.gates.weight[:, self.input_size :]
        return self._update(sensed + torch.nn.functional.linear(h, recurrent, self.gates.bias), c)

    def step(self, x, state, elapsed):
        h, c = state.chunk(2, dim=1)
        return self._update(self.gates(torch.cat([x, h], dim=1)), c)

    def _update(self, gates, c):
        gates, new = gates.split([3 * self.output_size, self.output_size], dim=1)
        i, f, o = torch.sigmoid(gates).chunk(3, dim=1)
        c = f * c + i * torch.tanh(new)
        h = o * torch.tanh(c)
        return h, torch.cat([h, c], dim=1)

    def counts(self):
        size = self.output_size
        synapses = (self.input_size + size) * size
        return Counts(sum(p.numel() for p in self.parameters()), 2 * size, synapses,
                      4 * synapses + 9 * size)  # fmt: skip
