"""The best model is causal, knows where its feet are, and resumes exactly."""

import math
from dataclasses import replace

import gymnasium
import numpy as np
import pytest
import torch
from devices import on_every_device
from kinematics import some_windows, waves
from safetensors.torch import load_file

from liquid_control.models import Normalizer, parameters
from liquid_control.sim import simulated_robot
from liquid_control.study.run import ResultStore
from liquid_control.study.walker2d_kinematics import best, best_weights, inverse, simulated
from liquid_control.study.walker2d_kinematics.best_model import BestPredictor, BestSettings, feet
from liquid_control.study.walker2d_kinematics.dataset import Dataset, Protocol
from liquid_control.training import checkpoint
from liquid_control.training.optimizers import orthogonal

CPU = torch.device('cpu')
SMALL = BestSettings(hidden_size=8, width=16, before=1, after=1)


def model(settings: BestSettings = SMALL) -> BestPredictor:
    torch.manual_seed(0)
    return BestPredictor(settings, Normalizer(np.zeros(17), np.ones(17), np.full(17, 0.3))).eval()


def test_it_keeps_to_the_budget():
    assert parameters(model(BestSettings())) <= best.BUDGET


def test_it_sees_no_future():
    windows, net = some_windows(), model()
    x, elapsed = torch.from_numpy(windows.x), torch.from_numpy(windows.elapsed)
    other, later = x.clone(), elapsed.clone()
    other[:, 40:] += 1.0
    later[:, 40:] += 1.0
    with torch.no_grad():
        first, second = net(x, elapsed)[0], net(other, later)[0]
    assert torch.allclose(first[:, :40], second[:, :40], atol=1e-6)
    assert not torch.allclose(first[:, 40], second[:, 40], atol=1e-3)


def test_clipped_velocities_still_learn():
    windows, net = some_windows(), model()
    predicted, _ = net(10.0 * torch.from_numpy(windows.x), torch.from_numpy(windows.elapsed))
    beyond = predicted[..., 8:].abs()
    assert beyond.max() == 10.0
    (predicted[..., 8:][beyond == 10.0]).sum().backward()
    assert net.head[1].weight.grad.abs().max() > 0


def test_feet_are_where_the_simulator_has_them():
    env = gymnasium.make('Walker2d-v5').unwrapped
    rng = np.random.default_rng(0)
    position = np.concatenate([[0.0, 1.25], rng.uniform(-0.5, 0.5, 7)])
    velocity = rng.uniform(-2.0, 2.0, 9)
    heights = []
    for time in (0.0, 1e-5):
        env.set_state(position + time * velocity, velocity)
        for name in ('foot_geom', 'foot_left_geom'):
            geom = env.data.geom(name)
            along = geom.xmat.reshape(3, 3)[:, 2] * 0.1
            ends = sorted((geom.xpos - along, geom.xpos + along), key=lambda end: end[0])
            heights.append([(end[2] - 0.06, end[0]) for end in ends])
    heights = np.array(heights).reshape(2, 2, 2, 2)
    speeds = (heights[1] - heights[0]) / 1e-5
    frame = np.concatenate([position[1:], velocity]).astype(np.float32)
    found = feet(torch.from_numpy(frame)).numpy().reshape(2, 8)
    assert np.allclose(found[:, :2] / 5.0, heights[0, :, :, 0], atol=1e-5)
    assert np.allclose(found[:, 4:6] * 2.0, speeds[:, :, 0], atol=1e-3)
    assert np.allclose(found[:, 6:] * 2.0, speeds[:, :, 1], atol=1e-3)


@pytest.mark.parametrize('shape', [(2, 8, 8), (1, 6, 16), (1, 16, 6)])
def test_orthogonal_updates_are_orthogonal(shape):
    torch.manual_seed(0)
    values = torch.linalg.svdvals(orthogonal(torch.randn(shape)))
    assert (values > 0.3).all()
    assert (values < 1.4).all()


@pytest.fixture(scope='module')
def rollouts():
    rng = np.random.default_rng(0)
    parts = [{f'{part}{i}': waves(rng, 150).astype(np.float32) for i in range(3)} for part in 'abc']
    return Dataset(*parts, sha256='data')


WALKED = {'walk': np.stack([waves(np.random.default_rng(9), 200).astype(np.float32)] * 2)}
WINDOWS = Protocol(some_windows(), some_windows(1, seed=1), some_windows(1, seed=2))


