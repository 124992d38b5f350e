"""Closed-form continuous-time cell (CfC)."""

import itertools
from collections.abc import Mapping
from functools import partial
from typing import cast

import torch
from torch.nn.functional import dropout, linear

from liquid_control.cells import ncps_weights
from liquid_control.cells.activations import CENTRED, COSTS, centred
from liquid_control.cells.activations import activation as by_name
from liquid_control.cells.backward import fits, unroll
from liquid_control.cells.base import Cell, stepwise
from liquid_control.control.schema import unknown

HEADS = {'default': 4, 'no_gate': 4, 'pure': 1}
"""Number of linear heads in each mode."""


class CfC(Cell):
    """CfC of Hasani et al. 2022, "Closed-form continuous-time neural networks".

    z = backbone([x, h]); f1, f2 = tanh heads of z; T = sigmoid(t_a·Δt + t_b), with t_a and t_b
    also heads of z; then, by mode:

    - ``default``: h' = f1·(1 − T) + T·f2
    - ``no_gate``: h' = f1 + T·f2
    - ``pure``:    h' = A − A·exp(−Δt·(|w_τ| + |f1|))·f1, f1 without tanh; also known as Cf-S

    The output is the new state. Also known as a closed-form liquid network; not to be confused
    with CT-RNN, which is integrated numerically. Weights start from Glorot & Bengio's uniform
    distribution, as the authors' do, each head on its own; so do A and w_τ, because |w_τ| has no
    gradient at zero. The authors' runs use T = sigmoid(−t_a·Δt + t_b), which is this cell with
    the rows of t_a negated; their initial distribution is symmetric about zero, so both forms
    start alike.

    Args:
        input_size: I.
        hidden_size: H, the state and the output.
        mode: ``default``, ``no_gate`` or ``pure``.
        backbone: units of each backbone layer.
        backbone_layers: number of backbone layers; with 0 the heads see [x, h].
        activation: activation of the backbone.
        head_activation: of f1 and f2: ``tanh``, or ``lecun_tanh`` as in the authors' runs.
        dropout: dropout probability after every backbone layer, in training.
        gain: gain of the Glorot initialisation.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        mode: str = 'default',
        backbone: int = 64,
        backbone_layers: int = 1,
        activation: str = 'lecun_tanh',
        head_activation: str = 'tanh',
        dropout: float = 0.0,
        gain: float = 1.0,
    ):
        super().__init__()
        if backbone_layers < 0:
            raise ValueError(f'backbone_layers: expected 0 or more, found {backbone_layers}')
        if not 0.0 <= dropout < 1.0:
            raise ValueError(f'dropout: expected a value in [0, 1), found {dropout}')
        self.input_size = input_size
        self.output_size = self.state_size = hidden_size
        self.activation, self.dropout = activation, dropout
        self.gates = Gates(hidden_size, mode, head_activation)
        self._activation = by_name(activation)
        sizes = [input_size + hidden_size] + [backbone] * backbone_layers
        self.backbone = torch.nn.ModuleList(
            torch.nn.Linear(*pair) for pair in itertools.pairwise(sizes)
        )
        self.heads = torch.nn.Linear(sizes[-1], HEADS[mode] * hidden_size)
        weights = [layer.weight for layer in self._linears()[:-1]]
        for weight in (*weights, *self.heads.weight.chunk(HEADS[mode]), *self.gates.parameters()):
            torch.nn.init.xavier_uniform_(weight, gain)

    def sense(self, x):
        return linear(x, self._first.weight[:, : self.input_size], self._first.bias)

    def advance(self, sensed, state, elapsed):
        return self._advance(self.recurrent(), sensed, state, elapsed)

    def once(self, x, state, elapsed):
        after = self.finish(self._first(torch.cat([x, state], dim=1)), elapsed)
        return after, after

    def unroll(self, sensed, elapsed, state, counts):
        if counts is None and fits(sensed):
            return self._sequence(sensed, elapsed, state)
        # Slice once: the backward pass of each slice allocates a full weight of zeros.
        advance = partial(self._advance, self.recurrent())
        return stepwise(advance, sensed, elapsed, state, counts)

    def _sequence(self, sensed, elapsed, state):
        batch, length, _ = sensed.shape
        masks = None
        if self.training and self.dropout:
            masks = [
                dropout(sensed.new_ones(length, batch, layer.out_features), self.dropout)
                for layer in self._linears()[:-1]
            ]
        rest = [(layer.weight, layer.bias) for layer in self._linears()[1:]]
        return unroll(self.activation, self.gates, masks, sensed, elapsed, state,
                      self.recurrent(), rest)  # fmt: skip

    def recurrent(self) -> torch.Tensor:
        """Weights from the state to the first layer, (H, K)."""
        return self._first.weight[:, self.input_size :].t()

    def finish(self, z: torch.Tensor, elapsed: torch.Tensor) -> torch.Tensor:
        """From the first layer's pre-activations (B, K) to the new state (B, H)."""
        for layer in self._linears()[1:]:
            z = layer(dropout(self._activation(z), self.dropout, self.training))
        return self.gates(z, elapsed)

    @property
    def _first(self) -> torch.nn.Linear:
        return self._linears()[0]

    def _linears(self) -> list[torch.nn.Linear]:
        """The layers of the backbone, then the heads."""
        return cast('list[torch.nn.Linear]', [*self.backbone, self.heads])

    def _advance(self, recurrent, sensed, state, elapsed):
        after = self.finish(torch.addmm(sensed, state, recurrent), elapsed)
        return after, after

    def synapses(self):
        return (self.input_size + self.output_size) * self.output_size

    def operations(self):
        linears = self._linears()
        weights = sum(layer.weight.numel() for layer in linears)
        activated = sum(layer.out_features for layer in linears[:-1])
        return weights + activated * COSTS[self.activation] + self.output_size * self.gates.cost

    def load_ncps(self, weights: Mapping[str, torch.Tensor]) -> None:
        """Load the weights of ncps; see :func:`ncps_weights.load_cfc`."""
        ncps_weights.load_cfc(self, weights)


