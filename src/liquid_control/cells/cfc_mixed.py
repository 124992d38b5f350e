"""CfC preceded by an LSTM (mixed memory)."""

import inspect
from collections.abc import Mapping
from functools import partial

import torch

from liquid_control.cells import ncps_weights
from liquid_control.cells.base import Cell, stepwise
from liquid_control.cells.cfc import CfC
from liquid_control.cells.lstm import LSTM


class CfCMixed(Cell):
    """CfC with mixed memory of Hasani et al. 2022, after Lechner & Hasani 2020 (ODE-LSTM).

    (h, c) ← LSTM(x, (h, c)); h' = CfC(x, h, Δt). The LSTM holds long-term memory, whatever the
    elapsed time. The state is [h', c], 2H wide; the output is h'. The LSTM is initialised as the
    authors' is: Glorot uniform input weights, orthogonal recurrent weights, and biases within
    ±0.1, plus one for the forget gate.

    The remaining arguments are those of :class:`~liquid_control.cells.cfc.CfC`.

    Args:
        input_size: I.
        hidden_size: H.
    """

    __signature__ = inspect.signature(CfC)

    def __init__(self, input_size: int, hidden_size: int, **settings):
        super().__init__()
        self.input_size = input_size
        self.output_size, self.state_size = hidden_size, 2 * hidden_size
        self.lstm = LSTM(input_size, hidden_size)
        self.cfc = CfC(input_size, hidden_size, **settings)
        weight, bias = self.lstm.gates.weight, self.lstm.gates.bias
        torch.nn.init.xavier_uniform_(weight[:, :input_size])
        torch.nn.init.orthogonal_(weight[:, input_size:])
        with torch.no_grad():
            bias.uniform_(-0.1, 0.1)
            bias[hidden_size : 2 * hidden_size] += 1.0

    def sense(self, x):
        return torch.cat([self.lstm.project(x), self.cfc.sense(x)], dim=-1)

    def advance(self, sensed, state, elapsed):
        return self._advance(self.lstm.recurrent(), self.cfc.recurrent(), sensed, state, elapsed)

    def once(self, x, state, elapsed):
        h, memory = self.lstm.once(x, state, elapsed)
        after, _ = self.cfc.once(x, h, elapsed)
        return after, torch.cat([after, memory[:, self.output_size :]], dim=1)

    def unroll(self, sensed, elapsed, state, counts):
        advance = partial(self._advance, self.lstm.recurrent(), self.cfc.recurrent())
        return stepwise(advance, sensed, elapsed, state, counts)

    def _advance(self, lstm, cfc, sensed, state, elapsed):
        size = self.output_size
        h, c = state.split(size, dim=1)
        gates, sensed = sensed.split([4 * size, sensed.shape[1] - 4 * size], dim=1)
        h, c = self.lstm.update(torch.addmm(gates, h, lstm), c)
        after = self.cfc.finish(torch.addmm(sensed, h, cfc), elapsed)
        return after, torch.cat([after, c], dim=1)

    def synapses(self):
        return self.lstm.synapses() + self.cfc.synapses()

    def operations(self):
        return self.lstm.operations() + self.cfc.operations()

    def load_ncps(self, weights: Mapping[str, torch.Tensor]) -> None:
        """Load the weights of ncps; see :func:`ncps_weights.load_cfc_mixed`."""
        ncps_weights.load_cfc_mixed(self, weights)
