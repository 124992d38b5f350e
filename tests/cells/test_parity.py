"""With the same weights, our cells equal the references of ncps and PyTorch."""

import ncps.torch as reference
import pytest
import torch
from ncps import wirings

from liquid_control import cells

INPUT, HIDDEN, BACKBONE = 5, 7, 11
BATCHES = pytest.mark.parametrize('batch', [1, 3, HIDDEN])


def check(ours, theirs, batch: int, length: int = 6) -> None:
    """``theirs`` maps (x, state, elapsed) to (output, state); both step through one sequence."""
    state = expected = torch.rand(batch, ours.state_size) * 2 - 1
    for _ in range(length):
        x, elapsed = torch.randn(batch, INPUT), torch.rand(batch, 1) * 4
        output, state = ours.step(x, state, elapsed)
        wanted, expected = theirs(x, expected, elapsed)
        torch.testing.assert_close(output, wanted, atol=1e-5, rtol=0)
        torch.testing.assert_close(state, expected, atol=1e-5, rtol=0)


@BATCHES
@pytest.mark.parametrize('mode', ['default', 'no_gate', 'pure'])
@pytest.mark.parametrize(
    ('layers', 'activation'),
    [(1, 'lecun_tanh'), (2, 'silu'), (3, 'relu'), (1, 'tanh'), (2, 'gelu'), (0, 'lecun_tanh')],
)
def test_cfc_equals_that_of_ncps(batch, mode, layers, activation):
    torch.manual_seed(batch)
    ours = cells.make(
        'cfc', INPUT, HIDDEN, mode=mode, backbone=BACKBONE, backbone_layers=layers,
        activation=activation,
    )  # fmt: skip
    theirs = reference.CfCCell(INPUT, HIDDEN, mode, activation, BACKBONE, layers)
    ours.load_ncps(theirs.state_dict())
    check(ours, theirs, batch)


@pytest.mark.parametrize(
    ('name', 'mode'), [('cfc', 'default'), ('cfc_no_gate', 'no_gate'), ('cfc_pure', 'pure')]
)
def test_each_mode_has_its_name(name, mode):
    theirs = reference.CfCCell(INPUT, HIDDEN, mode, backbone_units=BACKBONE)
    ours = cells.make(name, INPUT, HIDDEN, backbone=BACKBONE)
    ours.load_ncps(theirs.state_dict())
    check(ours, theirs, batch=2)


def test_layers_of_ncps_with_dropout_between_are_found():
    theirs = reference.CfCCell(
        INPUT, HIDDEN, backbone_units=BACKBONE, backbone_layers=3, backbone_dropout=0.5
    ).eval()
    ours = cells.make('cfc', INPUT, HIDDEN, backbone=BACKBONE, backbone_layers=3, dropout=0.5)
    ours.load_ncps(theirs.state_dict())
    check(ours.eval(), theirs, batch=2)
    with pytest.raises(ValueError, match='backbone: expected 1 layers, found 3'):
        cells.make('cfc', INPUT, HIDDEN, backbone=BACKBONE).load_ncps(theirs.state_dict())


@BATCHES
@pytest.mark.parametrize('mode', ['default', 'no_gate', 'pure'])
def test_cfc_with_mixed_memory_equals_that_of_ncps(batch, mode):
    torch.manual_seed(batch)
    ours = cells.make('cfc_mixed', INPUT, HIDDEN, mode=mode, backbone=BACKBONE)
    theirs = reference.CfC(
        INPUT, HIDDEN, mixed_memory=True, mode=mode, backbone_units=BACKBONE
    )  # fmt: skip
    ours.load_ncps(theirs.state_dict())

    def step(x, state, elapsed):
        h, c = theirs.lstm(x, state.chunk(2, dim=1))
        h, _ = theirs.rnn_cell(x, h, elapsed)
        return h, torch.cat([h, c], dim=1)

    check(ours, step, batch)
    # Also through their own loop, which does not support batched elapsed times.
    x = torch.randn(batch, 4, INPUT)
    torch.testing.assert_close(ours(x)[0], theirs(x)[0], atol=1e-5, rtol=0)


@BATCHES
@pytest.mark.parametrize('mode', ['default', 'no_gate', 'pure'])
def test_wired_cfc_equals_that_of_ncps_once_that_is_masked_too(batch, mode):
    torch.manual_seed(batch)
    theirs = reference.WiredCfCCell(INPUT, wirings.AutoNCP(16, 3), mode)
    ours = cells.make('cfc_ncp', INPUT, 16, motors=3, mode=mode, dense_recurrence=True)
    ours.load_ncps(theirs.state_dict())
    if mode != 'pure':
        mask_time_gates(theirs)
    check(ours, theirs, batch)


