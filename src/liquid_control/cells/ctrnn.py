"""Continuous-time recurrent cell (CT-RNN)."""

from functools import partial

import torch
from torch.nn.functional import softplus

from liquid_control.cells.base import Cell, stepwise
from liquid_control.cells.synapses import check_unfolds


class CTRNN(Cell):
    """CT-RNN of Funahashi & Nakamura 1993: dh/dt = −h/τ + tanh(W·x + U·h + b).

    Δt is integrated in ``unfolds`` equal steps δ of exponential Euler, which holds the tanh fixed
    and solves the rest exactly: h ← h·e + τ·(1 − e)·tanh(…), e = exp(−δ/τ). |h| stays below τ at
    any Δt, whereas explicit Euler becomes unbounded once δ > 2τ. The output is the new state;
    τ > 0 is trained per unit, through softplus, and starts at 1. Not to be confused with CfC,
    which is not integrated.

    Args:
        input_size: I.
        hidden_size: H, the state and the output.
        unfolds: solver steps per sample.
    """

    def __init__(self, input_size: int, hidden_size: int, unfolds: int = 6):
        super().__init__()
        check_unfolds(unfolds)
        self.input_size, self.unfolds = input_size, unfolds
        self.output_size = self.state_size = hidden_size
        self.inputs = torch.nn.Linear(input_size, hidden_size)
        self.recurrent = torch.nn.Linear(hidden_size, hidden_size, bias=False)
        self.time = torch.nn.Parameter(torch.full((hidden_size,), 0.541325))  # softplus is 1
        torch.nn.init.xavier_uniform_(self.inputs.weight)
        torch.nn.init.orthogonal_(self.recurrent.weight)

    def sense(self, x):
        return self.inputs(x)

    def advance(self, sensed, state, elapsed):
        return self._advance(softplus(self.time), sensed, state, elapsed)

    def unroll(self, sensed, elapsed, state, counts):
        advance = partial(self._advance, softplus(self.time))
        return stepwise(advance, sensed, elapsed, state, counts)

    def _advance(self, time, sensed, h, elapsed):
        keep = torch.exp(elapsed / (-self.unfolds * time))
        gain = time * (1.0 - keep)
        recurrent = self.recurrent.weight.t()
        for _ in range(self.unfolds):
            drive = torch.tanh(torch.addmm(sensed, h, recurrent))
            h = torch.addcmul(keep * h, gain, drive)
        return h, h

    def synapses(self):
        return (self.input_size + self.output_size) * self.output_size

    def operations(self):
        size = self.output_size
        return self.input_size * size + self.unfolds * (size * size + 3 * size) + 3 * size
