"""Jitter: periods of uneven length, actually simulated, in one world and in many."""

import numpy as np
import pytest

from liquid_control import paths
from liquid_control.control import Contract
from liquid_control.faults import BatchFaults, SharedDraws, SimulationFaults, parse
from liquid_control.faults.clock.jitter import Jitter
from liquid_control.sim import simulated_robot
from liquid_control.sim.batch import WorldBatch
from liquid_control.sim.world import World

ROBOT = Contract.load(paths.robot('walker2d'))
WALKER2D = simulated_robot('walker2d')
PERIOD_NS = WALKER2D.period_ns


def draws(count, rng=None):
    return SharedDraws(rng or np.random.default_rng(0), (count, 1))


def clock_of(spec, seed=3):
    return SimulationFaults(parse(spec), seed, ROBOT.action)


def test_periods_are_normal_about_one_and_bounded():
    periods = Jitter(0.2).periods(draws(40_000))
    assert periods.mean() == pytest.approx(1.0, abs=0.01)
    assert periods.std() == pytest.approx(0.2, rel=0.03)
    assert Jitter(5.0).periods(draws(1000)).min() == 0.5
    assert Jitter(5.0).periods(draws(1000)).max() == 2.0


def test_a_clock_depends_on_seed_and_stamp_alone():
    clock = clock_of('jitter:0.25')
    stamps = range(0, 10**9, 10**7)
    first = [clock.period(stamp, 0) for stamp in stamps]
    again = [clock_of('jitter:0.25').period(stamp, 0) for stamp in reversed(stamps)]
    assert first == again[::-1]
    assert len(set(first)) > 50
    assert clock_of('gaussian:1+delay:2').period(5, 0) == 1.0


def test_a_clock_may_become_uneven_in_mid_walk_in_one_world_and_in_many():
    clock = clock_of('jitter:0.25@10')
    lengths = [clock.period(PERIOD_NS * step, step) for step in range(40)]
    assert lengths[:10] == [1.0] * 10
    assert len(set(lengths[10:])) == 30
    batch = BatchFaults.of(parse('jitter:0.25@10'), np.ones((2, 1)), ROBOT)
    rng = np.random.default_rng(0)
    assert (batch.periods(np.array([9, 10]), rng) == 1.0).tolist() == [True, False]


def test_a_period_of_another_length_is_that_many_physics_steps():
    """2 and then 6 physics steps equal two nominal periods, in stamps and in reward."""
    uneven, even = World(WALKER2D), World(WALKER2D)
    rewards = []
    for world, lengths in ((uneven, (0.5, 1.5)), (even, (1.0, 1.0))):
        world.reset(1)
        rewards.append(sum(world.step(np.full(6, 0.3), length)[0] for length in lengths))
    assert uneven.stamp_ns == even.stamp_ns
    assert uneven.data.qpos.tobytes() == even.data.qpos.tobytes()
    assert rewards[0] == pytest.approx(rewards[1], rel=1e-9)


def test_many_worlds_of_uneven_periods_agree_with_one():
    rng, walkers = np.random.default_rng(0), WorldBatch(WALKER2D, 3, seed=0)
    worlds = [World(WALKER2D) for _ in range(3)]
    for world, qpos, qvel in zip(worlds, walkers.qpos, walkers.qvel, strict=True):
        world.reset(0)
        world.data.qpos[:], world.data.qvel[:] = qpos, qvel
    for _ in range(60):
        actions = rng.uniform(-1, 1, (3, len(WALKER2D.actuated)))
        lengths = walkers.whole(Jitter(0.3).periods(draws(3, rng)))
        rewards, fallen = walkers.step(actions, lengths)
        for index, world in enumerate(worlds):
            reward, over = world.step(actions[index], lengths[index])
            assert reward == pytest.approx(rewards[index], abs=1e-9)
            assert over == fallen[index]
    walkers.close()
