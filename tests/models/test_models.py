"""The policy network: limits, persistence, irregular time, and the exported step."""

from functools import cache

import numpy as np
import pytest

torch = pytest.importorskip('torch')

from support import STUDENT

from liquid_control import cells
from liquid_control.models import ModelSettings, Normalizer, PolicyModel, StepModel, width_for

BATCH, SENSED = 5, STUDENT.sensed_size


@cache
def fitted(cell: str) -> ModelSettings:
    return ModelSettings.fitted(cell, STUDENT)


def make(cell: str) -> PolicyModel:
    rng = np.random.default_rng(0)
    torch.manual_seed(0)
    normalizer = Normalizer(
        rng.normal(0, 1, SENSED), rng.uniform(0.1, 2, SENSED), rng.uniform(0.01, 0.1, SENSED)
    )
    return PolicyModel(fitted(cell), STUDENT, normalizer)


@pytest.fixture(params=cells.names())
def model(request):
    return make(request.param)


@pytest.fixture
def inputs(model):
    torch.manual_seed(1)
    observation = torch.randn(BATCH, STUDENT.observation_size) * 3
    state = torch.rand(BATCH, model.state_size) * 2 - 1
    return observation, torch.rand(BATCH, 1) * 6, state


def test_sizes_follow_the_contract(model, inputs):
    action, prediction, state = model(*inputs)
    assert action.shape == (BATCH, STUDENT.action_size)
    assert prediction.shape == (BATCH, SENSED)
    assert state.shape == model.initial_state(BATCH).shape


def test_actions_are_limited_after_training(model, inputs):
    with torch.no_grad():
        model.action.weight *= 100
        free, limited = model.step(*inputs)[0], model(*inputs)[0]
    assert free.abs().max() > 1
    torch.testing.assert_close(limited, free.clamp(-1, 1))


def test_zero_change_predicts_persistence(model, inputs):
    with torch.no_grad():
        model.prediction.weight.zero_()
        model.prediction.bias.zero_()
    assert torch.equal(model(*inputs)[1], inputs[0][:, :SENSED])


def test_elapsed_time_matters(model, inputs):
    observation, elapsed, state = inputs
    before, after = model(observation, elapsed, state)[0], model(observation, elapsed + 1, state)[0]
    assert not torch.allclose(before, after)


def test_the_exported_step_is_the_same_function(model, inputs):
    step = StepModel(model)
    for found, expected in zip(step(*inputs), model(*inputs), strict=True):
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


def test_every_cell_has_about_the_same_budget(model):
    count = sum(p.numel() for p in model.parameters())
    assert 19_000 <= count <= 21_000


def test_an_unknown_cell_finds_the_nearest():
    with pytest.raises(ValueError, match=r'did you mean .*cfc'):
        ModelSettings.fitted('cffc', STUDENT)


@pytest.mark.parametrize('budget', [2_000, 20_000, 100_000])
@pytest.mark.parametrize(('square', 'linear'), [(4, 50), (1, 0), (0, 700)])
def test_no_width_comes_nearer_to_a_budget(budget, square, linear):
    asked = []

    def count(width):
        asked.append(width)
        return square * width**2 + linear * width + 17

    found = width_for(count, budget, least=2)
    assert len(asked) <= 12
    assert all(abs(count(found) - budget) <= abs(count(found + i) - budget) for i in (-1, 1))


def test_a_budget_out_of_reach_is_told():
    with pytest.raises(ValueError, match='budget 10: 8 units already have 64 parameters'):
        width_for(lambda width: width**2, 10)
    with pytest.raises(ValueError, match='budget 100: 20 units have only 20 parameters'):
        width_for(lambda width: width, 100, most=20)
