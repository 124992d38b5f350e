"""Checkpoints: what does not fit is named, whatever does not fit."""

import pytest
import torch
from students import student

from liquid_control.training import checkpoint
from liquid_control.training.finite import NotFiniteError
from liquid_control.training.student.averaged import Averaged


@pytest.mark.parametrize('error', [KeyError, RuntimeError, TypeError, ValueError])
def test_whatever_does_not_fit_the_file_is_named(tmp_path, error):
    path = tmp_path / 'checkpoint.safetensors'
    with (
        pytest.raises(ValueError, match=r'checkpoint\.safetensors: not a valid .*the walkers'),
        checkpoint.restoring(path),
    ):
        raise error('the walkers')


def test_a_lack_of_memory_is_no_broken_file(tmp_path):
    with pytest.raises(torch.cuda.OutOfMemoryError), checkpoint.restoring(tmp_path / 'any'):
        raise torch.cuda.OutOfMemoryError('CUDA out of memory')


def averaged() -> Averaged:
    return Averaged(student('gru'), 'gru, seed 0')


def test_best_average_is_restored():
    kept = averaged()
    before = {name: value.clone() for name, value in kept.model.state_dict().items()}
    kept.keep(1.25)
    with torch.no_grad():
        for value in kept.model.parameters():
            value.add_(1.0)
    after = {name: value.clone() for name, value in kept.model.state_dict().items()}
    restored = averaged()
    restored.restore(kept.tensors(), 1.25)
    assert all(torch.equal(v, after[n]) for n, v in restored.model.state_dict().items())
    for one in (kept, restored):
        assert one.best == 1.25
        assert all(torch.equal(v, before[n]) for n, v in one.result().state_dict().items())


def test_no_finite_return_no_result():
    with pytest.raises(NotFiniteError, match='gru, seed 0: no weights were kept'):
        averaged().result()
