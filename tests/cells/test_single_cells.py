"""Laws of single cells: what a wiring leaves out, exact solutions, dropout, refused settings."""

import pytest
import torch

from liquid_control import cells
from liquid_control.cells import wirings

INPUT, HIDDEN, BATCH, LENGTH = 5, 7, 3, 6


def test_the_counts_of_a_wired_cfc_are_of_synapses_that_exist():
    cell = cells.make('cfc_ncp', 17, 64, motors=6)
    counts = cell.counts()
    assert counts.synapses == 763
    # Four weights per synapse, four biases per unit; five functions and factors per unit.
    assert counts.parameters == 4 * 763 + 4 * 64
    assert counts.operations == 4 * 763 + 5 * 64
    nonzero = sum(int((layer.weight() != 0).sum()) for layer in cell.layers)
    assert nonzero == 4 * 763


def test_no_unit_of_a_wired_cfc_sees_what_its_wiring_leaves_out():
    torch.manual_seed(0)
    cell = cells.make('cfc_ncp', 17, 64, motors=6)
    wiring = wirings.build('auto', 17, 64, motors=6)
    order = [unit for layer in wiring.layers for unit in layer]
    # A unit depends on a state only through synapses within its layer, i.e. one hop.
    state = torch.randn(1, 64)
    x, elapsed = torch.randn(1, 17), torch.ones(1, 1)
    slopes = torch.autograd.functional.jacobian(lambda s: cell.step(x, s, elapsed)[1][0], state)
    reached = (slopes[:, 0] != 0).numpy()
    for layer in wiring.layers[:2]:
        places = [order.index(unit) for unit in layer]
        within = wiring.inner[list(layer)][:, list(layer)].T != 0
        assert (reached[places][:, places] <= within).all()


def test_liquid_s4_never_diverges():
    """|Ā + B̄·u| ≤ 1 whatever its parameters, its input and the elapsed time."""
    torch.manual_seed(0)
    cell = cells.make('liquid_s4', INPUT, HIDDEN)
    layer = cell.layers[0]
    for trial in range(20):
        with torch.no_grad():
            for parameter in (
                layer.step,
                layer.decay,
                layer.frequency,
                layer.strength,
                layer.angle,
            ):
                parameter.copy_(torch.randn_like(parameter) * 3)
        u = torch.rand(50, 1, 1, HIDDEN) * 2 - 1
        elapsed = torch.rand(50, 1, 1, 1) * 10.0 ** (trial % 5 - 1)
        (real, imaginary), _ = layer._discretise(u, elapsed)
        assert torch.hypot(real, imaginary).max() <= 1 + 1e-5


def test_liquid_s4_is_exact_for_a_held_input():
    """Two half steps equal one whole step when the input is zero."""
    torch.manual_seed(0)
    cell = cells.make('liquid_s4', INPUT, HIDDEN).double()
    layer = cell.layers[0]
    u, one = torch.zeros(1, 1, 1, HIDDEN).double(), torch.ones(1, 1, 1, 1).double()
    whole, half = layer._discretise(u, one)[0], layer._discretise(u, one / 2)[0]
    torch.testing.assert_close(torch.complex(*whole), torch.complex(*half) ** 2)


def test_ctrnn_nears_the_solution_of_its_equation():
    torch.manual_seed(0)
    cell = cells.make('ctrnn', INPUT, HIDDEN, unfolds=1).double()
    x, h = torch.randn(1, INPUT).double(), torch.randn(1, HIDDEN).double()
    fine, elapsed = h, torch.full((1, 1), 1.5).double()
    for _ in range(4000):
        slope = -fine / torch.nn.functional.softplus(cell.time) + torch.tanh(
            cell.inputs(x) + cell.recurrent(fine)
        )
        fine = fine + 1.5 / 4000 * slope
    errors = []
    for unfolds in (8, 16, 32):
        cell.unfolds = unfolds
        errors.append((cell.step(x, h, elapsed)[0] - fine).abs().max().item())
    assert errors[0] > 1.8 * errors[1] > 3.2 * errors[2]
    assert errors[2] < 0.05


def test_dropout_is_in_training_only():
    torch.manual_seed(0)
    cell = cells.make('cfc', INPUT, HIDDEN, backbone=4, backbone_layers=2, dropout=0.5)
    x, elapsed = torch.randn(BATCH, LENGTH, INPUT), torch.rand(BATCH, LENGTH, 1) * 5
    assert not torch.equal(cell(x, elapsed)[0], cell(x, elapsed)[0])
    cell.eval()
    assert torch.equal(cell(x, elapsed)[0], cell(x, elapsed)[0])
    cell.train()
    with torch.no_grad():
        cell.dropout = 1.0 - 1e-6  # drops everything: the heads see zero
        outputs = cell(x, elapsed)[0]
        expected = cell.gates(cell.heads.bias.expand(BATCH, LENGTH, -1), elapsed)
    torch.testing.assert_close(outputs, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ('name', 'settings', 'message'),
    [
        ('cfc', {'mode': 'no_gates'}, r"unknown mode 'no_gates' \(did you mean 'no_gate'"),
        ('cfc', {'activation': 'lecun'}, r"unknown activation 'lecun' \(did you mean 'lecun_tanh'"),
        ('cfc', {'head_activation': 'relu'}, "unknown activation 'relu'"),
        ('cfc', {'dropout': 1.0}, r'dropout: expected a value in \[0, 1\), found 1.0'),
        ('cfc', {'backbone_layers': -1}, 'backbone_layers: expected 0 or more, found -1'),
        ('cfc', {'backbon': 3}, "did you mean 'backbone'"),
        ('cfc_ncp', {'mode': 'pur'}, "did you mean 'pure'"),
        ('ctrnn', {'unfolds': 0}, 'unfolds: expected a positive integer, found 0'),
        ('liquid_s4', {'modes': 0}, 'modes: expected 1 or more, found 0'),
        ('mlp', {'layers': 0}, 'layers: expected 1 or more, found 0'),
    ],
)
def test_bad_settings_are_refused_in_words(name, settings, message):
    with pytest.raises(ValueError, match=message):
        cells.make(name, INPUT, HIDDEN, **settings)
