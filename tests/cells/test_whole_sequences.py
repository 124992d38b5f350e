"""Passes over whole sequences equal those of the same steps, one after another."""

import copy
import itertools

import numpy as np
import pytest
import torch

from liquid_control import cells
from liquid_control.cells import fused, lrc_sequence, synapses
from liquid_control.training.device import saved_bytes

INPUT, HIDDEN, BATCH, LENGTH = 4, 6, 3, 5
CASES = [
    *(
        ('lrc', {'elastance': elastance, 'form': form, 'unfolds': unfolds})
        for elastance, form, unfolds in itertools.product(
            ('asymmetric', 'symmetric', 'constant'), ('hybrid', 'explicit'), (1, 3)
        )
    ),
    ('stc', {}),
    ('ctrnn', {'unfolds': 1}),
    ('ctrnn', {}),
    ('ltc', {}),
]
EACH = pytest.mark.parametrize(('name', 'settings'), CASES, ids=str)


def make(name: str, input_size: int = INPUT, hidden_size: int = HIDDEN, **settings) -> cells.Cell:
    torch.manual_seed(0)
    cell = cells.make(name, input_size, hidden_size, **settings).double()
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return cell


def series(cell, batch: int = BATCH, length: int = LENGTH) -> list[torch.Tensor]:
    """Inputs, elapsed times and a state that ask for gradients."""
    torch.manual_seed(1)
    inputs = (
        torch.randn(batch, length, cell.input_size),
        2.0 * torch.rand(batch, length, 1),
        torch.randn(batch, cell.state_size),
    )
    return [values.double().requires_grad_() for values in inputs]


def passes(cell, lengths=None) -> list[torch.Tensor]:
    """Outputs, the last state, and the gradients of inputs, times, state and parameters."""
    inputs = series(cell)
    outputs, last = cell(*inputs, lengths=lengths)
    loss = outputs.square().sum() + last.sin().sum()
    return [outputs, last, *torch.autograd.grad(loss, [*inputs, *cell.parameters()])]


def by_steps(cell) -> cells.Cell:
    """The same cell, whose sequences go through ``advance``, and inputs one step at a time."""
    plain = copy.deepcopy(cell)
    plain.unroll = lambda *arguments: cells.Cell.unroll(plain, *arguments)
    plain.sense = lambda x: torch.stack([type(cell).sense(plain, now) for now in x.unbind(1)], 1)
    return plain


def check_equal(cell, lengths=None) -> None:
    found, expected = passes(cell, lengths), passes(by_steps(cell), lengths)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, atol=1e-10, rtol=1e-9)


@EACH
@pytest.mark.parametrize('lengths', [None, [5, 0, 2]], ids=['full', 'padded'])
def test_a_sequence_equals_its_steps(name, settings, lengths):
    check_equal(make(name, **settings), lengths)


@EACH
def test_small_groups_of_rows_and_samples(name, settings, monkeypatch):
    """As in large networks, where no more than these fit the cache."""
    monkeypatch.setattr(fused, '_ROWS', 2)
    for module, limit in (
        (fused, 'AT_ONCE'),
        (fused, '_SUMMED_AT_ONCE'),
        (lrc_sequence, '_AT_ONCE'),
    ):
        monkeypatch.setattr(module, limit, 1)
    check_equal(make(name, **settings))


@pytest.mark.parametrize('lengths', [None, [5, 0, 2]], ids=['full', 'padded'])
def test_rows_of_a_wiring_in_several_bands(lengths, monkeypatch):
    monkeypatch.setattr(synapses, '_BAND', 1)
    cell = make('ltc_ncp', hidden_size=24)
    assert all(len(bands) > 1 for bands in cell.padded.bands)
    check_equal(cell, lengths)


@pytest.mark.parametrize(('cost', 'size'), [(1, 28), (1000, 63)])
def test_bands_hold_every_synapse_in_its_row(cost, size, monkeypatch):
    monkeypatch.setattr(synapses, '_BAND', cost)
    counts = np.array([0, 0, 3, 3, 2, 9, 8, 0, 1])
    end = np.random.default_rng(0).permutation(np.repeat(np.arange(len(counts)), counts))
    table, place, bands = synapses.banded(end, len(counts))
    assert np.array_equal(table[place], np.arange(len(end)))
    assert [band.start for band in bands[1:]] == [band.stop for band in bands[:-1]]
    widths = np.repeat([band.width for band in bands], [band.stop - band.start for band in bands])
    assert np.array_equal(np.repeat(np.arange(len(counts)), widths)[place], end)
    assert len(table) == size == widths.sum()


@EACH
def test_gradients_equal_finite_differences(name, settings):
    cell = make(name, 2, 3, **settings)
    names, parameters = zip(*cell.named_parameters(), strict=True)

    def whole(x, elapsed, state, *values):
        named = dict(zip(names, values, strict=True))
        return torch.func.functional_call(cell, named, (x, elapsed, state))

    assert torch.autograd.gradcheck(whole, (*series(cell, 2, 2), *parameters))


@pytest.mark.parametrize('name', ['lrc', 'stc'])
def test_autocast_solves_in_full_precision(name):
    torch.manual_seed(0)
    cell = cells.make(name, INPUT, HIDDEN)
    x = torch.randn(BATCH, LENGTH, INPUT)
    expected = cell(x)[0]
    with torch.autocast('cpu', torch.bfloat16):
        found = cell(x)[0]
        found.sum().backward()
    assert torch.equal(found, expected)


@pytest.mark.parametrize(('name', 'settings'), [*CASES, ('cfc', {}), ('cfc_mixed', {})])
def test_an_empty_batch_has_empty_outputs(name, settings):
    cell = make(name, **settings)
    outputs, last = cell(*series(cell, batch=0))
    outputs.sum().backward()
    assert outputs.shape == (0, LENGTH, cell.output_size)
    assert last.shape == (0, cell.state_size)


@pytest.mark.parametrize('name', ['lrc', 'stc', 'ctrnn'])
def test_a_sequence_keeps_no_more_than_its_steps(name):
    cell = make(name, hidden_size=32)
    x, elapsed, state = series(cell, 8, 16)
    whole, steps = (
        saved_bytes(lambda cell=cell: cell(x, elapsed, state)[0].square().mean(), cell)
        for cell in (cell, by_steps(cell))
    )
    assert whole <= steps
    if name != 'ctrnn':  # activations of synapses are computed anew
        assert whole < steps / 5
