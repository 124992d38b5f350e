"""Every cell computes where its parameters are, and gives the same numbers there."""

import copy

import pytest
import torch
from devices import on_gpu

from liquid_control import cells
from liquid_control.training.cuda_graphs import Outputs, captured

INPUT, HIDDEN, BATCH, LENGTH = 5, 13, 4, 9


@pytest.fixture(params=cells.names())
def cell(request):
    torch.manual_seed(0)
    return cells.make(request.param, INPUT, HIDDEN)


def train_once(cell, x, elapsed, lengths=None):
    """Outputs of a sequence, and the gradient of every parameter of the cell."""
    cell.zero_grad()
    outputs, _ = cell(x, elapsed, lengths=lengths)
    outputs.square().sum().backward()
    return outputs.detach(), [p.grad for p in cell.parameters() if p.grad is not None]


def test_no_cell_leaves_anything_on_the_cpu(cell):
    """On the meta device, an operation with a tensor that stayed on the CPU fails."""
    cell.to('meta')
    x = torch.randn(BATCH, LENGTH, INPUT, device='meta')
    elapsed = torch.rand(BATCH, LENGTH, 1, device='meta')
    for lengths in (None, [9, 1, 4, 0]):
        outputs, gradients = train_once(cell, x, elapsed, lengths)
        assert {value.device.type for value in (outputs, *gradients)} == {'meta'}
    output, state = cell.step(x[:, 0], cell.initial_state(BATCH), elapsed[:, 0])
    assert output.device.type == state.device.type == 'meta'


@on_gpu
@pytest.mark.parametrize('lengths', [None, [9, 1, 4, 0]], ids=['full', 'padded'])
def test_a_gpu_gives_the_same_numbers(cell, lengths):
    cell.double()
    x = torch.randn(BATCH, LENGTH, INPUT, dtype=torch.float64)
    elapsed = 3.0 * torch.rand(BATCH, LENGTH, 1, dtype=torch.float64)
    there = copy.deepcopy(cell).cuda()
    expected, gradients = train_once(cell, x, elapsed, lengths)
    found, gradients_there = train_once(there, x.cuda(), elapsed.cuda(), lengths)
    torch.testing.assert_close(found.cpu(), expected, atol=1e-10, rtol=1e-9)
    for a, b in zip(gradients, gradients_there, strict=True):
        torch.testing.assert_close(b.cpu(), a, atol=1e-9, rtol=1e-8)


@on_gpu
def test_captured_passes_give_the_same_numbers(cell):
    """Also after a gradient step, for another batch, and for a batch of another shape."""
    cell.cuda()
    x = torch.randn(3, BATCH, LENGTH, INPUT, device='cuda')
    elapsed = 3.0 * torch.rand(3, BATCH, LENGTH, 1, device='cuda')
    through = captured(Outputs(cell), x[0], elapsed[0])
    optimizer = torch.optim.SGD(cell.parameters(), 0.01)
    for given, since in zip(x, elapsed, strict=True):
        for rows in (BATCH, 2):
            expected, gradients = train_once(cell, given[:rows], since[:rows])
            cell.zero_grad()
            found = through(given[:rows], since[:rows])
            found.square().sum().backward()
            torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)
            again = [p.grad for p in cell.parameters() if p.grad is not None]
            for a, b in zip(gradients, again, strict=True):
                torch.testing.assert_close(b, a, atol=1e-4, rtol=1e-3)
        optimizer.step()
