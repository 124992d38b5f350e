"""A sequence of LRC steps with a hand-written backward pass.

An unfold is v' = rule(v, z, t). z = x + C(v) are the two sums over the synapses of each unit and,
if the elastance varies, a row of W·v; the rule acts on each unit alone. v and z of every unfold are
kept. In the backward pass autograd differentiates the rule for many samples at once, and what is
left of the recurrence is

    g_z = g·∂v'/∂z, g ← g·∂v'/∂v + Cᵀ(g_z).

Activations are recomputed, with the layout and the groups of rows of :mod:`fused`.
"""

from collections.abc import Callable

import torch
from torch.autograd.function import once_differentiable

from liquid_control.cells import fused
from liquid_control.cells.hardware import at_once
from liquid_control.cells.synapses import Padded, full_precision

_AT_ONCE = 2**17
"""Values of z at which the rule is differentiated at a time on a CPU."""


def unroll(
    rule: Callable[..., torch.Tensor],
    sensed: torch.Tensor,
    time: torch.Tensor,
    state: torch.Tensor,
    constants: list[torch.Tensor],
    elastic: torch.Tensor | None,
    terms: tuple[torch.Tensor, ...],
    padded: Padded,
    unfolds: int,
) -> torch.Tensor:
    """States after each sample, (B, T, U).

    Args:
        rule: from v (..., U, B), the parts of z, t (..., 1, B) and the constants (U, 1) to v'.
        sensed: x, (B, T, 2U), or (B, T, 3U) with W.
        time: t, (B, T, 1).
        state: before the first sample, (B, U).
        constants: parameters of the rule, (U,) each.
        elastic: W, (U, U), or None.
        terms: as for :func:`fused.sums`.
        padded: the synapses.
        unfolds: solver steps per sample.
    """
    x = sensed.unflatten(2, (-1, state.shape[1])).permute(1, 2, 3, 0)
    tables, rows = padded.tables, fused.rows_at_once(padded.tables, fused.AT_ONCE)
    parts = (tensor.split(rows, dim=-1) for tensor in (x, time.permute(1, 2, 0), state.T))
    fixed = torch.stack(constants)[..., None]
    states = [_Sequence.apply(rule, tables, padded.bands, unfolds, *part, fixed, elastic, *terms)
              for part in zip(*parts, strict=True)]  # fmt: skip
    return torch.cat(states, dim=-1).permute(2, 0, 1).contiguous()


class _Sequence(torch.autograd.Function):
    @staticmethod
    def forward(ctx, rule, tables, bands, unfolds, x, time, state, constants, elastic, *terms):
        network = fused.Network(state.shape[1], *terms, tables, bands)
        (unfold,) = network.unfolds
        z = x.new_empty(len(x), unfolds, *x.shape[1:])
        states = x.new_empty(len(x) * unfolds + 1, *state.shape)
        states[0] = state
        v, *later = states.unbind(0)
        fixed, rest = constants.unbind(0), iter(later)
        for seen, clock, sums in zip(x.unbind(0), time.unbind(0), z.unbind(0), strict=True):
            for inward in sums.unbind(0):
                network.sum_up(unfold, v)
                torch.add(seen[:2], unfold.sums.transpose(0, 1), out=inward[:2])
                if elastic is not None:
                    torch.addmm(seen[2], elastic, v, out=inward[2])
                v = next(rest).copy_(rule(v, inward.unbind(0), clock, *fixed))
        ctx.save_for_backward(z, states, time, constants, elastic, *terms, *tables)
        ctx.rule, ctx.bands = rule, bands
        return states[unfolds::unfolds]

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        with full_precision(gradient):
            return _backward(ctx, gradient)


def _backward(ctx, gradient):
    z, states, time, constants, elastic, sigma, shift, first, second, *tables = ctx.saved_tensors
    length, unfolds, _, _, rows = z.shape
    network = fused.Gradients(rows, sigma, shift, first, second, tables, ctx.bands)
    (unfold,) = network.unfolds
    g_states, g_z = torch.zeros_like(states), torch.empty_like(z)
    g_states[unfolds::unfolds] = gradient
    g_time, g_constants = torch.empty_like(time), torch.zeros_like(constants)
    g_elastic = None if elastic is None else torch.zeros_like(elastic)
    before, g_before, g_after = (
        values.unflatten(0, (length, unfolds))
        for values in (states[:-1], g_states[:-1], g_states[1:])
    )
    many = max(1, at_once(z, _AT_ONCE) // max(1, z[0].numel()))
    for last in range(length, 0, -many):
        part = slice(max(0, last - many), last)
        with torch.enable_grad():
            v, inward, clock, fixed = (
                values.detach().requires_grad_()
                for values in (before[part], z[part], time[part], constants)
            )
            after = ctx.rule(v, inward.unbind(2), clock[:, None], *fixed.unbind(0))
        slopes = torch.autograd.grad(after, (v, inward), torch.ones_like(after), retain_graph=True)
        steps = (before[part], *slopes, g_z[part], g_before[part], g_after[part])
        steps = zip(*(values.flatten(0, 1).unbind(0) for values in steps), strict=True)
        for v, along, across, g_inward, g_v, g in reversed(list(steps)):
            torch.mul(across, g, out=g_inward)
            g_v.addcmul_(along, g)
            network.activate(unfold, v)
            network.g_sums.copy_(g_inward[:2].transpose(0, 1))
            network.back(unfold, v, g_v)
            if g_elastic is not None:
                g_elastic.addmm_(g_inward[2], v.T)
                g_v.addmm_(elastic.T, g_inward[2])
        g_time[part], found = torch.autograd.grad(after, (clock, fixed), g_after[part])
        g_constants += found
    return (None, None, None, None, g_z.sum(1), g_time, g_states[0], g_constants, g_elastic,
            *network.by_synapse())  # fmt: skip
