"""The same-footing comparison: every cell in the same model, equally tuned, with the same budget.

There are two stages. Tuning runs each cell at each budget with each step size from a list, for one
seed and a share of the updates. The comparison then runs all seeds with the step size of the lowest
validation error.
"""

import math
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import numpy as np
import torch

from liquid_control.models import (
    ModelSettings,
    Normalizer,
    Predictor,
    cell_settings,
    parameters,
    width_for,
)
from liquid_control.study.run import Recipe, Run
from liquid_control.study.walker2d_kinematics.dataset import CHANNELS, Dataset

PART, TUNING = 'comparison', 'tuning'
BUDGETS = {20_000: 600, 100_000: 240}
"""Parameters of the whole model → gradient steps of a run."""
LEARNING_RATES = (0.01, 0.025, 0.06)
TUNING_SHARE = 1 / 4
"""Share of the gradient steps in a tuning run; its schedule is shortened accordingly."""
BATCH = 32
"""Windows per gradient step."""
VALIDATIONS = 5
"""Validations per run, the last at its end."""
ENCODER = 32
_UNSCALED = Normalizer(np.zeros(CHANNELS), np.ones(CHANNELS), np.ones(CHANNELS))


def tuning_runs(
    cells: Iterable[str], budgets: Iterable[int], updates: int | None = None
) -> list[Run]:
    """One run per cell, budget and step size, with seed 0; arguments as for :func:`runs`."""
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
        seeds: number of seeds, from 0 on.
        chosen: (cell, budget) → step size; pairs not in it take the middle one.
        updates: gradient steps at the smallest budget, with those of others in proportion; None:
            those of :data:`BUDGETS`.
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
    """(budget, gradient steps) for each budget."""
    share = 1.0 if updates is None else updates / BUDGETS[min(BUDGETS)]
    return [(budget, max(1, round(share * BUDGETS[budget]))) for budget in budgets]


def choose(
    runs: Iterable[Run], results: Mapping[str, Mapping[str, Any]]
) -> dict[tuple[str, int], float]:
    """(cell, budget) → the step size with the lowest validation error in tuning.

    Pairs with a missing tuning run, or without any finite result, are left out.

    Args:
        runs: from :func:`tuning_runs`.
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
    """Settings of the predictor with this cell whose size comes closest to the parameter budget."""

    def sized(width: int) -> ModelSettings:
        return ModelSettings(cell, width, ENCODER, _cell_settings(cell, width))

    return sized(width_for(lambda width: parameters(Predictor(sized(width), _UNSCALED)), budget))


def _cell_settings(cell: str, width: int) -> dict[str, Any]:
    """As for policies, except that LTC has the unfolds of the published recipe."""
    return cell_settings(cell, width) | ({'unfolds': 3} if cell in ('ltc', 'ltc_ncp') else {})


def build(run: Run, rollouts: Dataset) -> Predictor:
    """The run's model with initial weights and the scales of the training rollouts."""
    torch.manual_seed(run.seed)
    return Predictor(ModelSettings(**run.model['predictor']), normalizer(rollouts))


def normalizer(rollouts: Dataset) -> Normalizer:
    """Scales of the raw training frames and of their frame-to-frame change."""
    frames = np.concatenate(list(rollouts.train.values())).astype(np.float64)
    changes = np.concatenate(
        [np.diff(x.astype(np.float64), axis=0) for x in rollouts.train.values()]
    )
    return Normalizer(frames.mean(axis=0), frames.std(axis=0), changes.std(axis=0))
