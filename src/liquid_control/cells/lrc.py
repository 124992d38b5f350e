"""Liquid resistance, liquid capacitance cell (LRC) and its saturated case (STC)."""

import numpy as np
import torch
from torch.nn.functional import linear, softplus

from liquid_control.cells import fused, lrc_sequence
from liquid_control.cells.backward import fits
from liquid_control.cells.base import Cell, stepwise
from liquid_control.cells.grid import GridSums
from liquid_control.cells.synapses import (
    Padded,
    Synapses,
    bounded,
    check_unfolds,
    full_precision,
    inverse_softplus,
    uniform,
)
from liquid_control.control.schema import unknown

ELASTANCES = ('asymmetric', 'symmetric', 'constant')
FORMS = ('hybrid', 'explicit')


class Gates(Synapses):
    """All-to-all synapses, each with a weight w for the forget gate and h for the update.

    h starts as an orthogonal matrix.

    Args:
        sources: number of sources.
        targets: number of targets.
    """

    def __init__(self, sources: int, targets: int):
        super().__init__(np.ones((sources, targets)))
        drive = torch.nn.init.orthogonal_(torch.empty(sources, targets))
        self.drive = torch.nn.Parameter(drive[self.source, self.target])

    def terms(self) -> tuple[torch.Tensor, ...]:
        """σ, −σμ, w and h of each synapse."""
        return self.sigma, -self.sigma * self.mu, self.strength, self.drive


