"""Training of students: it resumes exactly, and failures lose no finished checkpoint."""

import errno
import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from students import TEACHER, settings, student
from support import ROBOT

from liquid_control import cells
from liquid_control.models import Normalizer
from liquid_control.training import checkpoint
from liquid_control.training.finite import NotFiniteError
from liquid_control.training.optimizers import Optimizers
from liquid_control.training.student import imitation
from liquid_control.training.student.conditions import Chance
from liquid_control.training.student.imitation import Imitation
from liquid_control.training.student.judge import student_returns
from liquid_control.training.student.train import train_student


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Skips the long walk that measures the normaliser."""
    unit = Normalizer(np.zeros(8), np.ones(8), np.full(8, 0.1))
    monkeypatch.setattr(imitation, 'measure_normalizer', lambda *given: unit)


def train(folder, stop_after=None, log=None, **changes):
    wanted = settings(**changes)

    def report(share, text):
        if stop_after is not None and round(share * wanted.rounds) >= stop_after:
            raise KeyboardInterrupt

    return train_student(wanted, ROBOT, TEACHER, folder, report, log).model


@pytest.mark.parametrize('optimizer', ['adam', 'muon'])
def test_resumed_training_ends_the_same(tmp_path, optimizer):
    if optimizer == 'muon' and not hasattr(torch.optim, 'Muon'):
        pytest.skip('torch has no Muon')
    whole = train(tmp_path / 'a', optimizer=optimizer, checkpoint_every=2)
    for stop_after in (1, 3, 5):
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path / 'b', stop_after, optimizer=optimizer, checkpoint_every=2)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / 'c', 5, optimizer=optimizer, checkpoint_every=2)
    chunks = [sorted(p.name for p in (tmp_path / k / 'chunks').iterdir()) for k in 'bc']
    assert chunks[0] == chunks[1]
    assert len(chunks[0]) == settings().memory
    resumed = train(tmp_path / 'b', optimizer=optimizer, checkpoint_every=2)
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name
    first, second = (load_file(tmp_path / k / 'checkpoint.safetensors') for k in 'ab')
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_only_unfinished_training_keeps_data(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, 5)
    assert len(list((tmp_path / 'chunks').iterdir())) == settings().memory
    whole = train(tmp_path)
    assert not list((tmp_path / 'chunks').iterdir())
    again = train(tmp_path)
    assert torch.equal(whole.action.weight, again.action.weight)


def test_other_settings_are_refused_by_name(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, 2)
    with pytest.raises(ValueError, match=r'is from another run \(settings\.updates 2, now 3\)'):
        train(tmp_path, updates=3)


def test_full_disk_keeps_the_checkpoint(tmp_path, monkeypatch):
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, 3)
    before = (tmp_path / 'checkpoint.safetensors').read_bytes()

    def full(descriptor):
        raise OSError(errno.ENOSPC, 'No space left on device')

    with monkeypatch.context() as patch:
        patch.setattr('liquid_control.files.os.fsync', full)
        with pytest.raises(OSError, match=r'not written, any previous file is kept: .*No space'):
            train(tmp_path)
    assert (tmp_path / 'checkpoint.safetensors').read_bytes() == before
    assert not list(tmp_path.rglob('*.partial'))
    assert train(tmp_path) is not None


def test_a_broken_checkpoint_is_named(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, 2)
    (tmp_path / 'checkpoint.safetensors').write_bytes(b'no')
    with pytest.raises(ValueError, match=r'checkpoint\.safetensors: not a valid checkpoint'):
        train(tmp_path)


def test_missing_or_broken_chunk_is_named(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, 2)
    path = next((tmp_path / 'chunks').iterdir())
    path.unlink()
    said = r'chunks/00000\d\.safetensors: no such file.*remove that checkpoint to start anew'
    with pytest.raises(ValueError, match=said):
        train(tmp_path)
    checkpoint.write(path, {'a': torch.zeros(1)}, {})
    with pytest.raises(ValueError, match=r'chunks/00000\d\.safetensors: not a valid checkpoint'):
        train(tmp_path)


def test_checkpoint_of_another_shape_is_named(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, 2)
    path = tmp_path / 'checkpoint.safetensors'
    tensors, about = checkpoint.read(path)
    physics = next(name for name in tensors if name.startswith('worlds.'))
    checkpoint.write(path, {**tensors, physics: torch.zeros(3, 5, 7)}, about)
    with pytest.raises(ValueError, match=r'checkpoint\.safetensors: not a valid checkpoint'):
        train(tmp_path)


def test_non_finite_parameter_is_named(tmp_path):
    training = Imitation(settings(), ROBOT, TEACHER, tmp_path)
    with torch.no_grad():
        training.learner.model.action.bias[0] = np.nan
    with pytest.raises(NotFiniteError, match=r'cfc, seed 0, round 0, .*action\.bias is not finite'):
        training.advance()


def test_the_module_where_it_arose_is_named(tmp_path):
    training = Imitation(settings(), ROBOT, TEACHER, tmp_path)
    heads = training.learner.model.action
    heads.forward = lambda x: torch.nn.functional.linear(x, heads.weight, heads.bias) / 0.0
    with pytest.raises(NotFiniteError, match=r'it arose in model\.action \(Linear\) at step 0 of'):
        training.advance()


@pytest.mark.parametrize('name', ['label', 'target'])
def test_data_that_are_not_finite_are_named(tmp_path, monkeypatch, name):
    training = Imitation(settings(), ROBOT, TEACHER, tmp_path)
    collect = training._collector.collect

    def spoiled(*given):
        chunk = collect(*given)
        getattr(chunk, name)[:, 3] = np.nan
        return chunk

    monkeypatch.setattr(training._collector, 'collect', spoiled)
    said = rf'round 0, update 0: {name} is not finite at step 3 of a sequence of world \d'
    with pytest.raises(NotFiniteError, match=said):
        training.advance()


def test_log_has_one_row_a_round(tmp_path):
    log = tmp_path / 'log'
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / 'a', 4, log, checkpoint_every=3)
    train(tmp_path / 'a', None, log, checkpoint_every=3)
    rows = [json.loads(line) for line in (log / 'scalars.jsonl').read_text().splitlines()]
    losses = [row['step'] for row in rows if 'loss/action' in row]
    assert losses == list(range(1, settings().rounds + 1))
    assert any('return/delay:3' in row for row in rows)


@pytest.mark.parametrize('name', ['adam', 'muon'])
@pytest.mark.parametrize('cell', cells.names())
def test_every_parameter_moves(cell, name):
    if name == 'muon' and not hasattr(torch.optim, 'Muon'):
        pytest.skip('torch has no Muon')
    model = student(cell, 16)
    optimizer, before = Optimizers(name, model, 0.01), [p.clone() for p in model.parameters()]
    observation, elapsed = torch.randn(4, 6, 14), torch.rand(4, 6, 1) + 0.5
    action, change = model.sequence(observation, elapsed, model.initial_state(4))
    (action.square().mean() + change.square().mean()).backward()
    optimizer.step(0.01)
    for value, (key, now) in zip(before, model.named_parameters(), strict=True):
        assert not torch.equal(value, now), key
        assert now.grad is None


def test_judging_follows_seed_and_fault():
    model = student()
    first, again = (student_returns(model, 2, 5, ('none', 'delay:3')) for _ in range(2))
    assert first['none'].shape == (2,)
    for name, values in first.items():
        np.testing.assert_array_equal(values, again[name])
    other = student_returns(model, 2, 6, ('none', 'delay:3'))
    assert all((values != other[name]).all() for name, values in first.items())


def test_students_are_judged_under_each_fault():
    with torch.no_grad():
        for seed in (0, 1):  # with nothing to see, all students send the safe action
            lost, whole = (student_returns(student(seed=seed), 2, 5, (fault,))[fault]
                           for fault in ('dropped:1', 'none'))  # fmt: skip
            assert not np.array_equal(lost, whole)
    names = ('none', 'dropped:1')
    blind = [student_returns(student(seed=seed), 2, 5, names)['dropped:1'] for seed in (0, 1)]
    np.testing.assert_array_equal(*blind)


@pytest.mark.parametrize(
    ('name', 'value'),
    [
        ('seed', -5),
        ('burn_in', 12),
        ('taught', 0.0),
        ('average', 1.5),
        ('prediction_weight', -1.0),
        ('prediction_weight', np.nan),
        ('readout', -1),
    ],
)
def test_a_setting_without_sense_is_refused(name, value):
    with pytest.raises(ValueError, match=f'^{name}: expected'):
        settings(**{name: value})


def test_a_chance_has_a_fault():
    with pytest.raises(ValueError, match='faults: expected at least one'):
        Chance(0.5, ())
