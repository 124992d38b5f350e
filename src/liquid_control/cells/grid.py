"""Sums over a dense wiring, computed as a full grid of sources and targets."""

import torch

from liquid_control.cells.synapses import Synapses


class GridSums(torch.nn.Module):
    """Two weighted sums over synapses of most sources to most targets, as a full grid.

    Args:
        synapses: the synapses, in the order of the terms.
    """

    source: torch.Tensor
    target: torch.Tensor

    def __init__(self, synapses: Synapses):
        super().__init__()
        self.sources, self.targets = synapses.sources, synapses.targets
        self.complete = len(synapses) == self.sources * self.targets
        self.register_buffer('source', synapses.source, persistent=False)
        self.register_buffer('target', synapses.target, persistent=False)

    def tables(self, terms: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        """Prepare σ, −σμ, a and b, (S,) each, for repeated use by :meth:`forward`."""
        if self.complete:  # sorted by target, then by source
            return tuple(term.reshape(self.targets, self.sources) for term in terms)
        grid = terms[0].new_zeros(self.targets, self.sources)
        return tuple(grid.index_put((self.target, self.source), term) for term in terms)

    def scaled(self, tables, scale: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Tables that give both sums times a per-row factor (N, 1)."""
        sigma, shift, a, b = tables
        return sigma, shift, a * scale[..., None], b * scale[..., None]

    def forward(self, tables, v: torch.Tensor, base: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Both sums (N, D) over sources (N, sources), added to a base (N, 2D) or (2D,)."""
        sigma, shift, a, b = tables
        active = torch.sigmoid(v[:, None] * sigma + shift)
        base_a, base_b = base.split(self.targets, dim=-1)
        return (active * a).sum(-1) + base_a, (active * b).sum(-1) + base_b

    def joined(self, terms: tuple[torch.Tensor, ...], v: torch.Tensor) -> torch.Tensor:
        """Both sums over the sources, concatenated, (N, 2D).

        Args:
            terms: as for :meth:`tables`.
            v: values of the sources, (N, sources).
        """
        return torch.cat(self(self.tables(terms), v, v.new_zeros(2 * self.targets)), dim=1)


class GridSolver(torch.nn.Module):
    """The unfolds of an LTC on a dense wiring.

    Args:
        synapses: between U units.
        unfolds: solver steps per sample.
    """

    def __init__(self, synapses: Synapses, unfolds: int):
        super().__init__()
        self.sums, self.unfolds = GridSums(synapses), unfolds

    def forward(
        self,
        terms: tuple[torch.Tensor, ...],
        time: torch.Tensor,
        drive: torch.Tensor,
        state: torch.Tensor,
    ) -> torch.Tensor:
        """The state after one sample, (N, U); arguments as for :class:`sparse.SparseSolver`."""
        tables = self.sums.scaled(self.sums.tables(terms), time)
        for _ in range(self.unfolds):
            above, below = self.sums(tables, state, drive)
            state = (state + above) / below
        return state
