"""The same-footing comparison: every cell in one model, with one budget, tuned alike.

Two stages. Tuning: each cell at each budget, one seed, a share of the updates, with each step size
of one list. Then the comparison: each with the step size of its least validation error, all seeds.
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
BUDGETS = {20_000: 600, 100_000: 600}
"""Parameters of the whole model → gradient steps of a run."""
LEARNING_RATES = (0.002, 0.005, 0.015)
TUNING_SHARE = 1 / 3
"""Of a run's gradient steps; the schedule is as much shorter."""
ENCODER = 32
_UNSCALED = Normalizer(np.zeros(CHANNELS), np.ones(CHANNELS), np.ones(CHANNELS))


def tuning_runs(cells: Iterable[str], budgets: Iterable[int], updates: int | None) -> list[Run]:
    """One run a cell, budget and step size, with seed 0; ``updates`` as in :func:`runs`."""
    found = []
    for budget in budgets:
        steps = max(1, math.ceil(TUNING_SHARE * (updates or BUDGETS[budget])))
        for cell in cells:
            for rate in LEARNING_RATES:
                name = f'{TUNING}-{cell}-{budget}-lr{rate:g}'
                recipe = Recipe(steps, rate, every=_every(steps))
                found.append(Run(name, TUNING, cell, 0, recipe, _model(cell, budget)))
    return found


def runs(
    cells: Iterable[str],
    budgets: Iterable[int],
    seeds: int,
    updates: int | None,
    chosen: dict[tuple[str, int], float],
) -> list[Run]:
    """The compared runs.

    Args:
        cells: names.
        budgets: parameters of the whole model.
        seeds: 0, 1, … up to this many.
        updates: gradient steps; None: those of :data:`BUDGETS`.
        chosen: (cell, budget) → step size; what is not in it takes the middle one.
    """
    middle = LEARNING_RATES[len(LEARNING_RATES) // 2]
    return [
        Run(
            f'{PART}-{cell}-{budget}-seed{seed}',
            PART,
            cell,
            seed,
            Recipe(
                steps := updates or BUDGETS[budget],
                chosen.get((cell, budget), middle),
                every=_every(steps),
            ),
            _model(cell, budget),
        )
        for budget in budgets
        for seed in range(seeds)
        for cell in cells
    ]


def choose(runs: Iterable[Run], results: dict[str, dict[str, Any]]) -> dict[tuple[str, int], float]:
    """(cell, budget) → the step size of the least validation error in tuning.

    A cell is left out where a tuning run is missing or none came to a finite end.

    Args:
        runs: of :func:`tuning_runs`.
        results: run name → result.
    """
    scores: dict[tuple[str, int], list[tuple[float, float]]] = {}
    for run in runs:
        error = results.get(run.name, {}).get('validation_mse') or math.inf
        if run.name not in results:
            error = math.nan
        scores.setdefault((run.cell, run.model['budget']), []).append(
            (error, run.recipe.learning_rate)
        )
    return {
        key: min(found)[1]
        for key, found in scores.items()
        if math.isfinite(min(found)[0]) and not any(math.isnan(error) for error, _ in found)
    }


@cache
def settings(cell: str, budget: int) -> PredictorSettings:
    """The predictor with this cell whose parameters come nearest to the budget."""

    def sized(width: int) -> PredictorSettings:
        return PredictorSettings(cell, width, ENCODER, cell_settings(cell, width))

    return sized(width_for(lambda width: parameters(Predictor(sized(width), _UNSCALED)), budget))


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
    """Gradient steps between validations: eight a run."""
    return max(1, math.ceil(steps / 8))
