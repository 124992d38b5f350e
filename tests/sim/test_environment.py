"""Every environment available for training matches Gymnasium's own."""

import numpy as np
import pytest

from liquid_control.sim import environment
from liquid_control.sim.batch import BatchWalkers


@pytest.fixture(params=environment.names())
def pair(request):
    gymnasium = pytest.importorskip('gymnasium')
    pytest.importorskip('imageio', reason='needs gymnasium[mujoco]')
    ours = environment.environment(request.param)
    theirs = gymnasium.make(f'{ours.name}-v5').unwrapped
    yield ours, theirs
    theirs.close()


@pytest.mark.parametrize('seed', [0, 7])
def test_start_observation_reward_and_end_are_gymnasiums(pair, seed):
    """Over random actions. The batch starts its solver from zero, and chaos amplifies that."""
    ours, theirs = pair
    walkers = BatchWalkers(1, 0, environment=ours)
    first, _ = theirs.reset(seed=seed)
    qpos, qvel = ours.start(walkers.model.qpos0, walkers.model.nv, seed)
    walkers.qpos[0], walkers.qvel[0] = qpos, qvel
    np.testing.assert_array_equal(walkers.sensed()[0], first)
    rng = np.random.default_rng(seed)
    for _ in range(25):
        action = rng.uniform(-1, 1, (1, walkers.model.nu))
        expected, reward, terminated, _, _ = theirs.step(action[0])
        found, over = walkers.step(action)
        np.testing.assert_allclose(walkers.sensed()[0], expected, atol=1e-5, rtol=1e-5)
        assert found[0] == pytest.approx(reward, abs=1e-5)
        assert over[0] == terminated
        if terminated:
            break
    walkers.close()


def test_a_period_is_as_long_as_gymnasiums(pair):
    ours, theirs = pair
    assert ours.period_s == pytest.approx(theirs.dt)
    assert ours.frame_skip == theirs.frame_skip
    assert ours.observe(theirs.data.qpos, theirs.data.qvel).shape == theirs.observation_space.shape


def test_an_unknown_environment_is_named():
    with pytest.raises(ValueError, match="did you mean 'hopper'"):
        environment.environment('hoper')
