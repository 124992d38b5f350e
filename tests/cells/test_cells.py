"""Laws that every cell obeys, at any elapsed time."""

import re

import pytest
import torch
from ncps import wirings

from liquid_control import cells

INPUT, HIDDEN, BATCH, LENGTH = 5, 7, 4, 9


@pytest.fixture(params=cells.names())
def cell(request):
    torch.manual_seed(0)
    return cells.make(request.param, INPUT, HIDDEN)


@pytest.fixture
def series():
    torch.manual_seed(1)
    return torch.randn(BATCH, LENGTH, INPUT), torch.rand(BATCH, LENGTH, 1) * 5


@pytest.fixture
def state(cell):
    torch.manual_seed(2)
    return torch.rand(BATCH, cell.state_size) * 2 - 1


def test_sizes_are_as_announced(cell, series, state):
    x, elapsed = series
    output, after = cell.step(x[:, 0], state, elapsed[:, 0])
    assert output.shape == (BATCH, cell.output_size)
    assert after.shape == cell.initial_state(BATCH).shape == (BATCH, cell.state_size)


def test_stepping_equals_the_whole_sequence(cell, series, state):
    x, elapsed = series
    outputs, last = cell(x, elapsed, state)
    for place in range(LENGTH):
        output, state = cell.step(x[:, place], state, elapsed[:, place])
        torch.testing.assert_close(output, outputs[:, place], atol=1e-6, rtol=0)
    torch.testing.assert_close(state, last, atol=1e-6, rtol=0)


def test_a_sequence_may_be_cut_in_two(cell, series):
    x, elapsed = series
    whole, last = cell(x, elapsed)
    first, state = cell(x[:, :4], elapsed[:, :4])
    second, state = cell(x[:, 4:], elapsed[:, 4:], state)
    torch.testing.assert_close(torch.cat([first, second], 1), whole, atol=1e-6, rtol=0)
    torch.testing.assert_close(state, last, atol=1e-6, rtol=0)


def test_padded_sequences_equal_themselves_alone(cell, series):
    x, elapsed = series
    lengths = torch.tensor([9, 1, 4, 0])
    outputs, last = cell(x, elapsed, lengths=lengths)
    for row, length in enumerate(lengths.tolist()):
        assert torch.all(outputs[row, length:] == 0)
        if length == 0:
            assert torch.all(last[row] == 0)
            continue
        alone, state = cell(x[row : row + 1, :length], elapsed[row : row + 1, :length])
        torch.testing.assert_close(outputs[row, :length], alone[0], atol=1e-6, rtol=0)
        torch.testing.assert_close(last[row], state[0], atol=1e-6, rtol=0)


def test_what_stands_beyond_a_sequence_does_not_matter(cell, series):
    x, elapsed = series
    lengths = torch.tensor([2, 5, 9, 3])
    beyond = torch.arange(LENGTH)[None, :, None] >= lengths[:, None, None]
    broken = cell(torch.where(beyond, float('nan'), x), elapsed, lengths=lengths)
    for found, expected in zip(broken, cell(x, elapsed, lengths=lengths), strict=True):
        torch.testing.assert_close(found, expected)


def test_no_output_depends_on_a_later_input(cell, series):
    x, elapsed = series
    later = x.clone()
    later[:, 5:] += 1.0
    before, after = cell(x, elapsed)[0], cell(later, elapsed)[0]
    assert torch.equal(before[:, :5], after[:, :5])
    assert not torch.equal(before[:, 5:], after[:, 5:])


def test_rows_of_a_batch_do_not_mix(cell, series):
    x, elapsed = series
    order = torch.tensor([2, 0, 3, 1])
    torch.testing.assert_close(cell(x, elapsed)[0][order], cell(x[order], elapsed[order])[0])


@pytest.mark.parametrize('elapsed', [0.0, 1e-12, 1e6, 1e30])
def test_finite_at_any_elapsed_time(cell, series, elapsed):
    x = series[0]
    x.requires_grad_()
    outputs, last = cell(x, torch.full((BATCH, LENGTH), elapsed))
    outputs.square().sum().backward()
    assert torch.isfinite(outputs).all()
    assert torch.isfinite(last).all()
    assert torch.isfinite(x.grad).all()


@pytest.mark.parametrize('kind', [torch.float64, torch.int64])
def test_elapsed_may_be_of_another_type(cell, series, kind):
    x, elapsed = series[0], torch.ones(BATCH, LENGTH, dtype=kind)
    outputs, last = cell(x, elapsed)
    assert outputs.dtype == last.dtype == torch.float32
    assert torch.equal(outputs, cell(x)[0])
    output, state = cell.step(x[:, 0], cell.initial_state(BATCH), elapsed[:, :1])
    assert output.dtype == state.dtype == torch.float32


def test_elapsed_defaults_to_one(cell, series):
    x = series[0]
    assert torch.equal(cell(x)[0], cell(x, torch.ones(BATCH, LENGTH))[0])
    assert torch.equal(cell(x)[0], cell(x, torch.ones(BATCH, LENGTH, 1))[0])


