"""A step on a sparse wiring equals one on the full grid, and computes existing synapses only."""

import numpy as np
import pytest
import torch
from support import STUDENT

from liquid_control import cells
from liquid_control.cells.grid import GridSums
from liquid_control.cells.ltc import Channels
from liquid_control.cells.sparse import SparseSums, reach
from liquid_control.evaluation.cost import count_operations
from liquid_control.models import ModelSettings, Normalizer, PolicyModel, StepModel
from liquid_control.training.export import step_graph

WIRINGS = {
    'layers': {'wiring': 'auto', 'motors': 3},
    'no layers': {'wiring': 'random', 'sparsity': 0.75},
    'few synapses': {'wiring': 'random', 'sparsity': 0.97},
    'one unfold': {'wiring': 'auto', 'motors': 3, 'unfolds': 1},
}


@pytest.mark.parametrize('seed', range(3))
@pytest.mark.parametrize('name', WIRINGS)
def test_a_sparse_step_is_one_sample(name, seed):
    torch.manual_seed(seed)
    cell = cells.make('ltc', 5, 14, seed=seed, **WIRINGS[name]).double()
    x, elapsed = torch.randn(7, 1, 5).double(), torch.rand(7, 1).double() * 3.0
    state = torch.randn(7, 14).double()
    outputs, last = cell(x, elapsed, state)
    output, after = cell.step(x[:, 0], state, elapsed)
    assert not cell.inner.dense
    torch.testing.assert_close(after, last)
    torch.testing.assert_close(output, outputs[:, 0])


def test_sparse_sums_are_those_of_the_grid():
    polarity = np.zeros((4, 6))
    polarity[[0, 1, 3, 3, 2], [2, 2, 2, 3, 4]] = [1, -1, 1, -1, 1]
    channels = Channels(polarity)
    terms = channels.terms(torch.ones(6))
    sparse = SparseSums(channels, range(4), reach(channels))
    v = torch.randn(3, 4)
    assert sparse.place.shape == (3, 3)
    torch.testing.assert_close(sparse.joined(terms, v), GridSums(channels).joined(terms, v))


@pytest.mark.parametrize('batch', [2, 3, 16, 64])
def test_rows_of_a_sparse_step_do_not_mix(batch):
    torch.manual_seed(0)
    cell = cells.make('ltc_ncp', 5, 14, motors=3)
    x, state, elapsed = torch.randn(batch, 5), torch.randn(batch, 14), torch.rand(batch, 1)
    together = cell.step(x, state, elapsed)[1]
    alone = [cell.step(x[[row]], state[[row]], elapsed[[row]])[1] for row in range(batch)]
    torch.testing.assert_close(together, torch.cat(alone))


def test_a_sparse_graph_computes_its_synapses():
    torch.manual_seed(0)
    size = STUDENT.sensed_size
    settings = ModelSettings('ltc_ncp', 64, cell_settings={'motors': 6})
    model = PolicyModel(settings, STUDENT, Normalizer(*(np.ones(size),) * 3))
    found = count_operations(step_graph(StepModel(model).eval(), STUDENT, model.state_size))
    cell, unfolds = model.cell, model.cell.unfolds
    existing = len(cell.sensory) + unfolds * len(cell.inner)
    full = cell.input_size * 64 + unfolds * 64 * 64
    assert existing <= found.functions['sigmoid'] < 1.6 * existing < 0.3 * full
    assert found.multiply_adds < 8 * existing
