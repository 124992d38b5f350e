"""Sums over synapses and the LTC solver over a whole sequence, with hand-written backward passes.

An unfold is v' = (v + a + t·S_a)/(b + t·S_b), with S_a, S_b the two sums over synapses between
units. The forward pass keeps the states between samples; the backward pass recomputes the unfolds
of each sample and backpropagates through them:

    g_a = g/(b + t·S_b), g_b = −v'·g_a, g_S = t·(g_a, g_b),
    g_z = (w·g_S)·s·(1 − s), z = σ·v_j + shift,

and each source receives the sum of σ·g_z over its outgoing synapses.

Internally, units come first and batch rows last, and synapses are padded by target and by source,
each in few bands of rows of equal width, so that a sum is a batch of small matrix products for each
band in either direction. The batch is processed in groups of rows small enough to keep the
activations of one sum in the processor's cache, in buffers allocated once: with few rows, most of
the time goes to starting operations, so each unfold takes as few as possible and no views are made
inside the loops.
"""

from typing import NamedTuple

import torch

from liquid_control.cells.hardware import at_once
from liquid_control.cells.synapses import Band, Padded, full_precision

Bands = tuple[Band, ...]
AT_ONCE, _SUMMED_AT_ONCE = 2**19, 2**17
"""Activations computed at a time on a CPU, in a sequence and in sums alone."""

_ROWS = 16
"""Rows computed at a time at least: with fewer, starting operations takes most of the time."""


def sums(v: torch.Tensor, terms, padded: Padded) -> torch.Tensor:
    """Both sums over the synapses for each row, concatenated, (N, 2D).

    Args:
        v: values of the sources, (N, U).
        terms: σ, shift and the weights in both sums of each synapse, (S,) each.
        padded: the synapses.
    """
    return _Sums.apply(v, *terms, padded.tables, padded.bands)


def solve(drive, time, state, terms, padded: Padded, unfolds: int) -> torch.Tensor:
    """States after each sample, (B, T, U).

    Args:
        drive: a and b, concatenated, (B, T, 2U).
        time: t, (B, T, 1).
        state: before the first sample, (B, U).
        terms: as for :func:`sums`.
        padded: the synapses.
        unfolds: solver steps per sample.
    """
    rows = rows_at_once(padded.tables, AT_ONCE)
    parts = (tensor.split(rows) for tensor in (drive, time, state))
    return torch.cat([_Solve.apply(*part, *terms, padded.tables, padded.bands, unfolds)
                      for part in zip(*parts, strict=True)])  # fmt: skip


def rows_at_once(tables, cached: int) -> int:
    """How many rows of a batch to compute at a time, of which a CPU's cache holds ``cached``
    activations.
    """
    by_target, by_source, *_ = tables
    values = max(1, by_target.numel(), by_source.numel())
    return max(_ROWS, at_once(by_target, cached) // values)


class _Sums(torch.autograd.Function):
    @staticmethod
    def forward(ctx, v, sigma, shift, first, second, tables, bands):
        ctx.save_for_backward(v, sigma, shift, first, second, *tables)
        ctx.bands = bands
        groups = _groups(v, tables)
        network = Network(groups.shape[2], sigma, shift, first, second, tables, bands)
        (unfold,) = network.unfolds
        found = v.new_empty(len(groups), *unfold.sums.shape)
        for group, both in zip(groups, found, strict=True):
            network.sum_up(unfold, group)
            both.copy_(unfold.sums)
        return found.permute(0, 3, 2, 1).flatten(2).flatten(0, 1)[: len(v)]

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, grad):
        with full_precision(grad):
            v, sigma, shift, first, second, *tables = ctx.saved_tensors
            groups, g_both = _groups(v, tables), _groups(grad, tables).unflatten(1, (2, -1))
            network = Gradients(groups.shape[2], sigma, shift, first, second, tables, ctx.bands)
            (unfold,) = network.unfolds
            found = torch.zeros_like(groups)
            for group, g_sums, g in zip(groups, g_both.transpose(1, 2), found, strict=True):
                network.activate(unfold, group)
                network.g_sums.copy_(g_sums)
                network.back(unfold, group, g)
            g = found.transpose(1, 2).flatten(0, 1)[: len(v)]
            return g, *network.by_synapse(), None, None


