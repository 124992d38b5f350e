"""Sparse synapses, with one value of each parameter per existing synapse.

The activation of a synapse from j is s = sigmoid(σ·(v_j − μ)), Hasani et al. 2021. A cell needs
two sums over the same activations for each target unit, Σ a·s and Σ b·s.
"""

import contextlib
import math
from typing import NamedTuple

import numpy as np
import torch

from liquid_control.cells.hardware import autocast

FOREVER = 1e24
"""Elapsed time beyond which results no longer change, in any precision."""

_BAND = 256
"""Synapses of a row that take as long as starting the operations on one more band."""

_DENSE = 0.4
"""Density above which synapses are computed as a full grid, without look-up."""


def inverse_softplus(value: torch.Tensor) -> torch.Tensor:
    """The x for which softplus(x) is the given value, clamped to at least 1e-8."""
    value = value.clamp(min=1e-8)
    return value + torch.log(-torch.expm1(-value))


def uniform(low: float, high: float, *size: int) -> torch.Tensor:
    """Uniform random numbers between low and high."""
    return torch.empty(*size).uniform_(low, high)


def bounded(elapsed: torch.Tensor) -> torch.Tensor:
    """Elapsed times, of which very long ones are :data:`FOREVER` or all that the type can hold."""
    return elapsed.clamp(max=min(FOREVER, torch.finfo(elapsed.dtype).max))


def check_unfolds(unfolds: int) -> None:
    """Raise ValueError unless the number of solver steps per sample is a positive integer."""
    if isinstance(unfolds, bool) or not isinstance(unfolds, int) or unfolds < 1:
        raise ValueError(f'unfolds: expected a positive integer, found {unfolds!r}')


def full_precision(x: torch.Tensor):
    """A context that disables autocast, because a solver accumulates many small steps."""
    return torch.autocast(x.device.type, enabled=False) if autocast(x) else contextlib.nullcontext()


class Synapses(torch.nn.Module):
    """Parameters of the synapses between sources and targets, (S,) each.

    The weight is softplus of its parameter. Initially the weight is U(.001, 1), σ U(3, 8) and μ
    U(.3, .8).

    Args:
        polarity: −1, 0 or +1 from each source to each target, (sources, targets).
    """

    source: torch.Tensor
    target: torch.Tensor

    def __init__(self, polarity: np.ndarray):
        super().__init__()
        target, source = np.nonzero(polarity.T)
        size = len(source)
        self.sources, self.targets = polarity.shape
        self.register_buffer('source', torch.as_tensor(source), persistent=False)
        self.register_buffer('target', torch.as_tensor(target), persistent=False)
        self.weight = torch.nn.Parameter(inverse_softplus(uniform(0.001, 1.0, size)))
        self.sigma = torch.nn.Parameter(uniform(3.0, 8.0, size))
        self.mu = torch.nn.Parameter(uniform(0.3, 0.8, size))

    def __len__(self) -> int:
        return self.source.numel()

    @property
    def dense(self) -> bool:
        """Whether most of the possible synapses exist."""
        return len(self) > _DENSE * self.sources * self.targets

    @property
    def strength(self) -> torch.Tensor:
        """The weights, positive."""
        return torch.nn.functional.softplus(self.weight)


class Band(NamedTuple):
    """Rows of a table from ``start`` up to ``stop``, of equal width."""

    start: int
    stop: int
    width: int


class Padded(torch.nn.Module):
    """Synapses in two padded tables, with one row per target and one row per source.

    Neighbouring rows are padded to the same width; there are few such bands. A table is flat, band
    by band and row by row.

    Args:
        synapses: synapses from U sources.
        targets: number of targets, D.

    Attributes:
        target_bands: bands of the table by target, of D rows.
        source_bands: bands of the table by source, of U rows.
    """

    by_target: torch.Tensor
    by_source: torch.Tensor
    place_by_target: torch.Tensor
    place_by_source: torch.Tensor
    source: torch.Tensor

    def __init__(self, synapses: Synapses, targets: int):
        super().__init__()
        by_target = banded(synapses.target.numpy(), targets)
        by_source = banded(synapses.source.numpy(), synapses.sources)
        for name, (table, place, _) in (('target', by_target), ('source', by_source)):
            self.register_buffer(f'by_{name}', table, persistent=False)
            self.register_buffer(f'place_by_{name}', place, persistent=False)
        self.register_buffer('source', synapses.source, persistent=False)
        self.target_bands, self.source_bands = by_target[2], by_source[2]

    @property
    def tables(self) -> tuple[torch.Tensor, ...]:
        """Synapse indices by target and by source, flat, padded with the number of synapses; the
        place of each synapse in either table; its source."""
        return (self.by_target, self.by_source, self.place_by_target, self.place_by_source,
                self.source)  # fmt: skip

    @property
    def bands(self) -> tuple[tuple[Band, ...], tuple[Band, ...]]:
        """The bands of both tables."""
        return self.target_bands, self.source_bands


def banded(end: np.ndarray, rows: int) -> tuple[torch.Tensor, torch.Tensor, tuple[Band, ...]]:
    """Synapse indices by row, flat, padded with the number of synapses; places; the bands.

    Args:
        end: row of each synapse, (S,).
        rows: number of rows.
    """
    counts = np.bincount(end, minlength=rows)
    bands = _bands(counts)
    widths = np.concatenate([np.full(band.stop - band.start, band.width) for band in bands])
    firsts = np.cumsum(widths) - widths
    order = np.argsort(end, kind='stable')
    column = np.arange(len(end)) - np.repeat(np.cumsum(counts) - counts, counts)
    place = np.empty(len(end), dtype=np.int64)
    place[order] = firsts[end[order]] + column
    table = np.full(int(widths.sum()), len(end))
    table[place] = np.arange(len(end))
    return torch.as_tensor(table), torch.as_tensor(place), bands


def _bands(counts: np.ndarray) -> tuple[Band, ...]:
    """The bands of rows with so many synapses that take least time."""
    if len(set(counts.tolist())) == 1:
        return (Band(0, len(counts), int(counts[0])),)
    cost, begins = np.zeros(len(counts) + 1), np.zeros(len(counts) + 1, int)
    for stop in range(1, len(counts) + 1):
        widths = np.maximum.accumulate(counts[:stop][::-1])[::-1]
        costs = cost[:stop] + widths * (stop - np.arange(stop)) + _BAND * (widths > 0)
        begins[stop] = int(costs.argmin())
        cost[stop] = costs[begins[stop]]
    bands, stop = [], len(counts)
    while stop:
        start = int(begins[stop])
        bands.append(Band(start, stop, int(counts[start:stop].max())))
        stop = start
    return tuple(reversed(bands))


def padded(end: np.ndarray, rows: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Synapse indices by row, padded with the number of synapses, and the flat place of each.

    Args:
        end: row of each synapse, (S,).
        rows: number of rows.
    """
    counts = np.bincount(end, minlength=rows)
    width = max(1, int(counts.max(initial=0)))
    order = np.argsort(end, kind='stable')
    column = np.arange(len(end)) - np.repeat(np.cumsum(counts) - counts, counts)
    place = np.empty(len(end), dtype=np.int64)
    place[order] = end[order] * width + column
    table = np.full(math.prod((rows, width)), len(end))
    table[place] = np.arange(len(end))
    return torch.as_tensor(table.reshape(rows, width)), torch.as_tensor(place)
