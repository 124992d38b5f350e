"""LTC: equal to ncps at the same weights, bounded, and the same however it is computed."""

import copy
import json

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from ncps import torch as ncps_torch
from ncps import wirings as reference
from ncps.torch import LTCCell

from liquid_control import cells

WIRINGS = {
    'full': lambda units: reference.FullyConnected(units),
    'auto': lambda units: reference.AutoNCP(units, 3),
    'random': lambda units: reference.Random(units, 4, 0.7),
}


@pytest.mark.parametrize('implicit', [False, True])
@pytest.mark.parametrize('kind', WIRINGS)
@pytest.mark.parametrize('batch', [1, 3, 12])
def test_a_step_equals_that_of_ncps(batch, kind, implicit):
    torch.manual_seed(batch)
    wiring = WIRINGS[kind](12)
    ours = cells.make('ltc', 5, 12, wiring=wiring)
    theirs = LTCCell(wiring, 5, implicit_param_constraints=implicit)
    with torch.no_grad():
        for name in ('input_w', 'input_b', 'output_w', 'output_b'):
            getattr(theirs, name).normal_()
    ours.load_ncps(theirs.state_dict(), implicit=implicit)
    x, elapsed = torch.randn(batch, 6, 5), torch.rand(batch, 6, 1) * 4
    state = expected = torch.randn(batch, 12)
    for place in range(6):
        output, state = ours.step(x[:, place], state, elapsed[:, place])
        wanted, expected = theirs(x[:, place], expected, elapsed[:, place])
        torch.testing.assert_close(output, wanted, atol=1e-5, rtol=0)
        torch.testing.assert_close(state, expected, atol=1e-5, rtol=0)


def test_a_whole_model_of_ncps_is_loaded():
    torch.manual_seed(0)
    theirs = ncps_torch.LTC(5, reference.AutoNCP(12, 3))
    ours = cells.make('ltc_ncp', 5, 12, motors=3)
    ours.load_ncps(theirs.state_dict(), implicit=True)
    x = torch.randn(4, 7, 5)
    for found, expected in zip(ours(x), theirs(x), strict=True):
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'sparsity_mask': torch.ones(12, 12)}, 'sparsity_mask: the wiring differs'),
        ({'cm': torch.ones(11)}, r'cm: expected \(12,\), found \(11,\)'),
        ({'lstm.bias': torch.ones(12)}, 'lstm.bias: a plain LTC has no such parameter'),
        ({'gleak': -torch.ones(12)}, 'gleak: expected values of at least 0, found -1'),
    ],
)
def test_weights_that_do_not_fit_are_named(change, message):
    theirs = LTCCell(reference.AutoNCP(12, 3), 5)
    with pytest.raises(ValueError, match=message):
        cells.make('ltc_ncp', 5, 12, motors=3).load_ncps(theirs.state_dict() | change, False)


@pytest.mark.parametrize('kind', WIRINGS)
@pytest.mark.parametrize('lengths', [None, [5, 0, 2]])
def test_the_whole_sequence_has_the_gradients_of_its_steps(kind, lengths):
    torch.manual_seed(0)
    cell = cells.make('ltc', 5, 12, wiring=WIRINGS[kind](12)).double()
    plain = copy.deepcopy(cell)
    plain.unroll = lambda *arguments: cells.Cell.unroll(plain, *arguments)
    x, elapsed = torch.randn(3, 5, 5).double(), torch.rand(3, 5, 1).double()
    state = torch.randn(3, 12).double()
    lengths = None if lengths is None else torch.tensor(lengths)
    gradients = []
    for which in (cell, plain):
        inputs = [t.clone().requires_grad_() for t in (x, elapsed, state)]
        outputs, last = which(*inputs, lengths=lengths)
        (outputs.square().sum() + last.sin().sum()).backward()
        gradients.append([t.grad for t in inputs] + [p.grad for p in which.parameters()])
    for found, expected in zip(*gradients, strict=True):
        torch.testing.assert_close(found, expected)


