"""Every shipped robot is Gymnasium's, in one world and in many."""

import numpy as np
import pytest

from liquid_control import sim
from liquid_control.sim.batch import WorldBatch
from liquid_control.sim.reader import StateReader
from liquid_control.sim.world import World

GYMNASIUM = {'walker2d': 'Walker2d-v5', 'hopper': 'Hopper-v5', 'halfcheetah': 'HalfCheetah-v5'}


@pytest.fixture(params=GYMNASIUM)
def pair(request):
    gymnasium = pytest.importorskip('gymnasium')
    pytest.importorskip('imageio', reason='needs gymnasium[mujoco]')
    theirs = gymnasium.make(GYMNASIUM[request.param]).unwrapped
    yield sim.simulated_robot(request.param), theirs
    theirs.close()


def observes(robot):
    """Reads what Gymnasium observes."""
    return StateReader(robot.load_model(), robot.contract().asking(*robot.teacher_terms))


def test_every_shipped_robot_is_compared():
    assert set(sim.simulated_robots()) == set(GYMNASIUM)


@pytest.mark.parametrize('seed', [0, 7])
def test_a_world_is_gymnasiums_bit_for_bit(pair, seed):
    """Observation, reward and fall of 300 random steps, even after falls, with sensors read."""
    robot, theirs = pair
    world, observe = World(robot), observes(robot)
    rng = np.random.default_rng(seed)
    first, _ = theirs.reset(seed=seed)
    world.reset(seed)
    assert observe(world.data.qpos, world.data.qvel).tobytes() == first.tobytes()
    for _ in range(300):
        action = rng.uniform(-1, 1, world.model.nu)
        expected, reward, terminated, _, _ = theirs.step(action)
        world.messages()
        found, fallen = world.step(action)
        assert observe(world.data.qpos, world.data.qvel).tobytes() == expected.tobytes()
        assert found == reward
        assert fallen == terminated


@pytest.mark.parametrize('seed', [0, 7])
def test_a_batch_is_gymnasiums(pair, seed):
    """Over random actions. The batch starts its solver from zero, and chaos amplifies that."""
    robot, theirs = pair
    worlds, observe = WorldBatch(robot, 1, 0), observes(robot)
    first, _ = theirs.reset(seed=seed)
    qpos, qvel = robot.start.draw(worlds.model.qpos0, worlds.model.nv, seed)
    worlds.qpos[0], worlds.qvel[0] = qpos, qvel
    np.testing.assert_array_equal(observe(worlds.qpos, worlds.qvel)[0], first)
    rng = np.random.default_rng(seed)
    for _ in range(25):
        action = rng.uniform(-1, 1, (1, worlds.model.nu))
        expected, reward, terminated, _, _ = theirs.step(action[0])
        found, fallen = worlds.step(action)
        observed = observe(worlds.qpos, worlds.qvel)[0]
        np.testing.assert_allclose(observed, expected, atol=1e-5, rtol=1e-5)
        assert found[0] == pytest.approx(reward, abs=1e-5)
        assert fallen[0] == terminated
        if terminated:
            break
    worlds.close()


def test_a_period_is_as_long_as_gymnasiums(pair):
    robot, theirs = pair
    assert robot.period_s == theirs.dt
    assert robot.frame_skip == theirs.frame_skip
    assert robot.contract().period_ns == robot.period_ns


def test_the_contract_reads_and_commands_everything(pair):
    robot, theirs = pair
    contract = robot.contract()
    seeing = contract.asking(*robot.teacher_terms)
    assert seeing.observation_size == theirs.observation_space.shape[0]
    assert contract.action.joints == robot.actuated
    np.testing.assert_array_equal(contract.action.lower, theirs.action_space.low)
    np.testing.assert_array_equal(contract.action.upper, theirs.action_space.high)


def test_an_unknown_robot_is_named():
    with pytest.raises(ValueError, match="did you mean 'hopper'"):
        sim.simulated_robot('hoper')
