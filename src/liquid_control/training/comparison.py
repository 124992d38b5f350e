"""The same-footing comparison: every cell in one model, with one budget, tuned alike.

Two stages. Tuning: each cell at the least budget, one seed, a share of the updates, with each step
size of one list. Then the comparison, all seeds, with the step size of a cell's least validation
error; at a larger budget it is less by the square root of the ratio, about that of the widths.
"""

import math
from collections.abc import Iterable
from functools import cache
from typing import Any

import numpy as np
import torch

from liquid_control.data.walker2d_kinematics import CHANNELS, Rollouts
from liquid_control.models import Normalizer, cell_settings, parameters, width_for
from liquid_control.predictor import Predictor, PredictorSettings
from liquid_control.training.run import Recipe, Run

PART, TUNING = 'comparison', 'tuning'
BUDGETS = {20_000: 600, 100_000: 240}
"""Parameters of the whole model → gradient steps of a run."""
LEARNING_RATES = (0.003, 0.01, 0.03)
TUNING_SHARE = 1 / 4
"""Of the gradient steps at the least budget; the schedule is as much shorter."""
BATCH = 32
"""Windows a gradient step."""
ENCODER = 32
_UNSCALED = Normalizer(np.zeros(CHANNELS), np.ones(CHANNELS), np.ones(CHANNELS))


def tuning_runs(cells: Iterable[str], updates: int | None) -> list[Run]:
    """One run a cell and step size, with seed 0; ``updates`` as in :func:`runs`."""
    budget = min(BUDGETS)
    steps = max(1, math.ceil(TUNING_SHARE * (updates or BUDGETS[budget])))
    return [
        Run(
            f'{TUNING}-{cell}-lr{rate:g}',
            TUNING,
            cell,
            0,
            Recipe(steps, rate, BATCH, every=_every(steps)),
            _model(cell, budget),
        )
        for cell in cells
        for rate in LEARNING_RATES
    ]


def runs(
    cells: Iterable[str],
    budgets: Iterable[int],
    seeds: int,
    updates: int | None,
    chosen: dict[str, float],
) -> list[Run]:
    """The compared runs.

    Args:
        cells: names.
        budgets: parameters of the whole model.
        seeds: 0, 1, … up to this many.
        updates: gradient steps at the least budget, and as many times those of
            :data:`BUDGETS` at another; None: those of :data:`BUDGETS`.
        chosen: cell → step size at the least budget; a cell not in it takes the middle one.
    """
    middle = sorted(LEARNING_RATES)[len(LEARNING_RATES) // 2]
    found = []
    for budget in budgets:
        steps = BUDGETS[budget]
        if updates:
            steps = max(1, round(steps * updates / BUDGETS[min(BUDGETS)]))
        for seed in range(seeds):
            for cell in cells:
                rate = chosen.get(cell, middle) * math.sqrt(min(BUDGETS) / budget)
                recipe = Recipe(steps, round(rate, 6), BATCH, every=_every(steps))
                name = f'{PART}-{cell}-{budget}-seed{seed}'
                found.append(Run(name, PART, cell, seed, recipe, _model(cell, budget)))
    return found


def choose(runs: Iterable[Run], results: dict[str, dict[str, Any]]) -> dict[str, float]:
    """Cell → the step size of the least validation error in tuning.

    A cell is left out where a tuning run is missing or none came to a finite end.

    Args:
        runs: of :func:`tuning_runs`.
        results: run name → result.
    """
    scores: dict[str, list[tuple[float, float]]] = {}
    for run in runs:
        if run.name in results:
            error = results[run.name].get('validation_mse', math.inf)
            scores.setdefault(run.cell, []).append((error, run.recipe.learning_rate))
    return {
        cell: min(found)[1]
        for cell, found in scores.items()
        if len(found) == len(LEARNING_RATES) and math.isfinite(min(found)[0])
    }


@cache
def settings(cell: str, budget: int) -> PredictorSettings:
    """The predictor with this cell whose parameters come nearest to the budget."""

    def sized(width: int) -> PredictorSettings:
        return PredictorSettings(cell, width, ENCODER, _cell_settings(cell, width))

    return sized(width_for(lambda width: parameters(Predictor(sized(width), _UNSCALED)), budget))


def _cell_settings(cell: str, width: int) -> dict[str, Any]:
    """As a policy has them, but LTC with the unfolds of the published recipe."""
    return cell_settings(cell, width) | ({'unfolds': 3} if cell in ('ltc', 'ltc_ncp') else {})


def build(run: Run, rollouts: Rollouts) -> Predictor:
    """The run's model with its initial values and the scale of the training rollouts."""
    torch.manual_seed(run.seed)
    return Predictor(PredictorSettings(**run.model['predictor']), normalizer(rollouts))


def normalizer(rollouts: Rollouts) -> Normalizer:
    """Scale of the raw training frames and of their change from one to the next."""
    frames = np.concatenate(list(rollouts.train.values())).astype(np.float64)
    changes = np.concatenate(
        [np.diff(x.astype(np.float64), axis=0) for x in rollouts.train.values()]
    )
    return Normalizer(frames.mean(axis=0), frames.std(axis=0), changes.std(axis=0))


def _model(cell: str, budget: int) -> dict[str, Any]:
    return {'budget': budget, 'predictor': settings(cell, budget).to_dict()}


def _every(steps: int) -> int:
    """Gradient steps between validations: five a run."""
    return max(1, math.ceil(steps / 5))
