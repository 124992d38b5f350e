"""Gradients that are not finite are named; a lack of memory is not taken for them."""

import pytest
import torch

from liquid_control.training.finite import NotFiniteError, clip_gradients


@pytest.mark.parametrize('variables', [None, lambda name, value: value.chunk(2)])
def test_non_finite_gradients_are_named(variables):
    layer = torch.nn.Linear(2, 1)
    layer(torch.ones(1, 2)).sum().backward()
    layer.bias.grad.fill_(torch.nan)
    with pytest.raises(NotFiniteError, match=r'^round 3: the gradient of bias is not finite'):
        clip_gradients(layer, 1.0, 'round 3', variables)


def test_a_lack_of_memory_is_told_as_such(monkeypatch):
    def clip(*arguments, **options):
        raise torch.cuda.OutOfMemoryError('CUDA out of memory')

    monkeypatch.setattr(torch.nn.utils, 'clip_grad_norm_', clip)
    with pytest.raises(torch.cuda.OutOfMemoryError):
        clip_gradients(torch.nn.Linear(2, 1), 1.0, 'round 3')