class LRC(Cell):
    """LRC of Farsang et al. 2024, "Liquid resistance liquid capacitance networks" (LRCU).

    f = g + Σ w·s, u = g + Σ h·s over inputs and units, s = sigmoid(σ·(v − μ)) as in LTC;
    dv/dt = ε·(−v·sigmoid(f) + v_leak·tanh(u)). The elastance ε, e = W·[x, v] + b, is sigmoid(e)
    (asymmetric), sigmoid(e + k) − sigmoid(e − k) with k ≥ 0 (symmetric), or 1 (constant: STC,
    the saturated LTC). A step of τ = Δt/unfolds is

    - hybrid: v ← (v + τ·ε·v_leak·tanh u)/(1 + τ·ε·sigmoid f), bounded at any Δt;
    - explicit: v ← v + τ·ε·(v_leak·tanh u − v·sigmoid f), as first published. It is meant for Δt
      near 1 and diverges where τ·ε·sigmoid f stays above 2.

    State and output are v. The solver runs in the precision of the parameters. g and w are
    softplus of their parameters; g, w, v_leak, σ and μ are initialised as in LTC, k to 1. The
    authors' code differs: affine maps of inputs and outputs, the explicit form by default, and
    Keras's initial values of W and b.

    Args:
        input_size: I.
        hidden_size: U.
        elastance: ``asymmetric``, ``symmetric`` or ``constant``.
        form: ``hybrid`` or ``explicit``.
        unfolds: solver steps per sample.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        elastance: str = 'asymmetric',
        form: str = 'hybrid',
        unfolds: int = 1,
    ):
        super().__init__()
        if elastance not in ELASTANCES:
            raise ValueError(unknown('elastance', elastance, ELASTANCES))
        if form not in FORMS:
            raise ValueError(unknown('form', form, FORMS))
        check_unfolds(unfolds)
        self.input_size, self.elastance, self.form = input_size, elastance, form
        self.output_size = self.state_size = hidden_size
        self.unfolds = unfolds
        self.sensory, self.inner = Gates(input_size, hidden_size), Gates(hidden_size, hidden_size)
        self.from_inputs = GridSums(self.sensory)
        self.from_units = GridSums(self.inner)
        self.padded = Padded(self.inner, hidden_size)
        self.padded_inputs = Padded(self.sensory, hidden_size)
        self.leak = torch.nn.Parameter(inverse_softplus(uniform(0.001, 1.0, hidden_size)))
        self.rest = torch.nn.Parameter(uniform(-0.2, 0.2, hidden_size))
        if elastance != 'constant':
            self.elastic = torch.nn.Linear(input_size + hidden_size, hidden_size)
        if elastance == 'symmetric':
            self.width = torch.nn.Parameter(inverse_softplus(torch.ones(hidden_size)))

    def sense(self, x):
        """Both sums including the leak, then W·x + b if ε needs it: (..., 2U) or (..., 3U)."""
        with full_precision(x):
            rows = x.to(self.rest.dtype).reshape(-1, self.input_size)
            leak = softplus(self.leak)
            terms, base = self.sensory.terms(), torch.cat([leak, leak])
            if x.ndim == 2:
                sensed = [*self.from_inputs(self.from_inputs.tables(terms), rows, base)]
            else:
                sensed = [fused.sums(rows, terms, self.padded_inputs) + base]
            if self.elastance != 'constant':
                weight = self.elastic.weight[:, : self.input_size]
                sensed.append(linear(rows, weight, self.elastic.bias))
            return torch.cat(sensed, dim=1).unflatten(0, x.shape[:-1])

    def advance(self, sensed, state, elapsed):
        with full_precision(state):
            units, v = self.state_size, state.to(sensed.dtype)
            base, time = sensed[:, : 2 * units], self._time(sensed, elapsed)
            tables = self.from_units.tables(self.inner.terms())
            elastic, constants = self._elastic_weight(), self._constants()
            for _ in range(self.unfolds):
                z = self.from_units(tables, v, base)
                if elastic is not None:
                    z = (*z, torch.addmm(sensed[:, 2 * units :], v, elastic.T))
                v = self._rule(v, z, time, *constants)
            return v, v

    def unroll(self, sensed, elapsed, state, counts):
        with full_precision(state):
            if not fits(state):
                return stepwise(self.advance, sensed, elapsed, state, counts)
            if counts is not None:  # at Δt = 0 the state does not change
                elapsed = torch.where(counts, elapsed, 0.0)
            states = lrc_sequence.unroll(
                self._rule, sensed, self._time(sensed, elapsed), state.to(sensed.dtype),
                self._constants(), self._elastic_weight(), self.inner.terms(), self.padded,
                self.unfolds,
            )  # fmt: skip
            outputs = states if counts is None else torch.where(counts, states, 0.0)
            return outputs, states[:, -1]

    def _time(self, sensed: torch.Tensor, elapsed: torch.Tensor) -> torch.Tensor:
        """Bounded Δt of an unfold."""
        return bounded(elapsed.to(sensed.dtype)) / self.unfolds

    def _elastic_weight(self) -> torch.Tensor | None:
        """W from the units, (U, U), or None."""
        if self.elastance == 'constant':
            return None
        return self.elastic.weight[:, self.input_size :]

    def _constants(self) -> list[torch.Tensor]:
        """Parameters of the rule: v_leak and, if the elastance is symmetric, k."""
        return [self.rest, softplus(self.width)] if self.elastance == 'symmetric' else [self.rest]

    def _rule(self, v, z, time, rest, width=0.0) -> torch.Tensor:
        """The state after an unfold, from v before it and z, which is f, u and, unless ε = 1, e."""
        f, u, *e = z
        decay, pull = torch.sigmoid(f), rest * torch.tanh(u)
        rate = time
        if self.elastance == 'asymmetric':
            rate = time * torch.sigmoid(e[0])
        elif self.elastance == 'symmetric':
            rate = time * (torch.sigmoid(e[0] + width) - torch.sigmoid(e[0] - width))
        if self.form == 'hybrid':
            return (v + rate * pull) / (1.0 + rate * decay)
        return v + rate * (pull - v * decay)

    def synapses(self):
        return len(self.inner) + len(self.sensory)

    def operations(self):
        units, inner, sensory = self.state_size, len(self.inner), len(self.sensory)
        elastic = {'constant': (0, 0), 'asymmetric': (1, 1), 'symmetric': (1, 2)}[self.elastance]
        products, functions = elastic
        return (4 + products) * sensory + self.unfolds * (
            (4 + products) * inner + (6 + functions) * units
        )


class STC(LRC):
    """Saturated LTC: :class:`LRC` with constant elastance.

    Args:
        input_size: I.
        hidden_size: U.
        form: ``hybrid`` or ``explicit``.
        unfolds: solver steps per sample.
    """

    def __init__(self, input_size: int, hidden_size: int, form: str = 'hybrid', unfolds: int = 1):
        super().__init__(input_size, hidden_size, 'constant', form, unfolds)