class Gates(torch.nn.Module):
    """From the concatenated heads (..., n·H) and Δt to the new state (..., H)."""

    inner: torch.Tensor

    def __init__(self, size: int, mode: str, head_activation: str):
        super().__init__()
        if mode not in HEADS:
            raise ValueError(unknown('mode', mode, HEADS))
        self.size, self.mode = size, mode
        self._activation = by_name(head_activation, ('tanh', 'lecun_tanh'))
        inner, self.outer = (1.0, 1.0) if mode == 'pure' else CENTRED[head_activation]
        scales = torch.tensor([1.0] if mode == 'pure' else [inner, inner, 1.0, 1.0])
        self.register_buffer('inner', scales.repeat_interleave(size), persistent=False)
        if mode == 'pure':
            self.amplitude = torch.nn.Parameter(torch.empty(1, size))
            self.rate = torch.nn.Parameter(torch.empty(1, size))
            self.names, self.cost = ('ff1',), 5
        else:
            self.names = ('ff1', 'ff2', 'time_a', 'time_b')
            self.cost = 3 + 2 * COSTS[head_activation]

    def forward(self, heads: torch.Tensor, elapsed: torch.Tensor) -> torch.Tensor:
        if self.mode == 'pure':
            return self.quick(heads, elapsed, self.amplitude, self.rate)
        f1, f2, gate = self._parts(self._activation, heads, elapsed)
        return f1 + gate * (f2 if self.mode == 'no_gate' else f2 - f1)

    def quick(self, heads: torch.Tensor, elapsed: torch.Tensor, *own: torch.Tensor) -> torch.Tensor:
        """The new state over ``outer``, from the heads times ``inner`` and the gates' own
        parameters; faster in training.
        """
        if self.mode == 'pure':
            amplitude, rate = own
            decay = torch.exp(-elapsed * (rate.abs() + heads.abs()))
            return amplitude - amplitude * decay * heads
        if self.mode == 'no_gate':
            f1, f2, gate = self._parts(centred, heads, elapsed)
            return torch.addcmul(f1, gate, f2)
        return torch.lerp(*self._parts(torch.sigmoid, heads, elapsed)).sub_(0.5)

    def _parts(self, activation, heads, elapsed):
        size = self.size
        both, time_a, time_b = heads.split([2 * size, size, size], dim=-1)
        gate = torch.sigmoid(torch.addcmul(time_b, time_a, elapsed))
        return *activation(both).split(size, dim=-1), gate
