"""Liquid time-constant cell (LTC)."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch.nn.functional import softplus

from liquid_control.cells import fused, ncps_weights, wirings
from liquid_control.cells.base import Cell
from liquid_control.cells.grid import GridSolver, GridSums
from liquid_control.cells.sparse import SparseSolver, SparseSums, reach
from liquid_control.cells.synapses import (
    Padded,
    Synapses,
    bounded,
    check_unfolds,
    full_precision,
    inverse_softplus,
    uniform,
)

_EPSILON = 1e-8


class Channels(Synapses):
    """Synapses that pull towards a reversal potential E, initialised to the polarity.

    Args:
        polarity: −1, 0 or +1 from each source to each target, (sources, targets).
    """

    def __init__(self, polarity: np.ndarray):
        super().__init__(polarity)
        signs = polarity[self.source.numpy(), self.target.numpy()]
        self.reversal = torch.nn.Parameter(torch.as_tensor(signs, dtype=torch.float32))

    def terms(self, per_target: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """σ, −σμ, w·E and w of each synapse, the last two times a per-target factor (U,)."""
        weight = self.strength * per_target[self.target]
        return self.sigma, -self.sigma * self.mu, weight * self.reversal, weight


class LTC(Cell):
    """LTC of Hasani et al. 2021, "Liquid time-constant networks", fused semi-implicit solver.

    C·dv/dt = g·(v_leak − v) + Σ_j w_j·s_j·(E_j − v), s_j = sigmoid(σ_j·(v_j − μ_j)), over the
    synapses from inputs and units. With A = g·v_leak + Σ w·s·E and B = g + Σ w·s + 1e-8, each of
    k unfolds is v ← (v + τ·A)/(1 + τ·B), τ = Δt/(k·C). This is the published rule multiplied
    through by τ, so that the state is unchanged at Δt = 0 and tends to A/B as Δt grows. A first
    sample given with Δt = 0 therefore teaches nothing: give it 1. A state stays within the range
    spanned by its initial value, v_leak, E and 0.

    Inputs and outputs each pass through an elementwise affine map, as in ncps. The state is v of
    all units; the output is that of the motors, which come first. The solver runs in the precision
    of the parameters, even under autocast. On a sparse wiring a step computes the existing synapses
    only, see :mod:`sparse`. C, g and w are softplus of their parameters.

    Args:
        input_size: I.
        hidden_size: U, the units.
        wiring: as in :func:`wirings.build`.
        motors: O; by default as given by the wiring.
        sparsity: as in :func:`wirings.build`.
        seed: seed of the wiring.
        unfolds: k, solver steps per sample.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        wiring: str | Mapping[str, Any] = 'full',
        motors: int | None = None,
        sparsity: float = 0.5,
        seed: int = 22222,
        unfolds: int = 6,
    ):
        super().__init__()
        check_unfolds(unfolds)
        wired = wirings.build(wiring, input_size, hidden_size, motors, sparsity, seed)
        self.input_size, self.state_size = input_size, hidden_size
        self.output_size, self.unfolds = wired.motors, unfolds
        self.sensory, self.inner = Channels(wired.sensory), Channels(wired.inner)
        reached = self.inner.target
        self.driven = int(reached.max()) + 1 if len(reached) else 1
        self.from_inputs = (
            GridSums(self.sensory)
            if self.sensory.dense
            else (SparseSums(self.sensory, range(input_size), reach(self.sensory)))
        )
        self.solver = (
            GridSolver(self.inner, unfolds)
            if self.inner.dense
            else (SparseSolver(self.inner, self.driven, unfolds))
        )
        self.padded = Padded(self.inner, self.driven)
        self.padded_inputs = Padded(self.sensory, hidden_size)
        self.capacity = torch.nn.Parameter(inverse_softplus(uniform(0.4, 0.6, hidden_size)))
        self.leak = torch.nn.Parameter(inverse_softplus(uniform(0.001, 1.0, hidden_size)))
        self.rest = torch.nn.Parameter(uniform(-0.2, 0.2, hidden_size))
        self.input_w = torch.nn.Parameter(torch.ones(input_size))
        self.input_b = torch.nn.Parameter(torch.zeros(input_size))
        self.output_w = torch.nn.Parameter(torch.ones(self.output_size))
        self.output_b = torch.nn.Parameter(torch.zeros(self.output_size))

    def sense(self, x):
        """The terms of A/(k·C) and B/(k·C) due to inputs and leak, (..., 2U)."""
        with full_precision(x):
            per_unit = self._per_unit()
            leak = softplus(self.leak)
            base = torch.cat([leak * self.rest, leak + _EPSILON]) * torch.cat([per_unit] * 2)
            sigma, shift, *weights = self.sensory.terms(per_unit)
            source = self.sensory.source
            shift = shift + sigma * self.input_b[source]
            terms = (sigma * self.input_w[source], shift, *weights)
            x = x.to(base.dtype)
            if x.ndim == 2:
                return base + self.from_inputs.joined(terms, x)
            sums = fused.sums(x.flatten(0, 1), terms, self.padded_inputs)
            return base + sums.unflatten(0, x.shape[:2])

    def advance(self, sensed, state, elapsed):
        with full_precision(state):
            terms = self.inner.terms(self._per_unit())
            time, drive = self._drive(sensed, elapsed)
            state = self.solver(terms, time, drive, state.to(drive.dtype))
            return self._output(state), state

    def unroll(self, sensed, elapsed, state, counts):
        with full_precision(state):
            if counts is not None:  # at Δt = 0 the state does not change
                elapsed = torch.where(counts, elapsed, 0.0)
            time, drive = self._drive(sensed, elapsed)
            states = fused.solve(
                drive, time, state.to(drive.dtype), self.inner.terms(self._per_unit()),
                self.padded, self.unfolds,
            )  # fmt: skip
            outputs = self._output(states)
            if counts is not None:
                outputs = torch.where(counts, outputs, 0.0)
            return outputs, states[:, -1]

    def _drive(self, sensed, elapsed):
        """Bounded Δt, and the terms of τ·A and 1 + τ·B known before the solver runs."""
        time = bounded(elapsed.to(sensed.dtype))
        one = torch.cat([torch.zeros_like(self.rest), torch.ones_like(self.rest)])
        return time, sensed * time + one

    def _per_unit(self):
        return 1.0 / (softplus(self.capacity) * self.unfolds)

    def _output(self, state):
        return state[..., : self.output_size] * self.output_w + self.output_b

    def synapses(self):
        return len(self.inner) + len(self.sensory)

    def operations(self):
        affine = self.input_size + self.output_size
        unfold = 4 * len(self.inner) + 3 * self.state_size
        return affine + 4 * len(self.sensory) + self.unfolds * unfold

    def load_ncps(self, weights: Mapping[str, torch.Tensor], implicit: bool) -> None:
        """Load weights of ncps; see :func:`ncps_weights.load_ltc`."""
        ncps_weights.load_ltc(self, weights, implicit)
