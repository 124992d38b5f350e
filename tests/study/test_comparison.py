"""The same footing: one model and one budget for every cell, with equally chosen step sizes."""

import numpy as np
import pytest
import torch

from liquid_control import cells
from liquid_control.models import Normalizer, parameters
from liquid_control.study import model as models
from liquid_control.study.estimates import core_seconds
from liquid_control.study.walker2d_kinematics import comparison

UNIT = Normalizer(np.zeros(17), np.ones(17), np.ones(17))


@pytest.mark.parametrize('cell', cells.names())
@pytest.mark.parametrize('budget', [20_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_every_cell_meets_the_budget(cell, budget):
    model = models.SequenceModel(models.fitted(cell, budget, 17, False, False), UNIT)
    assert abs(parameters(model) - budget) <= 0.03 * budget
    x, elapsed = torch.randn(2, 3, 17), torch.ones(2, 3, 1)
    assert model(x, elapsed)[0].shape == x.shape


def test_zero_change_predicts_persistence():
    model = models.SequenceModel(models.fitted('cfc', 20_000, 17, False, False), UNIT)
    torch.nn.init.zeros_(model.prediction.weight)
    torch.nn.init.zeros_(model.prediction.bias)
    x = torch.randn(2, 3, 17)
    assert torch.equal(model(x, torch.ones(2, 3, 1))[0], x)


def test_compared_runs_differ_only_as_said():
    chosen = {('cfc', 20_000): 0.01, ('lstm', 20_000): 0.03}
    runs = comparison.footing(('cfc', 'lstm'), (20_000,), 2, 100).runs(chosen)
    assert len({run.name for run in runs}) == len(runs) == 4
    recipes = {run.cell: run.recipe for run in runs}
    assert recipes['cfc'].learning_rate == 0.01
    assert {run.recipe.updates for run in runs} == {100}


def test_best_step_size_is_chosen():
    footing = comparison.footing(('cfc', 'lstm', 'mlp'), (20_000,), 3)
    runs = footing.tuning()
    results = {run.name: {'validation_mse': run.recipe.learning_rate} for run in runs}
    least = min(comparison.LEARNING_RATES)
    cfc, lstm, mlp = ((cell, 20_000) for cell in ('cfc', 'lstm', 'mlp'))
    assert footing.choose(results) == dict.fromkeys([cfc, lstm, mlp], least)
    results[f'tuning-cfc-20000-lr{least:g}'] = {'failed': 'not finite'}
    assert footing.choose(results)[cfc] == sorted(comparison.LEARNING_RATES)[1]
    del results[f'tuning-lstm-20000-lr{least:g}']
    assert lstm not in footing.choose(results)
    results.update((run.name, {'failed': 'x'}) for run in runs if run.cell == 'mlp')
    assert mlp not in footing.choose(results)


def test_a_study_trains_fifty_rounds_and_validates_each():
    (run,) = comparison.footing(('cfc',), (20_000,), 1).runs({})
    assert run.recipe.updates == 50 * run.recipe.every
    assert run.recipe.every == comparison.ROUND == -(-9684 // run.recipe.batch)
    assert run.recipe.best_round


def test_a_study_of_one_budget_takes_about_ten_hours():
    footing = comparison.footing((), (20_000,), 3)
    hours = sum(core_seconds(run) for run in (*footing.tuning(), *footing.runs({})))
    assert 8 < hours / 3600 < 12
