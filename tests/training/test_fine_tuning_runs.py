"""Fine-tuning from start to end: it resumes, keeps the best, and names what is not finite."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from students import TEACHER, fine_tuning, settings, student, tuning
from support import ROBOT

from liquid_control.models import Normalizer
from liquid_control.training.finite import NotFiniteError
from liquid_control.training.student import imitation
from liquid_control.training.student.settings import FineTuningSettings
from liquid_control.training.student.train import train_student


@pytest.fixture
def quick(monkeypatch):
    """Skips the long walk that measures the normaliser."""
    unit = Normalizer(np.zeros(8), np.ones(8), np.full(8, 0.1))
    monkeypatch.setattr(imitation, 'measure_normalizer', lambda *given: unit)


def trained(folder, stop_after=None, log=None, **changes):
    wanted = settings(rounds=2, readout=64, fine_tuning=fine_tuning(**changes))
    heard = []

    def report(share, text):
        heard.append(share)
        assert sorted(heard) == heard
        if stop_after is not None and len(heard) >= stop_after:
            raise KeyboardInterrupt

    return train_student(wanted, ROBOT, TEACHER, folder, report, log)


def train(*arguments, **changes):
    return trained(*arguments, **changes).model


@pytest.mark.parametrize('most_change', [10.0, 1e-12])  # the step size stays, or falls every round
def test_stopped_training_ends_the_same(tmp_path, quick, most_change):
    log, changes = tmp_path / 'log', {'checkpoint_every': 2, 'most_change': most_change}
    whole = train(tmp_path / 'a', **changes)
    for stop_after in (1, 2, 3, 1):
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path / 'b', stop_after, log, **changes)
    resumed = train(tmp_path / 'b', None, log, **changes)
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name
    first, second = (load_file(tmp_path / k / 'fine_tuning.safetensors') for k in 'ab')
    assert all(torch.equal(first[name], second[name]) for name in first)
    rows = [json.loads(line) for line in (log / 'scalars.jsonl').read_text().splitlines()]
    assert [row['step'] for row in rows if 'reward' in row] == [3, 4, 5, 6]


def test_where_each_part_of_it_ran_is_kept(tmp_path, quick, monkeypatch):
    for torch_version, stop_after in (('1', 1), ('2', 3), ('2', 1)):
        monkeypatch.setattr('liquid_control.provenance.versions', lambda v=torch_version: {'t': v})
        with pytest.raises(KeyboardInterrupt):
            trained(tmp_path, stop_after)
    monkeypatch.setattr('liquid_control.provenance.versions', lambda: {'t': '3'})
    history = trained(tmp_path).history
    found = [(part['from'], part['versions']['t']) for part in history]
    assert found == [(0, '1'), (1, '2'), (5, '3')], '2 rounds of imitation, then fine-tuning'
    assert trained(tmp_path).history == history, 'nothing was left to do'


def test_checkpoint_of_others_is_refused(tmp_path, quick):
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, 4)
    (tmp_path / 'checkpoint.safetensors').unlink()
    with pytest.raises(ValueError, match=r'fine_tuning\.safetensors is from another run .*trace'):
        train(tmp_path, trace=0.5)


def test_imitated_weights_stay_if_best(tmp_path):
    model = student('gru')
    before = {name: value.clone() for name, value in model.state_dict().items()}
    training = tuning(tmp_path, model)
    training.averaged.keep(1e9)
    for _ in range(3):
        training.advance()
        training.judge()
    assert any(
        not torch.equal(v, before[n]) for n, v in training._explored.model.state_dict().items()
    )
    for name, value in training.result().state_dict().items():
        assert torch.equal(value, before[name]), name
    training.close()


def test_non_finite_parameter_is_named(tmp_path):
    training = tuning(tmp_path, warm_up=0)
    with torch.no_grad():
        training._explored.model.action.bias[0] = np.nan
    with pytest.raises(NotFiniteError, match=r'fine-tuning, round 0: .*action\.bias is not finite'):
        training.advance()
    training.close()


def test_non_finite_estimate_is_named(tmp_path, monkeypatch):
    training = tuning(tmp_path)
    collect, weight = training._explorer.collect, training._value.net[0].weight

    def spoiled(*given):
        rollout = collect(*given)
        rollout.reward[3, 1] = np.inf
        return rollout

    monkeypatch.setattr(training._explorer, 'collect', spoiled)
    with pytest.raises(NotFiniteError, match='round 0: the reward is not finite'):
        training.advance()
    monkeypatch.setattr(training._explorer, 'collect', collect)
    training._value.mean[0] = np.nan
    with pytest.raises(NotFiniteError, match='round 0: the return estimate is not finite'):
        training.advance()
    with torch.no_grad():
        weight[0, 0] = np.nan
    said = r'round 0, return estimate: parameter net\.0\.weight is not finite'
    with pytest.raises(NotFiniteError, match=said):
        training.advance()
    training.close()


@pytest.mark.parametrize(('name', 'term'), [('likelihood', 'policy'), ('target', 'prediction')])
def test_non_finite_loss_term_is_named(tmp_path, monkeypatch, name, term):
    training = tuning(tmp_path, warm_up=0)
    collect = training._explorer.collect

    def spoiled(*given):
        rollout = collect(*given)
        rollout.series[name][:] = np.nan
        return rollout

    monkeypatch.setattr(training._explorer, 'collect', spoiled)
    said = f'round 0: the loss is not finite: in its terms {term}$'
    with pytest.raises(NotFiniteError, match=said):
        training.advance()
    training.close()


def test_a_broken_checkpoint_is_named(tmp_path):
    (tmp_path / 'fine_tuning.safetensors').write_bytes(b'no')
    with pytest.raises(ValueError, match=r'fine_tuning\.safetensors: not a valid checkpoint'):
        tuning(tmp_path)


@pytest.mark.parametrize(
    ('name', 'value'),
    [
        ('walkers', 0),
        ('rounds', -1),
        ('rounds', 20),
        ('warm_up', -1),
        ('spread', 0.0),
        ('trace', 2),
    ],
)
def test_a_setting_without_sense_is_refused(name, value):
    with pytest.raises(ValueError, match=f'^{name}[a-z -]*: expected'):
        FineTuningSettings(**{name: value})
