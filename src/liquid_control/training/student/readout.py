"""Least-squares fit of the prediction readout, once its inputs no longer change."""

import numpy as np
import torch

from liquid_control.evaluation.suite import JUDGED
from liquid_control.models import PolicyModel
from liquid_control.training.finite import NotFiniteError
from liquid_control.training.student.chunks import persistence, sequences
from liquid_control.training.student.conditions import Chance, Conditions
from liquid_control.training.student.exploration import Explorer, Rollout

_WORLDS, _PART = 64, 64
"""Worlds simulated together, and steps processed at a time."""
_SPREAD = 1e-4
"""Standard deviation of the actions: almost zero, because a student predicts its own motion."""
_STAY = 1e-6
"""Ridge penalty on the change of the readout, relative to the mean square of its inputs."""


@torch.no_grad()
def solve_readout(model: PolicyModel, steps: int, seed: int, name: str) -> None:
    """Fit the readout of a student's prediction by least squares; its actions do not change.

    The student drives, each episode under one of the conditions by which students are judged, all
    equally likely. The errors of every sequence are weighted relative to those of persistence in
    it.

    Args:
        model: the student, changed in place.
        steps: steps of each world, rounded up to a multiple of 64.
        seed: seed of starts, faults and noise.
        name: cell and seed, for error messages.

    Raises:
        NotFiniteError: the solution is not finite.
    """
    faults = JUDGED[1:]
    alike = Conditions((Chance(len(faults) / len(JUDGED), faults),), ramp=0.0)
    explorer = Explorer(model, _WORLDS, seed, alike)
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
        raise NotFiniteError(f'{name}: the least-squares prediction readout is not finite')
    model.prediction.weight += more[:-1].T
    model.prediction.bias.add_(more[-1])


def _seen(model: PolicyModel, rollout: Rollout) -> tuple[torch.Tensor, ...]:
    """For all samples, in float64: the readout's inputs with a 1 appended (n, k + 1), its errors
    (n, p), and the weights (n, 1)."""
    batch, _, _ = sequences(rollout.series, rollout.seen, rollout.ended, rollout.start)
    there, foretold = (batch['observation'], batch['target']), batch['foretold']
    output = model.outputs(batch['observation'], batch['elapsed'], batch['state'])
    read = model.readable(output, batch['action'])
    change = (batch['target'] - batch['observation'][..., : model.sensed]) / model.change
    missed = change - model.prediction(read)
    read = torch.cat([read, torch.ones_like(foretold)], dim=-1)
    weight = foretold / persistence(model, *there, foretold)
    return tuple(values.flatten(0, 1).double() for values in (read, missed, weight))
