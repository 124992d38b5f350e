"""Checkpoints: what does not fit is named, whatever does not fit."""

import math

import pytest
import torch
from students import student

from liquid_control.training import checkpoint
from liquid_control.training.averaged import Averaged
from liquid_control.training.finite import NotFiniteError


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


def averaged(folder) -> Averaged:
    return Averaged(student('gru'), folder / 'best.safetensors')


def test_the_best_average_is_read_back(tmp_path):
    kept = averaged(tmp_path)
    before = {name: value.clone() for name, value in kept.model.state_dict().items()}
    kept.keep(1.25)
    with torch.no_grad():
        for value in kept.model.parameters():
            value.add_(1.0)
    for name, value in kept.result().state_dict().items():
        assert torch.equal(value, before[name])


def test_a_file_of_another_run_is_never_loaded(tmp_path):
    averaged(tmp_path).keep(5.0)
    this = averaged(tmp_path)
    with pytest.raises(NotFiniteError, match=r'best\.safetensors: no weights were kept'):
        this.result()
    this.keep(math.nan)
    this.best = 4.0
    with pytest.raises(ValueError, match=r'from another run: expected score 4\.0, found nan'):
        this.result()


@pytest.mark.parametrize(
    ('change', 'said'),
    [
        (lambda path: path.unlink(), 'no such file'),
        (lambda path: path.write_bytes(b'no'), 'not a valid checkpoint'),
        (
            lambda path: checkpoint.write(path, {'a': torch.zeros(1)}, {'score': 5.0}),
            'not a valid checkpoint',
        ),
    ],
)
def test_a_best_average_that_is_missing_or_broken_is_named(tmp_path, change, said):
    kept = averaged(tmp_path)
    kept.keep(5.0)
    change(tmp_path / 'best.safetensors')
    with pytest.raises(ValueError, match=rf'best\.safetensors: {said}'):
        kept.result()
