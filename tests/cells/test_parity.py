"""Given the same weights our cells equal the references: ncps and PyTorch."""

import pytest
import torch
from ncps.torch import CfCCell

from liquid_control import cells

INPUT, HIDDEN, BACKBONE = 5, 7, 11


def sequence(batch: int, length: int = 6) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randn(batch, length, INPUT), torch.rand(batch, length, 1) * 4


@pytest.mark.parametrize('batch', [1, 3, HIDDEN])
def test_cfc_equals_that_of_ncps(batch):
    torch.manual_seed(batch)
    ours = cells.make('cfc', INPUT, HIDDEN, backbone=BACKBONE)
    theirs = CfCCell(INPUT, HIDDEN, backbone_units=BACKBONE, backbone_layers=1)
    heads = (theirs.ff1, theirs.ff2, theirs.time_a, theirs.time_b)
    with torch.no_grad():
        ours.backbone.load_state_dict(theirs.backbone[0].state_dict())
        ours.heads.weight.copy_(torch.cat([head.weight for head in heads]))
        ours.heads.bias.copy_(torch.cat([head.bias for head in heads]))
    x, elapsed = sequence(batch)
    state = expected = torch.randn(batch, HIDDEN)
    for place in range(x.shape[1]):
        _, state = ours.step(x[:, place], state, elapsed[:, place])
        _, expected = theirs(x[:, place], expected, elapsed[:, place])
        torch.testing.assert_close(state, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize('batch', [1, 3])
def test_lstm_equals_that_of_torch(batch):
    torch.manual_seed(batch)
    ours = cells.make('lstm', INPUT, HIDDEN)
    theirs = torch.nn.LSTMCell(INPUT, HIDDEN)
    i, f, g, o = theirs.weight_ih.chunk(4)
    hi, hf, hg, ho = theirs.weight_hh.chunk(4)
    bi, bf, bg, bo = (theirs.bias_ih + theirs.bias_hh).chunk(4)
    with torch.no_grad():
        ours.gates.weight.copy_(
            torch.cat([torch.cat([i, f, o, g]), torch.cat([hi, hf, ho, hg])], dim=1)
        )
        ours.gates.bias.copy_(torch.cat([bi, bf, bo, bg]))
    x, elapsed = sequence(batch)
    h, c = torch.randn(2, batch, HIDDEN)
    state = torch.cat([h, c], dim=1)
    for place in range(x.shape[1]):
        output, state = ours.step(x[:, place], state, elapsed[:, place])
        h, c = theirs(x[:, place], (h, c))
        torch.testing.assert_close(output, h, atol=1e-5, rtol=0)
        torch.testing.assert_close(state, torch.cat([h, c], dim=1), atol=1e-5, rtol=0)
