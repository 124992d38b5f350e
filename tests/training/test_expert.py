"""PPO: it resumes exactly, with its log, and says where it diverged."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from liquid_control.sim import simulated_robot, simulated_robots
from liquid_control.training import checkpoint
from liquid_control.training.expert import ppo as expert
from liquid_control.training.expert.disturbances import LATE, Disturbances
from liquid_control.training.expert.ppo import CHOICES, ExpertSettings, train_expert
from liquid_control.training.expert.vec_env import WorldVecEnv
from liquid_control.training.finite import NotFiniteError

SETTINGS = ExpertSettings(
    total_steps=1024, environments=8, rollout_steps=32, epochs=2, checkpoints=2, episodes=2,
    checkpoint_steps=256,
)  # fmt: skip


QUICK = replace(SETTINGS, total_steps=256, environments=4, episodes=1, checkpoints=1)


def train(folder, stop_after=None, settings=SETTINGS, log=None):
    def report(share, text):
        if stop_after is not None and share >= stop_after:
            raise KeyboardInterrupt

    return train_expert(settings, folder, report, log)[0]


@pytest.mark.parametrize('robust', [False, True])
def test_resumed_training_ends_the_same(tmp_path, robust):
    settings, logs = replace(SETTINGS, robust=robust), [tmp_path / 'log a', tmp_path / 'log b']
    whole = train(tmp_path / 'a', None, settings, logs[0])
    for stop_after in (0.6, 0.8):
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path / 'b', stop_after, settings, logs[1])
    resumed = train(tmp_path / 'b', None, settings, logs[1])
    for choice in CHOICES:
        first, second = (found[choice][0].state_dict() for found in (whole, resumed))
        assert all(torch.equal(first[name], second[name]) for name in first)
        assert whole[choice][1] == resumed[choice][1]
    first, second = ((log / 'scalars.jsonl').read_bytes() for log in logs)
    assert first == second
    rows = [json.loads(line) for line in first.splitlines()]
    assert [row['step'] for row in rows if 'return_mean' in row] == [512, 1024]
    assert [row['step'] for row in rows if 'train/value_loss' in row] == [256, 512, 768, 1024]
    assert all(np.isfinite(list(row.values())).all() for row in rows)
    train(tmp_path / 'b', None, settings, logs[1])
    assert (logs[1] / 'scalars.jsonl').read_bytes() == first, 'there was nothing left to do'


def test_another_training_is_refused(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, 0.6)
    with pytest.raises(ValueError, match=r'is from another run \(seed 0, now 1\)'):
        train(tmp_path, settings=replace(SETTINGS, seed=1))


@pytest.mark.parametrize('name', simulated_robots())
def test_every_robot_gives_finite_networks(tmp_path, name):
    """Far too short to learn anything."""
    found = train(tmp_path, settings=replace(QUICK, environment=name))
    for net, scores in found.values():
        assert all(torch.isfinite(value).all() for value in net.state_dict().values())
        assert scores['steps'] == 128, 'half of them'
        assert np.isfinite(scores['return_mean'])


def test_non_finite_parameter_is_named(tmp_path, monkeypatch):
    def update(model):
        with torch.no_grad():
            model.policy.action_net.bias[0] = np.nan

    monkeypatch.setattr(expert.PPO, 'train', update)
    named = r'^expert, 128 steps: parameter action_net\.bias is not finite$'
    with pytest.raises(NotFiniteError, match=named):
        train(tmp_path, settings=QUICK)
    assert not (tmp_path / 'checkpoint.safetensors').exists()
    with pytest.raises(NotFiniteError, match=named):  # also after the last update
        train(tmp_path, settings=replace(QUICK, total_steps=128))


def test_divergence_in_an_update_is_named(tmp_path):
    with pytest.raises(NotFiniteError, match=r'^expert, 128 steps: parameter log_std '):
        train(tmp_path, settings=replace(QUICK, learning_rate=1e30, minibatch=32))


def test_checkpoint_has_the_best_networks(tmp_path):
    whole = train(tmp_path, settings=QUICK)
    assert [path.name for path in tmp_path.iterdir()] == ['checkpoint.safetensors']
    again = train(tmp_path, settings=QUICK)
    for choice in CHOICES:
        first, second = (found[choice][0].state_dict() for found in (whole, again))
        assert all(torch.equal(first[name], second[name]) for name in first)
    path = tmp_path / 'checkpoint.safetensors'
    tensors, about = checkpoint.read(path)
    checkpoint.write(path, {n: v for n, v in tensors.items() if n != 'teacher.mean'}, about)
    with pytest.raises(ValueError, match=r'(?s)checkpoint\.safetensors: not a valid .*mean'):
        train(tmp_path, settings=QUICK)


def test_time_running_out_is_told_from_a_fall():
    world = simulated_robot('walker2d')
    worlds = WorldVecEnv(world, 3, seed=0)
    worlds.reset()
    worlds.worlds.steps[0] = world.episode_steps - 1
    worlds.worlds.qpos[1, 1] = 0.1  # on the ground
    _, _, done, infos = worlds.step(np.zeros((3, 6)))
    worlds.close()
    assert done.tolist() == [True, True, False]
    assert [info.get('TimeLimit.truncated') for info in infos] == [True, False, None]


@pytest.mark.parametrize('late', [0, 1, 2])
def test_expert_is_judged_with_late_commands(monkeypatch, late):
    asked, acted = [], []

    class Net(torch.nn.Module):
        head = torch.nn.Linear(1, 6)

        def act(self, observation):
            asked.append(torch.full((len(observation), 6), 0.01 * (len(asked) + 1)))
            return asked[-1]

    def returns(act, episodes, seed, robot):
        worlds = expert.WorldBatch(robot, episodes, seed)
        acted.extend(act(worlds) for _ in range(4))
        worlds.close()
        return np.zeros(episodes)

    monkeypatch.setattr(expert, 'episode_returns', returns)
    expert.expert_returns(Net(), simulated_robot('walker2d'), 2, 0, f'command_delay:{late}')
    expected = [np.zeros((2, 6))] * late + [a.numpy() for a in asked]
    for found, wanted in zip(acted, expected, strict=False):
        np.testing.assert_allclose(found, wanted)


def test_commands_act_late_by_whole_periods():
    limits = SimpleNamespace(lower=(-1.0,) * 2, upper=(1.0,) * 2, safe=(0.0,) * 2)
    disturbances = Disturbances(200, limits, seed=0)
    has = disturbances.arrays['has']
    has[:, 2] = False  # no noise
    sent = np.random.default_rng(1).uniform(-1, 1, (9, 200, 2))
    acted = np.array([disturbances.pass_on(commands) for commands in sent])
    for late in range(len(LATE)):
        some = has[:, 0] + 2 * has[:, 1] == late
        assert some.mean() == pytest.approx(LATE[late], abs=0.1)
        assert np.array_equal(acted[late:, some], sent[: 9 - late, some])
        assert not acted[:late, some].any()
