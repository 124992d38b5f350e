"""The readout of the prediction, solved once what it reads from no longer changes."""

import numpy as np
import torch

from liquid_control.models import PolicyModel
from liquid_control.training.chunks import persistence, sequences
from liquid_control.training.conditions import Chance, Conditions
from liquid_control.training.exploration import Explorer
from liquid_control.training.judge import CONDITIONS

_WALKERS, _PART = 64, 64
"""Walkers that walk, and steps that are taken in at a time."""
_SPREAD = 1e-4
"""Of the actions: next to none, for it is its own walk that a student foretells."""
_STAY = 1e-6
"""Weight of the change of the readout, as a share of what it reads from."""


@torch.no_grad()
def solve_readout(model: PolicyModel, steps: int, seed: int) -> None:
    """Set the readout of a student's prediction to that of least squares; its actions stay.

    The student walks as it will, each walker under one of the conditions by which it is judged,
    and the errors of every sequence count as a share of those of persistence there.

    Args:
        model: the student.
        steps: of each of the walkers, to the next 64.
        seed: of starts, faults and noise.
    """
    faults = CONDITIONS[1:]
    alike = Conditions((Chance(len(faults) / len(CONDITIONS), faults),), ramp=0.0)
    explorer = Explorer(model, _WALKERS, seed, alike)
    spread = np.full(model.lower.shape, _SPREAD, dtype=np.float32)
    size = model.prediction.in_features + 1
    square = torch.zeros(size, size, dtype=torch.float64)
    missing = torch.zeros(size, model.sensed, dtype=torch.float64)
    for _ in range(-(-steps // _PART)):
        rollout = explorer.collect(_PART, spread)
        batch, _, _ = sequences(rollout.series, rollout.seen, rollout.ended, rollout.start)
        there, foretold = (batch['observation'], batch['target']), batch['foretold']
        output = model.outputs(batch['observation'], batch['elapsed'], batch['state'])
        read = model.readable(output, batch['action'])
        change = (batch['target'] - batch['observation'][..., : model.sensed]) / model.change
        missed = (change - model.prediction(read)).double()
        read = torch.cat([read, torch.ones_like(foretold)], dim=-1).double()
        weighed = read * (foretold / persistence(model, *there, foretold))
        square += weighed.flatten(0, 1).T @ read.flatten(0, 1)
        missing += weighed.flatten(0, 1).T @ missed.flatten(0, 1)
    explorer.close()
    square += _STAY * square.diagonal().mean() * torch.eye(size, dtype=torch.float64)
    more = torch.linalg.solve(square, missing).float()
    model.prediction.weight += more[:-1].T
    model.prediction.bias += more[-1]