def run(updates: int, every: int):
    (only,) = best.runs(1)
    recipe = replace(only.recipe, updates=updates, every=every, batch=2)
    return replace(only, recipe=recipe, model=SMALL.to_dict())


def train(this, rollouts, folder, stop_after=None, device=CPU):
    def report(share, text):
        if stop_after is not None and share * this.recipe.updates > stop_after:
            raise KeyboardInterrupt

    return best.fit(this, rollouts, WALKED, WINDOWS, ResultStore(folder, 'data'), report, device)


@on_every_device
def test_resumed_training_ends_the_same(rollouts, tmp_path, device):
    this, device = run(updates=6, every=2), torch.device(device)
    whole = train(this, rollouts, tmp_path / 'whole', device=device)
    for stop_after in (1, 3, 4):
        with pytest.raises(KeyboardInterrupt):
            train(this, rollouts, tmp_path / 'other', stop_after, device)
    resumed = train(this, rollouts, tmp_path / 'other', device=device)
    for name in ('test_mse', 'validation_mse', 'train_mse', 'curve'):
        assert whole[name] == resumed[name]
    first, second = (
        load_file(ResultStore(tmp_path / name, 'data').weights(this)) for name in ('whole', 'other')
    )
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert len(whole['curve']) == 3


@pytest.fixture
def tiny(monkeypatch):
    """Simulate little: eight walkers, 300 frames."""
    monkeypatch.setattr(best, 'SIMULATED', 300)
    for name, value in {'SHORTEST': 10, 'WALKERS': 8, 'WALKED': 3, 'KEEP_EVERY': 60}.items():
        monkeypatch.setattr(simulated, name, value)
    monkeypatch.setattr(inverse, 'KEEP_EVERY', 5)
    monkeypatch.setattr(best.data, 'LENGTH', 8)  # such walks are short
    monkeypatch.setattr(simulated.make, '__defaults__', (50,))


def tiny_rollouts() -> Dataset:
    frames, _ = falling(25)
    walks = {f'r{i}': inverse.observed(frames[:, i]).astype(np.float32) for i in range(4)}
    return Dataset(walks, {}, {}, sha256='data')


def test_best_run_resumes_in_every_part(tmp_path, tiny, monkeypatch):
    this, rollouts = run(updates=4, every=1), tiny_rollouts()
    searched, walked = [], []
    find, step = inverse.find_actions, simulated._step
    monkeypatch.setattr(inverse, 'find_actions', lambda *a: searched.append(1) or find(*a))
    monkeypatch.setattr(simulated, '_step', lambda *a: walked.append(1) or step(*a))
    told: list[tuple[float, str]] = []

    def report(share, text):
        told.append((share, text))
        if share >= stop[0]:
            raise KeyboardInterrupt

    stop = [math.inf]
    whole = best.train(
        this, rollouts, WINDOWS, ResultStore(tmp_path / 'whole', 'data'), report, CPU
    )
    shares, texts = zip(*told, strict=True)
    assert list(shares) == sorted(shares), 'progress never goes back'
    assert shares[-1] == 1.0
    assert {text.split()[0] for text in texts} == {'finding', 'fitting', 'simulating', 'loss'}
    undisturbed = len(searched), len(walked)
    searched.clear()
    walked.clear()
    other = ResultStore(tmp_path / 'other', 'data')
    for stop[0] in (0.2, 0.28, 0.4, 0.45, 0.7, 0.9):
        with pytest.raises(KeyboardInterrupt):
            best.train(this, rollouts, WINDOWS, other, report, CPU)
    stop[0] = math.inf
    told.clear()
    resumed = best.train(this, rollouts, WINDOWS, other, report, CPU)
    assert told[0][0] == pytest.approx(best.SIMULATING * simulated.FINDING)
    for name in ('test_mse', 'curve'):
        assert whole[name] == resumed[name]
    assert len(searched) <= undisturbed[0] + 2 * 5, 'at most a checkpoint of work is done twice'
    assert len(walked) <= undisturbed[1] + 3 * 60
    assert resumed['seconds'] > resumed['seconds_simulating'] > 0
    assert len(list((tmp_path / 'other' / 'checkpoints').iterdir())) == 4
    other.keep(this, resumed)
    assert not list((tmp_path / 'other' / 'checkpoints').iterdir())