def _groups(values: torch.Tensor, tables) -> torch.Tensor:
    """Rows in groups of equal size, the last padded with zeros: (N, K) → (groups, K, rows)."""
    count = max(1, -(-len(values) // rows_at_once(tables, _SUMMED_AT_ONCE)))
    rows = -(-len(values) // count)
    values = torch.nn.functional.pad(values, (0, 0, 0, count * rows - len(values)))
    return values.unflatten(0, (count, rows)).transpose(1, 2).contiguous()


class _Solve(torch.autograd.Function):
    @staticmethod
    def forward(ctx, drive, time, state, sigma, shift, first, second, tables, bands, unfolds):
        above, below = (part.permute(1, 2, 0).contiguous() for part in drive.chunk(2, dim=2))
        clock = time.permute(1, 2, 0).contiguous()
        network = Network(len(state), sigma, shift, first, second, tables, bands)
        states = above.new_empty(len(above) + 1, *above.shape[1:])
        states[0] = state.T
        (unfold,) = network.unfolds
        v, *later = states.unbind(0)
        for sample, after in zip(network.samples(above, below, clock), later, strict=True):
            for _ in range(unfolds):
                network.unfold(unfold, v, sample)
                v = unfold.after
            v = after.copy_(v)
        ctx.save_for_backward(drive, time, states, sigma, shift, first, second, *tables)
        ctx.bands, ctx.unfolds = bands, unfolds
        return states[1:].permute(2, 0, 1).contiguous()

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, grad):
        with full_precision(grad):
            return _backward(ctx, grad)


def _backward(ctx, grad):
    drive, time, states, sigma, shift, first, second, *tables = ctx.saved_tensors
    above, below = (part.permute(1, 2, 0).contiguous() for part in drive.chunk(2, dim=2))
    clock = time.permute(1, 2, 0).contiguous()
    timed = ctx.needs_input_grad[1]
    network = Gradients(len(time), sigma, shift, first, second, tables, ctx.bands, ctx.unfolds)
    driven = network.driven
    length, units, rows = above.shape
    g_drive = above.new_zeros(length, 2, units, rows)
    g_clock = torch.zeros_like(clock)
    by_clock = above.new_zeros(driven, 2, rows)
    both = above.new_empty(2, units, rows)
    g_a, g_b = both.unbind(0)
    on_driven, none = both[:, :driven].transpose(0, 1), torch.zeros_like(g_a)
    g = torch.zeros_like(g_a)
    samples = zip(
        network.samples(above, below, clock), states[:-1].unbind(0), g_drive.unbind(0),
        grad.permute(1, 2, 0).contiguous().unbind(0), g_clock.unbind(0), strict=True,
    )  # fmt: skip
    for sample, before, g_here, coming, g_time in reversed(list(samples)):
        v, passed = before, []
        for unfold in network.unfolds:
            network.unfold(unfold, v, sample)
            passed.append((unfold, v))
            v = unfold.after
        g = g + coming
        for unfold, v in reversed(passed):
            torch.div(g, unfold.denominator, out=g_a)
            torch.addcmul(none, g_a, unfold.after, value=-1.0, out=g_b)
            g_here.add_(both)
            if timed:
                by_clock.addcmul_(on_driven, unfold.sums)
            torch.mul(on_driven, sample.clock, out=network.g_sums)
            g = network.back(unfold, v, g_a)
        if timed:
            g_time.copy_(by_clock.sum((0, 1)))
            by_clock.zero_()
    g_drive = g_drive.permute(3, 0, 1, 2).flatten(2)
    g_clock = g_clock.permute(2, 0, 1) if timed else None
    return g_drive, g_clock, g.T, *network.by_synapse(), None, None, None


class _Sample(NamedTuple):
    """What drives one sample: a and b (U, B), those of the driven units (D, B), t (1, B)."""

    above: torch.Tensor
    below: torch.Tensor
    below_driven: torch.Tensor
    clock: torch.Tensor


class _Unfold:
    """Buffers of one unfold, and the views of them that are used.

    Attributes:
        flat: activations in the table by target, (P, B).
        bands: of each band, activations (d, F, B), the same (d, B, F), and both sums (d, 2, B).
        sums: both sums (D, 2, B), 0 without synapses; ``first`` and ``second`` are the two, (D, B).
        after: the state after it, (U, B).
        denominator: (U, B).
    """

    def __init__(self, like: torch.Tensor, places: int, rows: int, units: int, bands: Bands):
        driven = bands[-1].stop
        self.flat = like.new_empty(places, rows)
        self.sums = like.new_zeros(driven, 2, rows)
        self.bands = [
            (active, active.transpose(1, 2), self.sums[start:stop])
            for active, (start, stop, _) in _views(self.flat, bands)
        ]
        self.first, self.second = self.sums.unbind(1)
        self.after = like.new_empty(units, rows)
        self.after_driven = self.after[:driven]
        self.denominator = like.new_empty(units, rows)
        self.denominator_driven = self.denominator[:driven]


class Network:
    """Synapses in zero-padded tables: by target, D rows, and by source, U rows.

    Args:
        rows: batch rows.
        tables, bands: from :class:`synapses.Padded`.
        kept: unfolds whose buffers are held at a time.
    """

    def __init__(self, rows: int, sigma, shift, first, second, tables, bands, kept: int = 1):
        by_target, _, _, _, source = tables
        self.bands, self.source_bands = bands
        self.driven, self.units = self.bands[-1].stop, self.source_bands[-1].stop
        self.sigma, self.shift, first, second = (
            _padded(term, by_target)[:, None] for term in (sigma, shift, first, second)
        )
        self.weights = [
            torch.cat([one, two], dim=2).transpose(1, 2).contiguous()
            for (one, _), (two, _) in zip(
                _views(first, self.bands), _views(second, self.bands), strict=True
            )
        ]
        self.inward = _padded(source, by_target)
        self.unfolds = [
            _Unfold(sigma, len(by_target), rows, self.units, self.bands) for _ in range(kept)
        ]

    def samples(self, above, below, clock) -> list[_Sample]:
        """The samples of (T, U, B), (T, U, B) and (T, 1, B)."""
        parts = above, below, below[:, : self.driven], clock
        return [_Sample(*views) for views in zip(*(p.unbind(0) for p in parts), strict=True)]

    def activate(self, unfold: _Unfold, v):
        """Write activations from v (U, B)."""
        torch.index_select(v, 0, self.inward, out=unfold.flat)
        unfold.flat.mul_(self.sigma).add_(self.shift).sigmoid_()

    def sum_up(self, unfold: _Unfold, v):
        """Write activations and both sums from v (U, B)."""
        self.activate(unfold, v)
        for weights, (active, _, sums) in zip(self.weights, unfold.bands, strict=True):
            torch.bmm(weights, active, out=sums)

    def unfold(self, unfold: _Unfold, v, sample: _Sample):
        """Write all of an unfold from v (U, B), which may be its own state after the last one."""
        self.sum_up(unfold, v)
        torch.add(v, sample.above, out=unfold.after)
        unfold.after_driven.addcmul_(unfold.first, sample.clock)
        if self.driven < self.units:
            unfold.denominator.copy_(sample.below)
        torch.addcmul(
            sample.below_driven, unfold.second, sample.clock, out=unfold.denominator_driven
        )
        unfold.after.div_(unfold.denominator)


class Gradients(Network):
    """The backward pass of a network; accumulates the gradients of its synapses."""

    def __init__(self, rows: int, sigma, shift, first, second, tables, bands, kept: int = 1):
        super().__init__(rows, sigma, shift, first, second, tables, bands, kept)
        by_target, by_source, self.place_by_target, self.place_by_source, _ = tables
        nowhere = self.place_by_target.new_full((1,), by_target.numel())
        self.outward = torch.cat([self.place_by_target, nowhere])[by_source]
        self.g_sums = sigma.new_empty(self.driven, 2, rows)
        self.g_flat = sigma.new_zeros(by_target.numel() + 1, rows)  # the last one is padding
        self.g_places = self.g_flat[:-1]
        self.g_weights = [torch.zeros_like(weights) for weights in self.weights]
        self.inner = [
            (weights.transpose(1, 2).contiguous(), g_active, self.g_sums[start:stop])
            for weights, (g_active, (start, stop, _)) in zip(
                self.weights, _views(self.g_places, self.bands), strict=True
            )
        ]
        self.g_fan = sigma.new_empty(by_source.numel(), rows)
        self.line = sigma.new_ones(self.units, 2, rows)
        self.line_v = self.line.select(1, 0)
        outgoing = _views(_padded(sigma, by_source)[:, None], self.source_bands)
        self.outer = [
            (sigma_out.transpose(1, 2), fan, fan.transpose(1, 2), self.line[start:stop],
             sigma.new_zeros(stop - start, 2, width), slice(start, stop))
            for (sigma_out, _), (fan, (start, stop, width)) in zip(
                outgoing, _views(self.g_fan, self.source_bands), strict=True
            )
        ]  # fmt: skip

    def back(self, unfold: _Unfold, v, g):
        """Add the gradient of the unfold's input v to g, both (U, B), given that of both sums in
        ``g_sums``, and return it; accumulates the synapses'.
        """
        for g_weights, (weights_t, g_active, g_sums), (_, active_t, _) in zip(
            self.g_weights, self.inner, unfold.bands, strict=True
        ):
            g_weights.baddbmm_(g_sums, active_t)
            torch.bmm(weights_t, g_sums, out=g_active)
        torch.ops.aten.sigmoid_backward.grad_input(
            self.g_places, unfold.flat, grad_input=self.g_places
        )
        torch.index_select(self.g_flat, 0, self.outward, out=self.g_fan)
        self.line_v.copy_(v)
        for sigma_out, fan, fan_t, line, g_lines, units in self.outer:
            g_lines.baddbmm_(line, fan_t)
            g[units, None].baddbmm_(sigma_out, fan)
        return g

    def by_synapse(self):
        """Gradients of σ, shift and both weights, (S,) each."""
        g_lines = [band[4] for band in self.outer]
        return (
            *(_flat(g_lines, part, self.place_by_source) for part in range(2)),
            *(_flat(self.g_weights, part, self.place_by_target) for part in range(2)),
        )


def _views(flat: torch.Tensor, bands: Bands) -> list[tuple[torch.Tensor, Band]]:
    """Each band that is not empty, (rows, width, B), of a flat table (P, B)."""
    views, place = [], 0
    for band in bands:
        size = (band.stop - band.start) * band.width
        if size:
            view = flat[place : place + size].unflatten(0, (-1, band.width))
            views.append((view, band))
        place += size
    return views


def _flat(bands: list[torch.Tensor], part: int, places: torch.Tensor) -> torch.Tensor:
    """One of two gradients, (S,), from those of each band, (rows, 2, width)."""
    found = [band[:, part].flatten() for band in bands]
    return torch.cat(found)[places] if found else places.new_zeros(0)


def _padded(term: torch.Tensor, table: torch.Tensor) -> torch.Tensor:
    return torch.cat([term, term.new_zeros(1)])[table]
