"""LRC and STC: their rule worked out by hand, their forms, their bounds."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from liquid_control import cells


def sigmoid(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-x))


def softplus(x: float) -> float:
    return math.log1p(math.exp(x))


@pytest.mark.parametrize('elastance', ['asymmetric', 'symmetric', 'constant'])
@pytest.mark.parametrize('form', ['hybrid', 'explicit'])
def test_one_unit_by_hand(elastance, form):
    torch.manual_seed(0)
    cell = cells.make('lrc', 1, 1, elastance=elastance, form=form)
    x, v, time = 0.7, -0.4, 1.5
    found = cell.step(*(torch.tensor([[value]]) for value in (x, v, time)))[1].item()
    p = {name: value.flatten().tolist() for name, value in cell.named_parameters()}
    f = u = softplus(p['leak'][0])
    for name, value in (('sensory', x), ('inner', v)):
        s = sigmoid(p[f'{name}.sigma'][0] * (value - p[f'{name}.mu'][0]))
        f += softplus(p[f'{name}.weight'][0]) * s
        u += p[f'{name}.drive'][0] * s
    rate = time
    if elastance != 'constant':
        e = p['elastic.weight'][0] * x + p['elastic.weight'][1] * v + p['elastic.bias'][0]
        rate *= sigmoid(e) if elastance == 'asymmetric' else sigmoid(e + 1.0) - sigmoid(e - 1.0)
    pull = p['rest'][0] * math.tanh(u)
    if form == 'hybrid':
        expected = (v + rate * pull) / (1.0 + rate * sigmoid(f))
    else:
        expected = v + rate * (pull - v * sigmoid(f))
    assert found == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize('elastance', ['asymmetric', 'symmetric', 'constant'])
def test_both_forms_agree_where_steps_are_small(elastance):
    states = []
    for form in ('hybrid', 'explicit'):
        torch.manual_seed(0)
        cell = cells.make('lrc', 3, 5, elastance=elastance, form=form, unfolds=400).double()
        torch.manual_seed(1)
        states.append(cell(torch.randn(2, 3, 3).double(), state=torch.randn(2, 5).double())[1])
    torch.testing.assert_close(*states, atol=2e-3, rtol=0)


@pytest.mark.parametrize('form', ['hybrid', 'explicit'])
def test_time_zero_changes_nothing(form):
    state = torch.randn(4, 6)
    cell = cells.make('lrc', 3, 6, form=form)
    assert torch.equal(cell.step(torch.randn(4, 3), state, torch.zeros(4, 1))[1], state)


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 2**31),
    scale=st.floats(0, 100),
    log_elapsed=st.floats(-12, 30),
    elastance=st.sampled_from(['asymmetric', 'symmetric', 'constant']),
)
def test_the_hybrid_state_stays_within_bounds(seed, scale, log_elapsed, elastance):
    torch.manual_seed(seed)
    cell = cells.make('lrc', 3, 6, elastance=elastance)
    state = torch.randn(4, 6)
    elapsed = torch.full((4, 5), 10.0**log_elapsed)
    last = cell(torch.randn(4, 5, 3) * scale, elapsed, state)[1]
    # f > 0, so sigmoid(f) > 1/2 and the resting state is within 2·|v_leak|.
    assert (last.abs() <= torch.maximum(state.abs(), 2.0 * cell.rest.abs()) + 1e-5).all()


def test_stc_is_lrc_of_constant_elastance():
    torch.manual_seed(0)
    stc = cells.make('stc', 3, 6)
    lrc = cells.make('lrc', 3, 6, elastance='constant')
    lrc.load_state_dict(stc.state_dict())
    x = torch.randn(2, 4, 3)
    assert torch.equal(stc(x)[0], lrc(x)[0])


def test_counts_are_those_of_one_unit_by_hand():
    # Parameters: 4 per synapse, 2 per unit. Operations per synapse: a product into each sum,
    # σ·(v − μ) and s; per unit: sigmoid, tanh, times v_leak, two products and a division.
    assert cells.make('stc', 2, 1).counts() == (4 * 3 + 2, 1, 3, 4 * 3 + 6)
    assert cells.make('lrc', 2, 1).counts() == (4 * 3 + 2 + 4, 1, 3, 4 * 3 + 6 + 3 + 1)
    symmetric = cells.make('lrc', 2, 1, elastance='symmetric').counts()
    assert symmetric == (4 * 3 + 2 + 4 + 1, 1, 3, 4 * 3 + 6 + 3 + 2)


@pytest.mark.parametrize(
    ('setting', 'message'),
    [
        ({'elastance': 'symetric'}, r"did you mean 'symmetric'"),
        ({'form': 'implicit'}, 'form'),
        ({'unfolds': 0}, 'unfolds: expected a positive integer, found 0'),
    ],
)
def test_bad_settings_are_refused_in_words(setting, message):
    with pytest.raises(ValueError, match=message):
        cells.make('lrc', 3, 4, **setting)