def test_partial_work_of_others_is_refused(tmp_path, tiny):
    this, rollouts = run(updates=1, every=1), tiny_rollouts()
    arguments = (this, rollouts, WINDOWS)
    best.train(*arguments, ResultStore(tmp_path, 'data'), lambda share, text: None, CPU)
    said = r'best-seed0-actions\.npz is from another run \(data_sha256 data, now other\)'
    with pytest.raises(ValueError, match=said):
        best.train(*arguments, ResultStore(tmp_path, 'other'), lambda share, text: None, CPU)
    (tmp_path / 'checkpoints' / 'best-seed0-actions.npz').write_bytes(b'no')
    with pytest.raises(ValueError, match=r'actions\.npz: not valid simulated rollouts'):
        best.train(*arguments, ResultStore(tmp_path, 'data'), lambda share, text: None, CPU)


def test_it_learns(rollouts, tmp_path):
    result = train(run(updates=120, every=60), rollouts, tmp_path)
    assert result['curve'][1]['train_mse'] < 0.95 * result['curve'][0]['train_mse']


def falling(steps: int) -> tuple[list[np.ndarray], np.ndarray]:
    """Frames of four walkers with unclipped velocities, (steps + 1, 4, 17), and their actions."""
    rng, simulator = np.random.default_rng(0), inverse.Simulator()
    frames = [rng.uniform(-0.005, 0.005, (4, 17)) + np.r_[1.25, np.zeros(16)]]
    actions = 0.5 * rng.uniform(-1.0, 1.0, (steps, 4, 6))
    for action in actions:
        frames.append(simulator.step(frames[-1], action))
    return np.stack(frames), actions


def test_actions_and_clipped_velocities_are_found(tmp_path):
    frames, actions = falling(12)
    assert (np.abs(frames[..., 8:]) > 10.0).any()
    walks = list(inverse.observed(frames).transpose(1, 0, 2))
    now, found, error, _ = inverse.find_all(
        inverse.Simulator(), walks, tmp_path / 'actions.npz', {}, lambda share: None
    )
    good = error < 0.05
    assert good.mean() > 0.75
    assert np.median(np.abs(found - actions.reshape(-1, 6))[good]) < 0.02
    beyond = np.abs(frames[:-1].reshape(-1, 17)) > 10.0
    assert np.median(np.abs(now - frames[:-1].reshape(-1, 17))[beyond]) < 0.5


def test_simulated_walks_start_healthy(tmp_path, tiny, monkeypatch):
    monkeypatch.setattr(simulated, 'NOISE', 0.0)
    monkeypatch.setattr(simulated, 'RANDOM', 0.0)
    walked, _ = simulated.make(
        tiny_rollouts().train, 300, 0, lambda name: tmp_path / f'{name}.npz', {},
        lambda share, text: None,
    )  # fmt: skip
    assert sum(pair.shape[1] for pair in walked.values()) >= 300
    for seen, following in walked.values():
        assert seen.shape == following.shape
        assert simulated_robot('walker2d').task.healthy(np.r_[0.0, seen[0, :8]], seen[0, 8:])
        assert np.allclose(seen[1:], following[:-1], atol=1e-5)


def test_kept_weights_give_their_errors(rollouts, tmp_path):
    this = run(updates=2, every=1)
    result = train(this, rollouts, tmp_path)
    path = ResultStore(tmp_path, 'data').weights(this)
    found = best_weights.evaluate(path, WINDOWS)
    for name in ('test_mse', 'validation_mse', 'parameters'):
        assert found[name] == result[name]
    assert found['trained']['run']['name'] == 'best-seed0'
    assert found['trained']['data_sha256'] == 'data'


def test_what_is_no_weights_of_it_is_named(rollouts, tmp_path):
    path = tmp_path / 'x.safetensors'
    with pytest.raises(FileNotFoundError, match=r'weights .*x\.safetensors: no such file'):
        best_weights.read(path)
    path.write_text('no')
    with pytest.raises(ValueError, match='found no safetensors file of this package'):
        best_weights.read(path)
    checkpoint.write(path, {'x': torch.ones(1)}, {'origin': 1})
    with pytest.raises(ValueError, match='found another safetensors file'):
        best_weights.read(path)
    about = {'what': best_weights.WHAT, 'settings': SMALL.to_dict()}
    checkpoint.write(path, model(BestSettings(hidden_size=9)).state_dict(), about)
    with pytest.raises(ValueError, match='the weights do not fit their settings'):
        best_weights.read(path)
