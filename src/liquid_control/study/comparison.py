"""The same-footing comparison: every cell in one model, with one budget, tuned alike.

Two stages. Tuning: each cell at each budget, one seed, a share of the updates, with each step size
of one list. Then the comparison: each with the step size of its least validation error, all seeds.
"""

import math
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import numpy as np
import torch

from liquid_control.data.walker2d_kinematics import CHANNELS, Rollouts
from liquid_control.models import ModelSettings, Normalizer, cell_settings, parameters, width_for
from liquid_control.predictor import Predictor
from liquid_control.study.run import Recipe, Run

PART, TUNING = 'comparison', 'tuning'
BUDGETS = {20_000: 600, 100_000: 240}
"""Parameters of the whole model → gradient steps of a run."""
LEARNING_RATES = (0.01, 0.025, 0.06)
TUNING_SHARE = 1 / 4
"""Of the gradient steps; the schedule is as much shorter."""
BATCH = 32
"""Windows a gradient step."""
VALIDATIONS = 5
"""Of a run, the last at its end."""
ENCODER = 32
_UNSCALED = Normalizer(np.zeros(CHANNELS), np.ones(CHANNELS), np.ones(CHANNELS))


def tuning_runs(
    cells: Iterable[str], budgets: Iterable[int], updates: int | None = None
) -> list[Run]:
    """One run a cell, budget and step size, with seed 0; arguments as those of :func:`runs`."""
    return [
        _run(TUNING, cell, budget, 0, rate, f'lr{rate:g}', math.ceil(TUNING_SHARE * steps))
        for budget, steps in _steps(budgets, updates)
        for cell in cells
        for rate in LEARNING_RATES
    ]


def runs(
    cells: Iterable[str],
    budgets: Iterable[int],
    seeds: int,
    chosen: Mapping[tuple[str, int], float],
    updates: int | None = None,
) -> list[Run]:
    """The compared runs.

    Args:
        cells: names.
        budgets: parameters of the whole model.
        seeds: 0, 1, … up to this many.
        chosen: (cell, budget) → step size; what is not in it takes the middle one.
        updates: gradient steps at the least budget, those of another in proportion; None: those
            of :data:`BUDGETS`.
    """
    middle = LEARNING_RATES[len(LEARNING_RATES) // 2]
    return [
        _run(PART, cell, budget, seed, chosen.get((cell, budget), middle), f'seed{seed}', steps)
        for budget, steps in _steps(budgets, updates)
        for seed in range(seeds)
        for cell in cells
    ]


def _run(part, cell, budget, seed, rate, suffix, steps) -> Run:
    every = math.ceil(steps / VALIDATIONS)
    model = {'budget': budget, 'predictor': settings(cell, budget).to_dict()}
    name = f'{part}-{cell}-{budget}-{suffix}'
    return Run(name, part, cell, seed, Recipe(steps, rate, BATCH, every), model)


def _steps(budgets: Iterable[int], updates: int | None) -> list[tuple[int, int]]:
    """(budget, gradient steps) of each."""
    share = 1.0 if updates is None else updates / BUDGETS[min(BUDGETS)]
    return [(budget, max(1, round(share * BUDGETS[budget]))) for budget in budgets]


def choose(
    runs: Iterable[Run], results: Mapping[str, Mapping[str, Any]]
) -> dict[tuple[str, int], float]:
    """(cell, budget) → the step size of the least validation error in tuning.

    Left out is what lacks a tuning run, or where none came to a finite end.

    Args:
        runs: of :func:`tuning_runs`.
        results: run name → result.
    """
    scores: dict[tuple[str, int], list[tuple[float, float]]] = {}
    for run in runs:
        if run.name in results:
            error = results[run.name].get('validation_mse', math.inf)
            key = run.cell, run.model['budget']
            scores.setdefault(key, []).append((error, run.recipe.learning_rate))
    return {
        key: min(found)[1]
        for key, found in scores.items()
        if len(found) == len(LEARNING_RATES) and math.isfinite(min(found)[0])
    }


@cache
def settings(cell: str, budget: int) -> ModelSettings:
    """The predictor with this cell whose parameters come nearest to the budget."""

    def sized(width: int) -> ModelSettings:
        return ModelSettings(cell, width, ENCODER, _cell_settings(cell, width))

    return sized(width_for(lambda width: parameters(Predictor(sized(width), _UNSCALED)), budget))


def _cell_settings(cell: str, width: int) -> dict[str, Any]:
    """As a policy has them, but LTC with the unfolds of the published recipe."""
    return cell_settings(cell, width) | ({'unfolds': 3} if cell in ('ltc', 'ltc_ncp') else {})


def build(run: Run, rollouts: Rollouts) -> Predictor:
    """The run's model with its initial values and the scale of the training rollouts."""
    torch.manual_seed(run.seed)
    return Predictor(ModelSettings(**run.model['predictor']), normalizer(rollouts))


def normalizer(rollouts: Rollouts) -> Normalizer:
    """Scale of the raw training frames and of their change from one to the next."""
    frames = np.concatenate(list(rollouts.train.values())).astype(np.float64)
    changes = np.concatenate(
        [np.diff(x.astype(np.float64), axis=0) for x in rollouts.train.values()]
    )
    return Normalizer(frames.mean(axis=0), frames.std(axis=0), changes.std(axis=0))
