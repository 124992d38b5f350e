"""Sums over a sparse wiring, of which only the existing synapses are computed.

Sums and solver take units first and rows last: a synapse then copies one block of rows.
"""

import torch
from torch.nn.functional import embedding, pad

from liquid_control.cells.synapses import Synapses, padded


class SparseSums(torch.nn.Module):
    """Two weighted sums over the synapses between two ranges of units.

    The synapses of each target are padded to the largest number F of any, with weights of zero.

    Args:
        synapses: the synapses, in the order of the terms.
        sources: the range of the sources.
        targets: the range of the D targets.
    """

    source: torch.Tensor
    place: torch.Tensor

    def __init__(self, synapses: Synapses, sources: range, targets: range):
        super().__init__()
        source, target = synapses.source, synapses.target
        chosen = (source >= sources.start) & (source < sources.stop)
        chosen &= (target >= targets.start) & (target < targets.stop)
        at = torch.nonzero(chosen)[:, 0]
        table, _ = padded((target[at] - targets.start).numpy(), len(targets))
        place = torch.cat([at, torch.tensor([len(synapses)])])[table]
        source = torch.cat([source[at] - sources.start, at.new_zeros(1)])[table]
        self.before, self.after = targets.start, synapses.targets - targets.stop
        self.register_buffer('place', place, persistent=False)
        self.register_buffer('source', source, persistent=False)

    def tables(self, terms: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        """σ, shift and both weights, (S,) each → (F, D, 1) each."""
        return tuple(embedding(self.place.t(), pad(term, (0, 1))[:, None]) for term in terms)

    def forward(
        self, tables: tuple[torch.Tensor, ...], v: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Both sums, (D, N) each.

        Args:
            tables: from :meth:`tables`; the weights may be (F, D, N).
            v: values of the sources, (sources, N).
        """
        sigma, shift, first, second = tables
        # Summed over the first axis, a row is rounded alike in batches of any size.
        active = torch.sigmoid(embedding(self.source.t(), v) * sigma + shift)
        return (active * first).sum(0), (active * second).sum(0)

    def repeated(self, terms: tuple[torch.Tensor, ...], v: list[torch.Tensor]) -> torch.Tensor:
        """Both sums at K times, (2, K, D, N).

        Args:
            terms: as for :meth:`tables`.
            v: values of the sources at each time, (sources, N) each.
        """
        times = len(v)
        sigma, shift, first, second = (
            embedding(self.place, pad(term, (0, 1))[:, None]) for term in terms
        )
        # In ONNX Runtime, multiplying with what has the same shape for one row is the faster.
        sigma, shift = (term.expand(-1, -1, times)[..., None] for term in (sigma, shift))
        seen = embedding(self.source, torch.cat(v, dim=1)).unflatten(2, (times, -1))
        active = torch.sigmoid(seen * sigma + shift).flatten(2)
        sums = torch.cat([first, second], dim=2).transpose(1, 2) @ active
        return sums.unflatten(2, (times, -1)).permute(1, 2, 0, 3)

    def joined(self, terms: tuple[torch.Tensor, ...], v: torch.Tensor) -> torch.Tensor:
        """Both sums of all targets, concatenated; outside of the range they are zero.

        Args:
            terms: as for :meth:`tables`.
            v: values of the sources, (N, sources).
        """
        sums = self(self.tables(terms), v.t())
        return torch.cat([pad(each.t(), (self.before, self.after)) for each in sums], dim=1)


def reach(synapses: Synapses) -> range:
    """The smallest range that has all targets of synapses."""
    if not len(synapses):
        return range(1)
    return range(int(synapses.target.min()), int(synapses.target.max()) + 1)


class SparseSolver(torch.nn.Module):
    """The unfolds of an LTC on a sparse wiring.

    Units without synapses from other units are solved first, units without synapses to others
    last, both for all unfolds at once; only those between them wait for each other.

    Args:
        synapses: between U units.
        driven: units below this number may have synapses from other units.
        unfolds: k, solver steps per sample.
    """

    def __init__(self, synapses: Synapses, driven: int, unfolds: int):
        super().__init__()
        lowest = int(synapses.source.min()) if len(synapses) else 0
        self.ends, self.driven, self.unfolds = min(lowest, driven - 1), driven, unfolds
        self.units = synapses.targets
        core = range(self.ends, driven)
        self.within = SparseSums(synapses, core, core)
        self.from_quiet = SparseSums(synapses, range(driven, self.units), core)
        self.to_ends = SparseSums(synapses, range(self.ends, self.units), range(self.ends))

    def forward(
        self,
        terms: tuple[torch.Tensor, ...],
        time: torch.Tensor,
        drive: torch.Tensor,
        state: torch.Tensor,
    ) -> torch.Tensor:
        """The state after one sample, (N, U).

        Args:
            terms: σ, shift and the weights in both sums of each synapse, (S,) each.
            time: (N, 1).
            drive: what is known of τ·A and 1 + τ·B, concatenated, (N, 2U).
            state: (N, U).
        """
        ends, driven, time, v = self.ends, self.driven, time.t(), state.t()
        drive = drive.t().unflatten(0, (2, -1))
        quiet, before_quiet = v[driven:], []
        if driven < self.units:
            drives = [tuple(drive[:, driven:].unbind(0))] * self.unfolds
            before_quiet, quiet = _steps(quiet, drives)
            found = self.from_quiet.repeated(terms, before_quiet)
            drives = _each(found * time + drive[:, None, ends:driven])
        else:
            drives = [tuple(drive[:, ends:driven].unbind(0))] * self.unfolds
        core, before = v[ends:driven], []
        sigma, shift, *weights = self.within.tables(terms)
        tables = (sigma, shift, *(weight * time for weight in weights))
        for above, below in drives:
            before.append(core)
            first, second = self.within(tables, core)
            core = (core + (above + first)) / (below + second)
        if not ends:
            return torch.cat([core, quiet]).t()
        if before_quiet:
            before = [torch.cat(both) for both in zip(before, before_quiet, strict=True)]
        found = self.to_ends.repeated(terms, before)
        _, last = _steps(v[:ends], _each(found * time + drive[:, None, :ends]))
        return torch.cat([last, core, quiet]).t()


def _each(drive: torch.Tensor) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Both parts of the drive in each unfold, (2, k, D, N) → k times two of (D, N)."""
    times, units = drive.shape[1:3]
    parts = drive.flatten(0, 2).split(units)
    return list(zip(parts[:times], parts[times:], strict=True))


def _steps(v, drives):
    """Values before each unfold, and after the last one."""
    before = []
    for above, below in drives:
        before.append(v)
        v = (v + above) / below
    return before, v
