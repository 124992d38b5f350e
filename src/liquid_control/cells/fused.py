"""The LTC solver over a whole sequence, which keeps one state a sample for the backward pass.

An unfold is v' = (v + a + t·S_a)/(b + t·S_b), with S_a, S_b the two sums over synapses between
units. Kept for the backward pass are the states between samples; it computes the unfolds of a
sample anew and goes back through them by hand:

    g_a = g/(b + t·S_b), g_b = −v'·g_a, g_S = t·(g_a, g_b),
    g_z = (w·g_S)·s·(1 − s), z = σ·v_j + shift,

and to each source the sum of σ·g_z over the synapses that leave it.

Inside, units come first and the batch last, and synapses are padded to (D, F) by target and to
(U, G) by source, so that a sum is a batch of small matrix products either way.
"""

import torch


def solve(drive, time, state, terms, tables, unfolds: int) -> torch.Tensor:
    """States after each sample, (B, T, U).

    Args:
        drive: a and b side by side, (B, T, 2U).
        time: t, (B, T, 1).
        state: before the first sample, (B, U).
        terms: σ, shift, and the weights of both sums of each synapse, (S,) each.
        tables: of :class:`synapses.Padded`.
        unfolds: of each sample.
    """
    return _Solve.apply(drive, time, state, *terms, tables, unfolds)


class _Solve(torch.autograd.Function):
    @staticmethod
    def forward(ctx, drive, time, state, sigma, shift, first, second, tables, unfolds):
        above, below = (part.permute(1, 2, 0).contiguous() for part in drive.chunk(2, dim=2))
        clock = time.permute(1, 2, 0).contiguous()
        network = _Network(sigma, shift, first, second, tables)
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
        with torch.autocast(grad.device.type, enabled=False):
            return _backward(ctx, grad)


def _backward(ctx, grad):
    drive, time, states, sigma, shift, first, second, *tables = ctx.saved_tensors
    above, below = (part.permute(1, 2, 0).contiguous() for part in drive.chunk(2, dim=2))
    clock, grad = time.permute(1, 2, 0).contiguous(), grad.permute(1, 2, 0).contiguous()
    network = _Network(sigma, shift, first, second, tables)
    g_above, g_below = torch.zeros_like(above), torch.zeros_like(below)
    g_clock = torch.zeros_like(clock)
    g_weights, g_lines = torch.zeros_like(network.weights), torch.zeros_like(network.lines)
    g = torch.zeros_like(states[0])
    for place in reversed(range(len(above))):
        v, passed = states[place], []
        for _ in range(ctx.unfolds):
            after, *rest = network.unfold(v, above[place], below[place], clock[place])
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
            both *= clock[place]
            g_weights.baddbmm_(both, active.transpose(1, 2))
            fan = network.fan_out(both, active)
            g_lines.baddbmm_(fan, torch.stack([before, torch.ones_like(before)], dim=2))
            g = torch.baddbmm(g[:, None], network.sigma_out, fan)[:, 0]
    g_drive = torch.cat([g_above, g_below], dim=1).permute(2, 0, 1)
    return (g_drive, g_clock.permute(2, 0, 1), g.T, *network.by_synapse(g_lines, g_weights),
            None, None)  # fmt: skip


class _Network:
    """Synapses in tables padded with zeros: F to each of D targets, G from each of U sources."""

    def __init__(self, sigma, shift, first, second, tables):
        by_target, by_source, self.place_by_target, self.place_by_source, source = tables
        self.driven, self.width = by_target.shape
        self.sigma, self.shift, first, second = (
            _padded(term, by_target) for term in (sigma, shift, first, second)
        )
        self.weights = torch.stack([first, second], dim=1)
        self.weights_t = self.weights.transpose(1, 2).contiguous()
        self.sigma, self.shift = self.sigma[..., None], self.shift[..., None]
        self.sigma_out = _padded(sigma, by_source)[:, None]
        self.lines = sigma.new_zeros(*by_source.shape, 2)
        self.inward = _padded(source, by_target).flatten()
        self.outward = torch.cat([self.place_by_target, self.place_by_target.new_full(
            (1,), by_target.numel())])[by_source].flatten()  # fmt: skip

    def unfold(self, v, above, below, clock):
        """v (U, B) after one unfold, its denominator, both sums (D, 2, B), activations."""
        z = v.index_select(0, self.inward).view(self.driven, self.width, -1)
        active = torch.addcmul(self.shift, z, self.sigma).sigmoid_()
        sums = torch.bmm(self.weights, active)
        numerator, denominator = v + above, below.clone()
        numerator[: self.driven].addcmul_(sums[:, 0], clock)
        denominator[: self.driven].addcmul_(sums[:, 1], clock)
        return numerator.div_(denominator), denominator, sums, active

    def fan_out(self, g_sums, active):
        """Gradient of each synapse's argument, by source (U, G, B), from that of both sums."""
        size, batch = self.driven * self.width, active.shape[2]
        flat = active.new_zeros(size + 1, batch)
        g = flat[:size].view(self.driven, self.width, batch)
        torch.bmm(self.weights_t, g_sums, out=g)
        g.mul_(active).addcmul_(g, active, value=-1.0)
        return flat.index_select(0, self.outward).view(*self.lines.shape[:2], batch)

    def by_synapse(self, g_lines, g_weights):
        """Gradients of σ, shift and both weights, (S,) each, from those of the tables."""
        g_sigma, g_shift = g_lines.flatten(0, 1)[self.place_by_source].unbind(1)
        g_first, g_second = g_weights.transpose(1, 2).flatten(0, 1)[self.place_by_target].unbind(1)
        return g_sigma, g_shift, g_first, g_second


def _padded(term: torch.Tensor, table: torch.Tensor) -> torch.Tensor:
    return torch.cat([term, term.new_zeros(1)])[table]