def test_gradients_equal_finite_differences(cell):
    cell.double()
    torch.manual_seed(3)
    x = torch.randn(2, 3, INPUT, dtype=torch.float64, requires_grad=True)
    elapsed = torch.rand(2, 3, 1, dtype=torch.float64, requires_grad=True)
    state = torch.randn(2, cell.state_size, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(cell, (x, elapsed, state))


@pytest.mark.parametrize('shape', [(BATCH, INPUT), (BATCH, LENGTH, INPUT + 1)])
def test_a_wrong_input_is_named_with_its_shape(cell, shape):
    with pytest.raises(ValueError, match=rf'x: expected \(B, T, {INPUT}\), found'):
        cell(torch.zeros(shape))


@pytest.mark.parametrize('shape', [(BATCH,), (BATCH, LENGTH + 1), (BATCH, LENGTH, 2)])
def test_a_wrong_elapsed_time_is_named_with_its_shape(cell, series, shape):
    with pytest.raises(ValueError, match='elapsed: expected'):
        cell(series[0], torch.ones(shape))


def test_one_step_needs_the_elapsed_time_of_each_row(cell, series):
    x, elapsed = series
    with pytest.raises(ValueError, match=r'elapsed: expected \(B, 1\), found'):
        cell.step(x[:, 0], cell.initial_state(len(x)), elapsed[:, 0].reshape(-1))


def test_one_step_refuses_batches_of_different_sizes(cell, series):
    x, elapsed = series
    with pytest.raises(ValueError, match=f'expected one batch size, found 1, {BATCH}, {BATCH}'):
        cell.step(x[:1, 0], cell.initial_state(BATCH), elapsed[:, 0])


def test_elapsed_may_be_an_array_a_list_or_a_number(cell, series):
    x, elapsed = series
    whole = cell(x, elapsed)[0]
    for given in (
        elapsed.numpy(),
        elapsed.double().numpy(),
        elapsed.tolist(),
        elapsed[..., 0].tolist(),
    ):
        torch.testing.assert_close(cell(x, given)[0], whole)
    assert torch.equal(cell(x, 1.0)[0], cell(x)[0])
    assert torch.equal(cell(x, 2)[0], cell(x, torch.full((BATCH, LENGTH), 2.0))[0])
    first = cell.step(x[:, 0], cell.initial_state(BATCH), 1.0)
    for found, expected in zip(first, cell(x[:, :1]), strict=True):
        torch.testing.assert_close(found.reshape(expected.shape), expected)


@pytest.mark.parametrize('elapsed', ['soon', [[1.0], [1.0, 2.0]], [None]])
def test_elapsed_that_is_no_numbers_is_refused(cell, series, elapsed):
    with pytest.raises(ValueError, match='elapsed: expected'):
        cell(series[0], elapsed)


@pytest.mark.parametrize('wrong', [-1e-3, -1.0, float('nan'), float('inf'), -float('inf')])
def test_a_time_that_cannot_have_passed_is_refused(cell, series, wrong):
    x, elapsed = series
    elapsed[1, 3] = wrong
    with pytest.raises(ValueError, match='elapsed: expected finite times of 0 or more'):
        cell(x, elapsed)
    with pytest.raises(ValueError, match='elapsed: expected finite times of 0 or more'):
        cell.step(x[:, 3], cell.initial_state(BATCH), elapsed[:, 3])
    cell(x, elapsed, lengths=[LENGTH, 3, LENGTH, LENGTH])  # beyond its sequence it does not matter


def test_a_cell_that_ignores_elapsed_time_says_so(cell, series):
    x, elapsed = series
    same = torch.equal(cell(x, elapsed)[0], cell(x, elapsed + 1.0)[0])
    assert same is not cell.uses_elapsed
    assert ('elapsed time is ignored' in cell.extra_repr()) is same


@pytest.mark.parametrize('sizes', [(0, HIDDEN), (INPUT, 0), (INPUT, -3), (INPUT, 7.0)])
def test_a_size_that_makes_no_sense_is_named(sizes):
    for name in cells.names():
        with pytest.raises(ValueError, match='_size: expected a positive integer, found'):
            cells.make(name, *sizes)


@pytest.mark.parametrize(
    ('name', 'settings', 'said'),
    [
        ('ctrnn', {'unfolds': 1.5}, 'unfolds: expected a positive integer'),
        ('mlp', {'layers': 1.5}, 'mlp: layers=1.5: '),
        ('cfc', {'backbone_layers': 1.5}, 'cfc: backbone_layers=1.5: '),
        ('cfc', {'backbone': -2}, 'cfc: backbone=-2: '),
        ('liquid_s4', {'modes': '4'}, "liquid_s4: modes='4': "),
        ('cfc_pure', {'mode': 'default'}, "unknown setting 'mode'"),
        ('ltc', {'wiring': wirings.AutoNCP(HIDDEN, 2), 'motors': 3}, 'motors: the wiring has 2'),
    ],
)
def test_a_setting_that_makes_no_sense_is_named(name, settings, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        cells.make(name, INPUT, HIDDEN, **settings)


def test_liquid_s4_of_many_modes_is_finite_at_any_elapsed_time():
    cell = cells.make('liquid_s4', INPUT, HIDDEN, modes=16)
    outputs, last = cell(torch.randn(2, 4, INPUT), torch.full((2, 4), 1e38))
    assert torch.isfinite(outputs).all()
    assert torch.isfinite(last).all()


def test_an_unknown_name_finds_the_nearest():
    for name in ('lsmt', 'LSTM'):
        with pytest.raises(ValueError, match=r'did you mean .*lstm'):
            cells.make(name, INPUT, HIDDEN)
