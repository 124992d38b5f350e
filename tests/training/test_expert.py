"""PPO: it resumes exactly, in every environment."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from liquid_control.sim import environment
from liquid_control.training.disturbances import LATE, Disturbances
from liquid_control.training.expert import CHOICES, ExpertSettings, train_expert

SETTINGS = ExpertSettings(
    total_steps=1024, environments=8, rollout_steps=32, epochs=2, checkpoints=2, episodes=2,
    checkpoint_steps=256,
)  # fmt: skip


def train(folder, stop_after=None, settings=SETTINGS):
    def report(share, text):
        if stop_after is not None and share >= stop_after:
            raise KeyboardInterrupt

    return train_expert(settings, folder, report)


@pytest.mark.parametrize('robust', [False, True])
def test_a_training_that_was_stopped_ends_where_an_undisturbed_one_does(tmp_path, robust):
    settings = replace(SETTINGS, robust=robust)
    whole = train(tmp_path / 'a', settings=settings)
    for stop_after in (0.6, 0.8):
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path / 'b', stop_after, settings)
    resumed = train(tmp_path / 'b', settings=settings)
    for choice in CHOICES:
        first, second = (found[choice][0].state_dict() for found in (whole, resumed))
        assert all(torch.equal(first[name], second[name]) for name in first)
        assert whole[choice][1] == resumed[choice][1]


def test_another_training_is_refused(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, 0.6)
    with pytest.raises(ValueError, match=r'is from another run \(seed 0, now 1\)'):
        train(tmp_path, settings=replace(SETTINGS, seed=1))


@pytest.mark.parametrize('name', environment.names())
def test_every_environment_trains(tmp_path, name):
    settings = replace(SETTINGS, environment=name, total_steps=256)
    found = train(tmp_path, settings=settings)
    assert found['walker'][1]['episodes'] == 2


def test_commands_act_late_by_whole_periods():
    disturbances = Disturbances(200, 2, seed=0)
    arrays = disturbances.arrays
    arrays['noisy'][:] = False
    sent = np.random.default_rng(1).uniform(-1, 1, (9, 200, 2))
    acted = np.array([disturbances.pass_on(commands) for commands in sent])
    for late in range(len(LATE)):
        some = arrays['late'] == late
        assert some.mean() == pytest.approx(LATE[late], abs=0.1)
        assert np.array_equal(acted[late:, some], sent[: 9 - late, some])
        assert not acted[:late, some].any()
