"""Operations of exported cells of known size, beside counts by hand."""

from collections import Counter

import torch

from liquid_control import cells
from liquid_control.benchmarks.step_cost import BareStep
from liquid_control.control import Contract
from liquid_control.evaluation.cost import count_operations
from liquid_control.paths import robot
from liquid_control.training.export import export_bundle

INPUTS, UNITS = 17, 10
CONTRACT = Contract.load(robot('walker2d')).asking('joint_position', 'joint_velocity')
ACTIONS = CONTRACT.action_size


def counted(name, tmp_path, **options):
    """Operations of a cell and its readout, without those of the readout."""
    torch.manual_seed(0)
    cell = cells.make(name, INPUTS, UNITS, **options)
    bundle = export_bundle(
        tmp_path / f'{name}.onnx', BareStep(cell, ACTIONS), cell=name, settings={},
        contract=CONTRACT, state_size=cell.state_size,
    )  # fmt: skip
    found = count_operations(bundle.graph)
    assert not found.unknown
    readout = cell.output_size * ACTIONS
    return found.products - readout, found.additions - ACTIONS, found


def test_an_lstm(tmp_path):
    products, additions, found = counted('lstm', tmp_path)
    assert products == 4 * UNITS * (INPUTS + UNITS)
    assert found.functions == Counter(sigmoid=3 * UNITS, tanh=2 * UNITS)
    assert found.multiplications == 3 * UNITS  # f c, i g, o tanh(c)
    assert additions == UNITS + 4 * UNITS  # f c + i g, and the biases


def test_a_gru(tmp_path):
    products, _, found = counted('gru', tmp_path)
    assert products == 3 * UNITS * (INPUTS + UNITS)
    assert found.functions == Counter(sigmoid=2 * UNITS, tanh=UNITS)


def test_a_cfc(tmp_path):
    backbone = 64
    products, _, found = counted('cfc', tmp_path)
    assert products == backbone * (INPUTS + UNITS) + 4 * UNITS * backbone
    assert found.functions == Counter(tanh=backbone + 2 * UNITS, sigmoid=UNITS)


def test_an_ltc_counts_every_synapse_of_every_unfold(tmp_path):
    unfolds = 6
    products, _, found = counted('ltc', tmp_path)
    synapses = INPUTS * UNITS + unfolds * UNITS * UNITS
    assert products == 0
    assert found.functions == Counter(sigmoid=synapses, div=unfolds * UNITS)
    assert found.events == 2 * synapses + found.products  # above and below, and the readout
