"""Training of predictors: it resumes exactly, and says where a value became non-finite."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from devices import on_every_device
from kinematics import some_windows
from safetensors.torch import load_file

from liquid_control.models import ModelSettings, Normalizer, Predictor, RawPredictor
from liquid_control.study import train as prediction
from liquid_control.study.batches import Shuffled
from liquid_control.study.evaluate import error
from liquid_control.study.run import Recipe, ResultStore, Run
from liquid_control.study.walker2d_kinematics.dataset import Protocol
from liquid_control.training import checkpoint
from liquid_control.training.device import title
from liquid_control.training.finite import NotFiniteError

RUN = Run('a', 'comparison', 'cfc', 3, Recipe(updates=6, learning_rate=0.01, batch=4, every=2))
SETTINGS = ModelSettings('cfc', 8, 6, {'backbone': 8, 'dropout': 0.3})


@pytest.fixture(scope='module')
def windows():
    return Protocol(some_windows(), some_windows(1, seed=1), some_windows(1, seed=2))


@pytest.fixture
def store(tmp_path):
    return ResultStore(tmp_path / 'study', 'data')


def make(device: str = 'cpu') -> Predictor:
    torch.manual_seed(0)
    return Predictor(SETTINGS, Normalizer(np.zeros(17), np.ones(17), np.full(17, 0.3))).to(device)


def train(model, windows, store, run=RUN, stop_after=None):
    def report(share, text):
        if stop_after is not None and share * run.recipe.updates > stop_after:
            raise KeyboardInterrupt

    return prediction.train(run, model, windows, store, report)


@on_every_device
def test_resumed_training_ends_the_same(windows, store, tmp_path, device):
    whole = train(make(device), windows, store)
    other = ResultStore(tmp_path / 'other', 'data')
    for stop_after in (1, 3, 4):
        with pytest.raises(KeyboardInterrupt):
            train(make(device), windows, other, stop_after=stop_after)
    resumed = train(make(device), windows, other)
    for name in ('validation_mse', 'train_mse', 'curve'):
        assert whole[name] == resumed[name]
    first, second = (load_file(folder.weights(RUN)) for folder in (store, other))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert len(whole['curve']) == 3
    assert whole['device'] == title(torch.device(device))
    assert ('peak_allocated_mb' in whole) == (device == 'cuda')


def test_other_device_is_refused(windows, store):
    with pytest.raises(KeyboardInterrupt):
        train(make(), windows, store, stop_after=3)
    tensors, about = checkpoint.read(store.checkpoint(RUN))
    about['origin']['device'] = 'a GPU'
    checkpoint.write(store.checkpoint(RUN), tensors, about)
    with pytest.raises(ValueError, match=r'from another run \(device a GPU, now cpu\)'):
        train(make(), windows, store)


@on_every_device
def test_it_learns(windows, store, device):
    recipe = Recipe(updates=30, learning_rate=0.02, batch=4, every=15)
    model = make(device)
    before = error(model, windows.train)
    train(model, windows, store, replace(RUN, recipe=recipe))
    assert error(model, windows.train) < 0.8 * before


def test_a_broken_checkpoint_is_named(windows, store):
    store.checkpoint(RUN).write_bytes(b'no')
    with pytest.raises(ValueError, match=r'checkpoints/a\.safetensors: not a valid checkpoint'):
        train(make(), windows, store)


def test_a_checkpoint_of_another_model_is_named(windows, store):
    with pytest.raises(KeyboardInterrupt):
        train(make(), windows, store, stop_after=3)
    other = RawPredictor(ModelSettings('lstm', 4), 17)
    with pytest.raises(ValueError, match='not a valid checkpoint of this run'):
        train(other, windows, store)


def test_every_round_sees_every_window_once():
    batches = Shuffled(some_windows(), 4, 0, torch.device('cpu'))
    rounds = [
        np.concatenate([batches.rows(number * batches.round + i) for i in range(batches.round)])
        for number in range(2)
    ]
    assert [sorted(places) for places in rounds] == [list(range(len(batches.windows)))] * 2
    assert not np.array_equal(*rounds)


def test_published_schedule_decays_each_round():
    recipe = Recipe(100, 0.02, batch=10, schedule='exponential', decay=0.95)
    rates = [prediction.learning_rate(replace(RUN, recipe=recipe), i, 100) for i in (0, 10, 20)]
    np.testing.assert_allclose(rates, [0.02, 0.02 * 0.95, 0.02 * 0.95**2])


def test_non_finite_input_is_located(windows, store):
    x = windows.train.x.copy()
    x[5, 7, 2] = np.nan
    spoilt = replace(windows, train=replace(windows.train, x=x))
    says = r'a, round \d, update \d: x is not finite at step 7 of made_up_\d from kept frame \d+'
    with pytest.raises(NotFiniteError, match=says):
        train(make(), spoilt, store)


def test_a_parameter_that_is_not_finite_is_named(windows, store):
    model = make()
    with torch.no_grad():
        model.encoder.bias[0] = np.nan
    with pytest.raises(NotFiniteError, match=r'update 1: parameter encoder\.bias is not finite'):
        train(model, windows, store)


def test_the_module_where_it_arose_is_named(windows, store):
    model = make()
    model.prediction.forward = lambda x: x[..., :1].expand(*x.shape[:-1], 17) / 0.0
    with pytest.raises(NotFiniteError, match=r'arose in prediction \(Linear\) at step 0 of made'):
        train(model, windows, store)


def test_a_gradient_that_is_not_finite_is_named(windows, store):
    model = make()
    whole = model.prediction.forward
    model.prediction.forward = lambda x: whole(x) + (0.0 * model.prediction.bias).abs().sqrt()
    with pytest.raises(NotFiniteError, match=r'the gradient of prediction\.bias is not finite'):
        train(model, windows, store)


def test_other_checkpoint_is_refused(windows, store):
    with pytest.raises(KeyboardInterrupt):
        train(make(), windows, store, stop_after=3)
    longer = replace(RUN, recipe=replace(RUN.recipe, updates=12))
    with pytest.raises(ValueError, match='updates 6, now 12'):
        train(make(), windows, store, longer)
    with pytest.raises(ValueError, match='data_sha256 data, now other'):
        train(make(), windows, ResultStore(store.folder, 'other'))
