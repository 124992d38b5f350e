"""Long short-term memory cell."""

from functools import partial

import torch
from torch.nn.functional import linear

from liquid_control.cells.base import Cell, stepwise


class LSTM(Cell):
    """LSTM of Hochreiter & Schmidhuber 1997 with a forget gate, as in PyTorch.

    i, f, o = sigmoid, g = tanh of W·[x, h] + b; c' = f·c + i·g; h' = o·tanh(c').
    The state is [h, c], the rows of W are (i, f, o, g), and the forget bias starts one higher than
    the others. Elapsed time is not used; pass it as an input if needed.

    Args:
        input_size: I.
        hidden_size: H; the output is H wide, the state 2H.
    """

    uses_elapsed = False

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__()
        self.input_size = input_size
        self.output_size, self.state_size = hidden_size, 2 * hidden_size
        self.gates = torch.nn.Linear(input_size + hidden_size, 4 * hidden_size)
        with torch.no_grad():
            self.gates.bias[hidden_size : 2 * hidden_size] += 1.0

    def advance(self, sensed, state, elapsed):
        h, c = state.split(self.output_size, dim=1)
        h, c = self.update(self.gates(torch.cat([sensed, h], dim=1)), c)
        return h, torch.cat([h, c], dim=1)

    def unroll(self, sensed, elapsed, state, counts):
        # oneDNN, behind PyTorch's kernel, supports low precision on some processors only.
        low = sensed.device.type == 'cpu' and torch.is_autocast_enabled('cpu')
        if counts is not None or low or torch.compiler.is_compiling():
            advance = partial(self._advance, self.recurrent())
            return stepwise(advance, self.project(sensed), elapsed, state, counts)
        # PyTorch's own kernel for a whole sequence; its gates are (i, f, g, o).
        i, f, o, g = self.gates.weight.split(self.output_size)
        weight = torch.cat([i, f, g, o])
        i, f, o, g = self.gates.bias.split(self.output_size)
        bias = torch.cat([i, f, g, o])
        inputs, recurrent = weight.split([self.input_size, self.output_size], dim=1)
        h, c = (part.contiguous()[None] for part in state.split(self.output_size, dim=1))
        parameters = [inputs.contiguous(), recurrent.contiguous(), bias, torch.zeros_like(bias)]
        outputs, h, c = torch.lstm(
            sensed, (h, c), parameters, True, 1, 0.0, self.training, False, True
        )
        return outputs, torch.cat([h[0], c[0]], dim=1)

    def project(self, x: torch.Tensor) -> torch.Tensor:
        """The input's share of the gates' pre-activations, (..., I) → (..., 4H)."""
        return linear(x, self.gates.weight[:, : self.input_size], self.gates.bias)

    def recurrent(self) -> torch.Tensor:
        """Weights from h to the gates, (H, 4H)."""
        return self.gates.weight[:, self.input_size :].t()

    def update(self, gates: torch.Tensor, c: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """From the gates' pre-activations (B, 4H) and c to h' and c'."""
        gates, new = gates.split([3 * self.output_size, self.output_size], dim=1)
        i, f, o = torch.sigmoid(gates).split(self.output_size, dim=1)
        c = f * c + i * torch.tanh(new)
        return o * torch.tanh(c), c

    def _advance(self, recurrent, sensed, state, elapsed):
        h, c = state.split(self.output_size, dim=1)
        h, c = self.update(torch.addmm(sensed, h, recurrent), c)
        return h, torch.cat([h, c], dim=1)

    def synapses(self):
        return (self.input_size + self.output_size) * self.output_size

    def operations(self):
        return 4 * self.synapses() + 8 * self.output_size
