"""Sums over synapses and the LTC solver over a whole sequence, with hand-written backward passes.

An unfold is v' = (v + a + t·S_a)/(b + t·S_b), with S_a, S_b the two sums over synapses between
units. The forward pass keeps the states between samples; the backward pass recomputes the unfolds
of each sample and backpropagates through them:

    g_a = g/(b + t·S_b), g_b = −v'·g_a, g_S = t·(g_a, g_b),
    g_z = (w·g_S)·s·(1 − s), z = σ·v_j + shift,

and each source receives the sum of σ·g_z over its outgoing synapses.

Internally, units come first and batch rows last, and synapses are padded to (D, F) by target and
to (U, G) by source, so that a sum is a batch of small matrix products in either direction. The
batch is processed in groups of rows small enough to keep the activations of one sum in the
processor's cache, in buffers allocated once.
"""

import torch

from liquid_control.cells.hardware import at_once
from liquid_control.cells.synapses import full_precision

_AT_ONCE = 2**19
"""Activations computed at a time on a CPU."""


def sums(v: torch.Tensor, terms, tables) -> torch.Tensor:
    """Both sums over the synapses for each row, concatenated, (N, 2D).

    Args:
        v: values of the sources, (N, U).
        terms: σ, shift and the weights in both sums of each synapse, (S,) each.
        tables: from :attr:`synapses.Padded.tables`.
    """
    return torch.cat([_Sums.apply(part, *terms, tables) for part in v.split(_rows(tables))])


def solve(drive, time, state, terms, tables, unfolds: int) -> torch.Tensor:
    """States after each sample, (B, T, U).

    Args:
        drive: a and b, concatenated, (B, T, 2U).
        time: t, (B, T, 1).
        state: before the first sample, (B, U).
        terms: as for :func:`sums`.
        tables: from :attr:`synapses.Padded.tables`.
        unfolds: solver steps per sample.
    """
    parts = (tensor.split(_rows(tables)) for tensor in (drive, time, state))
    return torch.cat([_Solve.apply(*part, *terms, tables, unfolds)
                      for part in zip(*parts, strict=True)])  # fmt: skip


def _rows(tables) -> int:
    by_target, by_source, *_ = tables
    values = max(by_target.numel(), by_source.numel())
    return max(1, at_once(by_target, _AT_ONCE) // values)


class _Sums(torch.autograd.Function):
    @staticmethod
    def forward(ctx, v, sigma, shift, first, second, tables):
        network = _Network(len(v), sigma, shift, first, second, tables)
        ctx.save_for_backward(v, sigma, shift, first, second, *tables)
        return network.sums(network.activate(v.T)).permute(2, 1, 0).flatten(1)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, grad):
        with full_precision(grad):
            v, *terms = ctx.saved_tensors
            network = _Gradients(len(v), *terms[:4], terms[4:])
            active = network.activate(v.T)
            g_sums = grad.unflatten(1, (2, -1)).permute(2, 1, 0).contiguous()
            g = network.back(g_sums, active, v.T, torch.zeros_like(v.T))
            return g.T, *network.by_synapse(), None


class _Solve(torch.autograd.Function):
    @staticmethod
    def forward(ctx, drive, time, state, sigma, shift, first, second, tables, unfolds):
        above, below = (part.permute(1, 2, 0).contiguous() for part in drive.chunk(2, dim=2))
        clock = time.permute(1, 2, 0).contiguous()
        network = _Network(len(state), sigma, shift, first, second, tables)
        states = above.new_empty(len(above) + 1, *above.shape[1:])
        states[0] = state.T
        for place in range(len(above)):
            v = states[place]
            for _ in range(unfolds):
                v = network.unfold(v, above[place], below[place], clock[place])[0]
            states[place + 1] = v
        ctx.save_for_backward(drive, time, states, sigma, shift, first, second, *tables)
        ctx.unfolds = unfolds
        return states[1:].permute(2, 0, 1).contiguous()

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, grad):
        with full_precision(grad):
            return _backward(ctx, grad)