def test_a_wired_cfc_without_dense_recurrence_loads_what_exists():
    """ncps with the weights of synapses that our wiring lacks set to zero."""
    torch.manual_seed(0)
    wiring = wirings.AutoNCP(16, 3)
    theirs = reference.WiredCfCCell(INPUT, wiring)
    mask_time_gates(theirs)
    for number, layer in enumerate(theirs._layers):
        units = wiring.get_neurons_of_layer(number)
        mask = torch.from_numpy(wiring.adjacency_matrix[units][:, units] != 0).T
        for head in (layer.ff1, layer.ff2, layer.time_a, layer.time_b):
            head.weight.data[:, -len(units) :] *= mask
    ours = cells.make('cfc_ncp', INPUT, 16, motors=3)
    ours.load_ncps(theirs.state_dict())
    check(ours, theirs, batch=3)
    around = reference.CfC(INPUT, wirings.AutoNCP(16, 3))
    ours.load_ncps(around.state_dict())


REFUSED = [
    ('cfc', reference.CfC(INPUT, HIDDEN, mixed_memory=True, backbone_units=BACKBONE), 'lstm'),
    ('cfc', reference.CfC(INPUT, HIDDEN, proj_size=3, backbone_units=BACKBONE), 'fc'),
    ('cfc', reference.CfC(INPUT, HIDDEN, backbone_units=1), r'expected \(11, 12\), found'),
    ('cfc', reference.CfC(INPUT, HIDDEN, mode='pure', backbone_units=BACKBONE), 'ff2.weight'),
    ('cfc_pure', reference.CfC(INPUT, HIDDEN, backbone_units=BACKBONE), 'A: expected'),
    ('cfc_mixed', reference.CfC(INPUT, HIDDEN, backbone_units=BACKBONE), 'lstm.input_map.weight'),
]


@pytest.mark.parametrize(('name', 'theirs', 'said'), REFUSED)
def test_weights_of_another_cfc_are_refused_by_name(name, theirs, said):
    with pytest.raises(ValueError, match=said):
        cells.make(name, INPUT, HIDDEN, backbone=BACKBONE).load_ncps(theirs.state_dict())


@pytest.mark.parametrize('changed', [{'seed': 7}, {'sparsity_level': 0.3}])
def test_weights_of_another_wiring_are_refused(changed):
    theirs = reference.WiredCfCCell(INPUT, wirings.AutoNCP(16, 3, **changed))
    with pytest.raises(ValueError, match='sparsity_mask: the wiring differs'):
        cells.make('cfc_ncp', INPUT, 16, motors=3).load_ncps(theirs.state_dict())


def test_a_wiring_has_fewer_synapses_than_dense_recurrence():
    ours, dense = (
        cells.make('cfc_ncp', INPUT, 16, motors=3, dense_recurrence=dense)
        for dense in (False, True)
    )
    assert ours.counts().synapses < dense.counts().synapses


def mask_time_gates(cell) -> None:
    for layer in cell._layers:
        for gate in (layer.time_a, layer.time_b):
            gate.weight.data *= layer.sparsity_mask


@BATCHES
def test_rnn_equals_that_of_torch(batch):
    torch.manual_seed(batch)
    ours, theirs = cells.make('rnn', INPUT, HIDDEN), torch.nn.RNNCell(INPUT, HIDDEN)
    with torch.no_grad():
        ours.sum.weight.copy_(torch.cat([theirs.weight_ih, theirs.weight_hh], dim=1))
        ours.sum.bias.copy_(theirs.bias_ih + theirs.bias_hh)
    check(ours, lambda x, h, elapsed: (theirs(x, h),) * 2, batch)


@BATCHES
def test_gru_equals_that_of_torch(batch):
    torch.manual_seed(batch)
    ours, theirs = cells.make('gru', INPUT, HIDDEN), torch.nn.GRUCell(INPUT, HIDDEN)
    with torch.no_grad():
        ours.inputs.weight.copy_(theirs.weight_ih)
        ours.recurrent.weight.copy_(theirs.weight_hh)
        ours.inputs.bias.copy_(theirs.bias_ih)
        ours.inputs.bias[: 2 * HIDDEN] += theirs.bias_hh[: 2 * HIDDEN]
        ours.bias.copy_(theirs.bias_hh[2 * HIDDEN :])
    check(ours, lambda x, h, elapsed: (theirs(x, h),) * 2, batch)


@BATCHES
def test_lstm_equals_that_of_torch(batch):
    torch.manual_seed(batch)
    ours, theirs = cells.make('lstm', INPUT, HIDDEN), torch.nn.LSTMCell(INPUT, HIDDEN)
    weight = torch.cat([theirs.weight_ih, theirs.weight_hh], dim=1)
    i, f, g, o = torch.cat([weight, (theirs.bias_ih + theirs.bias_hh)[:, None]], dim=1).chunk(4)
    rows = torch.cat([i, f, o, g])
    with torch.no_grad():
        ours.gates.weight.copy_(rows[:, :-1])
        ours.gates.bias.copy_(rows[:, -1])

    def step(x, state, elapsed):
        h, c = theirs(x, state.chunk(2, dim=1))
        return h, torch.cat([h, c], dim=1)

    check(ours, step, batch)
