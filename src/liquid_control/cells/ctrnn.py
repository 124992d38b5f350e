"""Continuous-time recurrent cell (CT-RNN)."""

import torch
from torch.autograd.function import once_differentiable
from torch.nn.functional import softplus

from liquid_control.cells.backward import fits
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
        time, recurrent = softplus(self.time), self.recurrent.weight.t()
        keep, h = self._keep(time, elapsed), state
        gain = time * (1.0 - keep)
        for _ in range(self.unfolds):
            drive = torch.tanh(torch.addmm(sensed, h, recurrent))
            h = torch.addcmul(keep * h, gain, drive)
        return h, h

    def unroll(self, sensed, elapsed, state, counts):
        if not fits(sensed):
            return stepwise(self.advance, sensed, elapsed, state, counts)
        if counts is not None:  # at Δt = 0 the state does not change
            elapsed = torch.where(counts, elapsed, 0.0)
        sensed, elapsed = (each.transpose(0, 1).contiguous() for each in (sensed, elapsed))
        time, recurrent = softplus(self.time), self.recurrent.weight
        # With w = (h/τ + 1)/2, an unfold is w ← w·e + (1 − e)·sigmoid(2·(W·x + U·h + b)).
        states = _Sequence.apply(
            2.0 * (sensed - recurrent @ time), self._keep(time, elapsed),
            0.5 * (state / time + 1.0), 4.0 * (recurrent * time).t(), self.unfolds,
        )  # fmt: skip
        states = time * (2.0 * states.transpose(0, 1) - 1.0)
        outputs = states if counts is None else torch.where(counts, states, 0.0)
        return outputs, states[:, -1]

    def _keep(self, time: torch.Tensor, elapsed: torch.Tensor) -> torch.Tensor:
        """e, (..., H), from Δt (..., 1)."""
        return torch.exp(elapsed / (-self.unfolds * time))

    def synapses(self):
        return (self.input_size + self.output_size) * self.output_size

    def operations(self):
        size = self.output_size
        return self.input_size * size + self.unfolds * (size * size + 3 * size) + 3 * size


class _Sequence(torch.autograd.Function):
    """States (T, B, H) after each sample, where an unfold is w ← lerp(sigmoid(z + w·R), w, e).

    z and e are (T, B, H), w before the first sample (B, H), R (H, H). Autograd would keep as much,
    but do everything unfold by unfold; here, what is not part of the recurrence is done for all
    unfolds of a sample at once.
    """

    @staticmethod
    def forward(ctx, z, keep, state, recurrent, unfolds):
        length, *shape = z.shape
        drives = z.new_empty(length, unfolds, *shape)
        states = z.new_empty(length * unfolds + 1, *shape)
        states[0] = state
        w, *later = states.unbind(0)
        rest = iter(later)
        for here, kept, sample in zip(z.unbind(0), keep.unbind(0), drives.unbind(0), strict=True):
            for drive in sample.unbind(0):
                torch.addmm(here, w, recurrent, out=drive).sigmoid_()
                w = torch.lerp(drive, w, kept, out=next(rest))
        ctx.save_for_backward(keep, recurrent, drives, states)
        return states[unfolds::unfolds]

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        keep, recurrent, drives, states = ctx.saved_tensors
        states = states[:-1].view_as(drives)
        g_z, g_keep, g_recurrent = (torch.zeros_like(x) for x in (keep, keep, recurrent))
        g_sums = torch.empty_like(drives[0])
        g_states = drives.new_zeros(len(g_sums) + 1, *keep.shape[1:])
        before, after, turned = g_states[:-1], g_states[1:], recurrent.t()
        unfolds = list(zip(g_sums.unbind(0), before.unbind(0), after.unbind(0), strict=True))
        samples = zip(keep, 1.0 - keep, drives, states, gradient, g_z, g_keep, strict=True)
        for kept, lost, drive, w, coming, g_here, g_kept in reversed(list(samples)):
            torch.add(g_states[0], coming, out=g_states[-1])
            torch.ops.aten.sigmoid_backward.grad_input(
                lost.expand_as(drive), drive, grad_input=g_sums
            )
            for g_sum, g_before, g_after in reversed(unfolds):
                g_sum.mul_(g_after)
                torch.mul(kept, g_after, out=g_before)
                g_before.addmm_(g_sum, turned)
            torch.sum(g_sums, 0, out=g_here)
            torch.sum((w - drive).mul_(after), 0, out=g_kept)
            g_recurrent.addmm_(w.flatten(0, 1).t(), g_sums.flatten(0, 1))
        return g_z, g_keep, g_states[0], g_recurrent, None