def _backward(ctx, grad):
    drive, time, states, sigma, shift, first, second, *tables = ctx.saved_tensors
    above, below = (part.permute(1, 2, 0).contiguous() for part in drive.chunk(2, dim=2))
    clock, grad = time.permute(1, 2, 0).contiguous(), grad.permute(1, 2, 0).contiguous()
    network = _Gradients(len(time), sigma, shift, first, second, tables, ctx.unfolds)
    g_above, g_below = torch.zeros_like(above), torch.zeros_like(below)
    g_clock = torch.zeros_like(clock)
    g = torch.zeros_like(states[0])
    for place in reversed(range(len(above))):
        v, passed = states[place], []
        for unfold in range(ctx.unfolds):
            after, *rest = network.unfold(v, above[place], below[place], clock[place], unfold)
            passed.append((v, after, *rest))
            v = after
        g = g + grad[place]
        for before, after, denominator, sums, active in reversed(passed):
            g = g / denominator
            g_b = -g * after
            g_above[place] += g
            g_below[place] += g_b
            both = torch.stack([g[: network.driven], g_b[: network.driven]], dim=1)
            g_clock[place] += (both * sums).sum((0, 1))
            g = network.back(both.mul_(clock[place]), active, before, g)
    g_drive = torch.cat([g_above, g_below], dim=1).permute(2, 0, 1)
    return g_drive, g_clock.permute(2, 0, 1), g.T, *network.by_synapse(), None, None


class _Network:
    """Synapses in zero-padded tables: F to each of D targets, G from each of U sources.

    Args:
        rows: batch rows.
        kept: sets of activations held at a time.
    """

    def __init__(self, rows: int, sigma, shift, first, second, tables, kept: int = 1):
        by_target, _, _, _, source = tables
        self.driven, self.width = by_target.shape
        self.sigma, self.shift, first, second = (
            _padded(term, by_target) for term in (sigma, shift, first, second)
        )
        self.weights = torch.stack([first, second], dim=1)
        self.sigma, self.shift = self.sigma[..., None], self.shift[..., None]
        self.inward = _padded(source, by_target).flatten()
        self.active = sigma.new_empty(kept, by_target.numel(), rows)

    def activate(self, v, place: int = 0):
        """Activations (D, F, B) from v (U, B), written to the buffer at ``place``."""
        active = self.active[place]
        torch.index_select(v, 0, self.inward, out=active)
        active = active.view(self.driven, self.width, -1)
        return active.mul_(self.sigma).add_(self.shift).sigmoid_()

    def sums(self, active):
        """Both sums (D, 2, B)."""
        return torch.bmm(self.weights, active)

    def unfold(self, v, above, below, clock, place: int = 0):
        """v (U, B) after one unfold, its denominator, both sums (D, 2, B) and activations."""
        active = self.activate(v, place)
        sums = self.sums(active)
        numerator, denominator = v + above, below.clone()
        numerator[: self.driven].addcmul_(sums[:, 0], clock)
        denominator[: self.driven].addcmul_(sums[:, 1], clock)
        return numerator.div_(denominator), denominator, sums, active


class _Gradients(_Network):
    """The backward pass of a network; accumulates the gradients of its synapses."""

    def __init__(self, rows: int, sigma, shift, first, second, tables, kept: int = 1):
        super().__init__(rows, sigma, shift, first, second, tables, kept)
        by_target, by_source, self.place_by_target, self.place_by_source, _ = tables
        self.fan = by_source.shape
        self.weights_t = self.weights.transpose(1, 2).contiguous()
        self.sigma_out = _padded(sigma, by_source)[:, None]
        self.outward = torch.cat([self.place_by_target, self.place_by_target.new_full(
            (1,), by_target.numel())])[by_source].flatten()  # fmt: skip
        self.g_weights = torch.zeros_like(self.weights)
        self.g_lines = sigma.new_zeros(len(by_source), 2, by_source.shape[1])
        self.g_active = sigma.new_zeros(by_target.numel() + 1, rows)
        self.g_fan = sigma.new_empty(by_source.numel(), rows)

    def back(self, g_sums, active, v, g):
        """g plus the gradient (U, B) of v, given that of both sums; accumulates the synapses'."""
        self.g_weights.baddbmm_(g_sums, active.transpose(1, 2))
        g_active = self.g_active[:-1].view_as(active)
        torch.bmm(self.weights_t, g_sums, out=g_active)
        torch.ops.aten.sigmoid_backward.grad_input(g_active, active, grad_input=g_active)
        torch.index_select(self.g_active, 0, self.outward, out=self.g_fan)
        fan = self.g_fan.view(*self.fan, -1)
        line = torch.stack([v, torch.ones_like(v)], dim=1)
        self.g_lines.baddbmm_(line, fan.transpose(1, 2))
        return torch.baddbmm(g[:, None], self.sigma_out, fan)[:, 0]

    def by_synapse(self):
        """Gradients of σ, shift and both weights, (S,) each."""
        g_sigma, g_shift = (g.flatten()[self.place_by_source] for g in self.g_lines.unbind(1))
        g_first, g_second = (g.flatten()[self.place_by_target] for g in self.g_weights.unbind(1))
        return g_sigma, g_shift, g_first, g_second


def _padded(term: torch.Tensor, table: torch.Tensor) -> torch.Tensor:
    return torch.cat([term, term.new_zeros(1)])[table]
