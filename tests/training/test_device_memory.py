"""What is saved for the backward pass is counted once, and not kept."""

import weakref

import torch

from liquid_control.training.device import saved_bytes


def test_saved_bytes_exclude_parameters():
    layer, x, seen = torch.nn.Linear(3, 5), torch.randn(4, 3), []

    def loss():
        y = torch.sigmoid(layer(x))
        seen.append(weakref.ref(y))
        return y.square().sum()

    assert saved_bytes(loss, layer) == 4 * (x.numel() + 4 * 5)
    assert seen[0]() is None
