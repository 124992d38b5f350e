"""The published recipes: complete, with models as in the authors' code."""

import pytest
import torch

from liquid_control.study.walker2d_kinematics import published, published_model
from liquid_control.training.finite import clip_gradients

RUNS = {run.cell: run for run in published.runs(1)}


@pytest.fixture(params=RUNS, scope='module')
def model(request):
    return published_model.build(RUNS[request.param])


def test_all_rows_of_the_table_are_there():
    figures = {cell: row.mse for cell, row in published.PUBLISHED.items()}
    assert figures == {
        'cfc': 0.640, 'cfc_mixed': 0.617, 'cfc_no_gate': 0.650, 'cfc_pure': 0.948, 'ltc': 0.662,
    }  # fmt: skip
    assert RUNS['cfc'].recipe.updates == 50 * 38
    assert RUNS['ltc'].recipe.updates == 50 * 76


def test_raw_frames_in_next_frames_out(model):
    x, elapsed = torch.randn(2, 3, 17), torch.ones(2, 3, 1)
    assert model(x, elapsed)[0].shape == (2, 3, 17)


def test_penalty_is_on_backbone_and_heads(model):
    kernels = model.penalised()
    layers = {'cfc': 2, 'cfc_mixed': 3, 'cfc_no_gate': 2, 'cfc_pure': 2, 'ltc': 0}
    assert len(kernels) == layers[model.settings.cell]
    for name, value in model.named_parameters():
        if name.endswith('bias') and 'lstm' not in name:
            assert not value.any(), name


def test_pure_form_starts_at_amplitude_one():
    cell = published_model.build(RUNS['cfc_pure']).cell
    assert (cell.gates.amplitude == 1).all()
    assert (cell.gates.rate == 0).all()


def test_mixed_memory_reads_through_its_lstm():
    cell = published_model.build(RUNS['cfc_mixed']).cell.eval()
    x, elapsed = torch.randn(2, 3, 17), torch.rand(2, 3, 1)
    before = cell(x, elapsed)[0]
    with torch.no_grad():
        cell.lstm.gates.weight[:, :17] = 0.0
    assert torch.equal(cell(x, elapsed)[0], cell(x * 2, elapsed)[0])
    assert not torch.equal(cell(x, elapsed)[0], before)


def test_gradients_are_clipped_by_keras_variable(model):
    """One layer for each head, and one kernel for each input of the LSTM, as the authors have."""
    counts = {}
    for name, value in model.named_parameters():
        value.grad = torch.ones_like(value)
        parts = model.variables(name, value.grad)
        assert sum(part.numel() for part in parts) == value.numel()
        counts[name] = len(parts)
    split = {name: count for name, count in counts.items() if count > 1}
    heads = {'cell.heads.weight': 4, 'cell.heads.bias': 4}
    assert split == {
        'cfc': heads,
        'cfc_no_gate': heads,
        'cfc_mixed': {
            'cell.lstm.gates.weight': 2, 'cell.cfc.heads.weight': 4, 'cell.cfc.heads.bias': 4,
        },
        'cfc_pure': {},
        'ltc': {},
    }[model.settings.cell]  # fmt: skip
    clip_gradients(model, 0.5, 'here', model.variables)
    for name, value in model.named_parameters():
        for part in model.variables(name, value.grad):
            assert part.norm() == pytest.approx(min(0.5, part.numel() ** 0.5), rel=1e-4)
