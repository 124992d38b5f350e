"""Long short-term memory cell."""

import torch

from liquid_control.cells.base import Cell


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

    def step(self, x, state, elapsed):
        h, c = state.chunk(2, dim=1)
        gates, new = self.gates(torch.cat([x, h], dim=1)).split(
            [3 * self.output_size, self.output_size], dim=1
        )
        i, f, o = torch.sigmoid(gates).chunk(3, dim=1)
        c = f * c + i * torch.tanh(new)
        h = o * torch.tanh(c)
        return h, torch.cat([h, c], dim=1)
