"""The readout of the prediction, solved once what it reads from no longer changes."""

import numpy as np
import torch

from liquid_control.models import PolicyModel
from liquid_control.training.chunks import persistence, sequences
from liquid_control.training.conditions import Chance, Conditions
from liquid_control.training.exploration import Explorer, Rollout
from liquid_control.training.finite import NotFiniteError
from liquid_control.training.judge import CONDITIONS

_WALKERS, _PART = 64, 64
"""Walkers that walk, and steps that are taken in at a time."""
_SPREAD = 1e-4
"""Of the actions: next to none, for it is its own walk that a student foretells."""
_STAY = 1e-6
"""Weight of the change of the readout, as a share of what it reads from."""


@torch.no_grad()
def solve_readout(model: PolicyModel, steps: int, seed: int, name: str) -> None:
    """Set the readout of a student's prediction to that of least squares; its actions stay.

    The student walks as it will, each episode under one of the conditions by which students are
    judged, all alike likely, and the errors of every sequence count as a share of those of
    persistence there.

    Args:
        model: the student.
        steps: of each of the walkers, to the next 64.
        seed: of starts, faults and noise.
        name: cell and seed, for the texts of errors.

    Raises:
        NotFiniteError: what it would be set to is not finite.
    """
    faults = CONDITIONS[1:]
    alike = Conditions((Chance(len(faults) / len(CONDITIONS), faults),), ramp=0.0)
    explorer = Explorer(model, _WALKERS, seed, alike)
    spread = np.full(model.lower.shape, _SPREAD, dtype=np.float32)
    size = model.prediction.in_features + 1
    square = torch.zeros(size, size, dtype=torch.float64)
    missing = torch.zeros(size, model.sensed, dtype=torch.float64)
    try:
        for _ in range(-(-steps // _PART)):
            read, missed, weight = _seen(model, explorer.collect(_PART, spread))
            square += (read * weight).T @ read
            missing += (read * weight).T @ missed
    finally:
        explorer.close()
    square += _STAY * square.diagonal().mean() * torch.eye(size, dtype=torch.float64)
    more = torch.linalg.solve(square, missing).float()
    if not torch.isfinite(more).all():
        raise NotFiniteError(f'{name}: the readout of its prediction, solved, is not finite')
    model.prediction.weight += more[:-1].T
    model.prediction.bias += more[-1]


def _seen(model: PolicyModel, rollout: Rollout) -> tuple[torch.Tensor, ...]:
    """Of all samples: what the prediction is read from, with a 1 (n, k + 1), what it misses (n, p),
    and their weight (n, 1); in float64."""
    batch, _, _ = sequences(rollout.series, rollout.seen, rollout.ended, rollout.start)
    there, foretold = (batch['observation'], batch['target']), batch['foretold']
    output = model.outputs(batch['observation'], batch['elapsed'], batch['state'])
    read = model.readable(output, batch['action'])
    change = (batch['target'] - batch['observation'][..., : model.sensed]) / model.change
    missed = change - model.prediction(read)
    read = torch.cat([read, torch.ones_like(foretold)], dim=-1)
    weight = foretold / persistence(model, *there, foretold)
    return tuple(values.flatten(0, 1).double() for values in (read, missed, weight))
