"""The same footing: one model and one budget for every cell, with equally chosen step sizes."""

import numpy as np
import pytest
import torch

from liquid_control import cells
from liquid_control.models import Normalizer, Predictor, parameters
from liquid_control.study.walker2d_kinematics import comparison

UNIT = Normalizer(np.zeros(17), np.ones(17), np.ones(17))


@pytest.mark.parametrize('cell', cells.names())
@pytest.mark.parametrize('budget', [20_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_every_cell_meets_the_budget(cell, budget):
    settings = comparison.settings(cell, budget)
    model = Predictor(settings, UNIT)
    assert abs(parameters(model) - budget) <= 0.03 * budget
    x, elapsed = torch.randn(2, 3, 17), torch.ones(2, 3, 1)
    assert model(x, elapsed)[0].shape == x.shape


def test_zero_change_predicts_persistence():
    model = Predictor(comparison.settings('cfc', 20_000), UNIT)
    torch.nn.init.zeros_(model.prediction.weight)
    torch.nn.init.zeros_(model.prediction.bias)
    x = torch.randn(2, 3, 17)
    assert torch.equal(model(x, torch.ones(2, 3, 1))[0], x)


def test_compared_runs_differ_only_as_said():
    chosen = {('cfc', 20_000): 0.01, ('lstm', 20_000): 0.03}
    runs = comparison.runs(['cfc', 'lstm'], [20_000], 2, chosen, 100)
    assert len({run.name for run in runs}) == len(runs) == 4
    recipes = {run.cell: run.recipe for run in runs}
    assert recipes['cfc'].learning_rate == 0.01
    assert {run.recipe.updates for run in runs} == {100}


def test_best_step_size_is_chosen():
    runs = comparison.tuning_runs(['cfc', 'lstm', 'mlp'], [20_000])
    results = {run.name: {'validation_mse': run.recipe.learning_rate} for run in runs}
    least = min(comparison.LEARNING_RATES)
    cfc, lstm, mlp = ((cell, 20_000) for cell in ('cfc', 'lstm', 'mlp'))
    assert comparison.choose(runs, results) == dict.fromkeys([cfc, lstm, mlp], least)
    results[f'tuning-cfc-20000-lr{least:g}'] = {'failed': 'not finite'}
    assert comparison.choose(runs, results)[cfc] == sorted(comparison.LEARNING_RATES)[1]
    del results[f'tuning-lstm-20000-lr{least:g}']
    assert lstm not in comparison.choose(runs, results)
    results.update((run.name, {'failed': 'x'}) for run in runs if run.cell == 'mlp')
    assert mlp not in comparison.choose(runs, results)