@pytest.mark.parametrize('name', ['ltc', 'ltc_ncp'])
def test_time_zero_changes_nothing_and_without_end_is_a_limit(name):
    torch.manual_seed(0)
    cell = cells.make(name, 5, 12)
    x, state = torch.randn(3, 5), torch.randn(3, 12)
    assert torch.equal(cell.step(x, state, torch.zeros(3, 1))[1], state)
    late, never = (cell.step(x, state, torch.full((3, 1), t))[1] for t in (1e20, 3e38))
    torch.testing.assert_close(late, never)


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 2**31),
    scale=st.floats(0, 100),
    log_elapsed=st.floats(-12, 30),
    name=st.sampled_from(['ltc', 'ltc_ncp']),
)
def test_the_state_stays_within_the_bounds_of_its_potentials(seed, scale, log_elapsed, name):
    torch.manual_seed(seed)
    cell = cells.make(name, 3, 9)
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.mul_(torch.randn_like(parameter).mul(2.0))
    state = torch.randn(4, 9)
    potentials = [cell.rest, cell.inner.reversal, cell.sensory.reversal, torch.zeros(1)]
    ends = torch.cat([*potentials, state.flatten()])
    elapsed = torch.full((4, 5), 10.0**log_elapsed)
    last = cell(torch.randn(4, 5, 3) * scale, elapsed, state)[1]
    slack = 1e-4 * ends.abs().max()
    assert (last <= ends.max() + slack).all()
    assert (last >= ends.min() - slack).all()


def test_bfloat16_autocast_solves_in_full_precision():
    torch.manual_seed(0)
    cell = cells.make('ltc_ncp', 5, 12)
    x = torch.randn(3, 4, 5)
    expected = cell(x)[0]
    with torch.autocast('cpu', torch.bfloat16):
        found = cell(x)[0]
        found.sum().backward()
    assert torch.equal(found, expected)


def test_one_unit_by_hand():
    cell = cells.make('ltc', 1, 1, unfolds=1)
    x, v, time = 0.7, -0.4, 2.0
    with torch.no_grad():
        after = cell.step(*(torch.tensor([[value]]) for value in (x, v, time)))[1]
        softplus = torch.nn.functional.softplus
        c, g = softplus(cell.capacity), softplus(cell.leak)
        a, b = g * cell.rest, g + 1e-8
        for value, synapse in ((x, cell.sensory), (v, cell.inner)):
            s = softplus(synapse.weight) * torch.sigmoid(synapse.sigma * (value - synapse.mu))
            a, b = a + s * synapse.reversal, b + s
        expected = (c / time * v + a) / (c / time + b)
    torch.testing.assert_close(after[0], expected)


def test_counts_are_those_of_the_wiring():
    counts = cells.make('ltc_ncp', 17, 64, motors=6).counts()
    assert counts.synapses == 763
    assert counts.state_size == 64
    assert counts.parameters == 4 * 763 + 3 * 64 + 2 * 17 + 2 * 6
    assert counts.operations == 17 + 4 * 289 + 6 * (4 * 474 + 3 * 64) + 6


@pytest.mark.parametrize('unfolds', [0, -1, 1.5, True, '6'])
def test_unfolds_are_whole_and_at_least_one(unfolds):
    with pytest.raises(
        ValueError, match=f'unfolds: expected a positive integer, found {unfolds!r}'
    ):
        cells.make('ltc', 3, 4, unfolds=unfolds)


def test_a_wiring_can_be_told_in_plain_data():
    layers = {
        'inter_neurons': 8, 'command_neurons': 4, 'motor_neurons': 2, 'sensory_fanout': 3,
        'inter_fanout': 2, 'recurrent_command_synapses': 4, 'motor_fanin': 3,
    }  # fmt: skip
    cell = cells.make('ltc_ncp', 5, 14, wiring=json.loads(json.dumps(layers)))
    assert (cell.output_size, cell.state_size) == (2, 14)


def test_few_numbers_are_kept_for_the_backward_pass():
    cell = cells.make('ltc_ncp', 17, 64, motors=6)
    kept = {}

    def keep(tensor):
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = (storage.nbytes(), tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        outputs = cell(torch.randn(64, 64, 17))[0]
    assert outputs.requires_grad
    assert sum(size for size, _ in kept.values()) < 16e6  # ncps: 1.3e9
