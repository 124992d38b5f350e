"""How long an episode lasts where control periods have another length."""

import numpy as np
import pytest

from liquid_control import paths
from liquid_control.control import Contract, Controller, PolicyRunner
from liquid_control.control.bundle import Bundle
from liquid_control.evaluation import measure, measure_all, run_episodes
from liquid_control.evaluation.batch.episodes import BatchEpisodes, PlannedEpisode
from liquid_control.evaluation.trace import compare
from liquid_control.faults import nominal_on_average, parse
from liquid_control.faults.clock.jitter import Jitter
from liquid_control.sim import robot_of, simulated_contract

ROBOT = Contract.load(simulated_contract('walker2d'))
EXPERT = paths.policy('expert', 'walker2d')


@pytest.mark.parametrize(
    ('faults', 'nominal'),
    [
        ('none', True),
        ('gaussian:0.1+friction:2', True),
        ('jitter:0', True),
        ('jitter:0.25', True),
        ('jitter:0.25/ramp:100', True),
        ('period:1', True),
        ('period_ms:8', True),
        ('jitter:0.5', False),
        ('jitter:10', False),
        ('period:0.5', False),
        ('period_ms:4', False),
        ('period:2@10', False),
        ('period:2/ramp:100+jitter:0.1', False),
    ],
)
def test_periods_are_nominal_on_average(faults, nominal):
    assert nominal_on_average(parse(faults), ROBOT.period_ns) == nominal


@pytest.mark.parametrize('sigma', [0.1, 0.25, 0.5, 1.0, 10.0])
def test_mean_of_jitter_is_that_of_its_periods(sigma):
    class Drawn:
        def normal(self, each):
            return np.random.default_rng(0).standard_normal(1_000_000)

    fault = Jitter(sigma)
    assert fault.periods(Drawn()).mean() == pytest.approx(fault.mean, abs=2e-3)


@pytest.mark.parametrize(
    ('fault', 'steps'),
    [('none', 1000), ('jitter:0.25', 1000), ('period_ms:4', 2000), ('period_ms:12', 667),
     ('period_ms:16', 500), ('period:2@1', 501), ('period:10', 100), ('period:10+period:10', 10)],
)  # fmt: skip
def test_an_episode_has_the_time_of_the_robot(fault, steps, monkeypatch):
    standing(monkeypatch)
    assert measure_all(EXPERT, ROBOT, [fault], 1, 0)[0].steps == (steps,)
    assert measure(EXPERT, ROBOT, fault, 1, 0).steps == (steps,)


@pytest.mark.parametrize('fault', ['period:2@1', 'period:2/ramp:5', 'jitter:0.5', 'jitter:10'])
def test_uneven_periods_fill_the_time_and_no_more(fault, monkeypatch):
    standing(monkeypatch)
    controller = Controller(PolicyRunner(EXPERT), ROBOT)
    stamps = []
    (episode,) = run_episodes(
        controller, ROBOT, parse(fault), 1, 3, watch=lambda world: stamps.append(world.stamp_ns)
    )
    whole = robot_of(ROBOT).episode_steps * ROBOT.period_ns
    assert stamps[-1] - stamps[0] >= whole > stamps[-2] - stamps[0]
    assert len(stamps) == episode.steps + 1 < 1000


def test_a_batch_makes_room_for_short_periods(monkeypatch):
    standing(monkeypatch)
    runner = PolicyRunner(Bundle.read(EXPERT))
    lists = [parse(fault) for fault in ('none', 'period:0.25', 'jitter:0.5')]
    plans, found = [PlannedEpisode(at, 4 + at) for at in range(3)], {}
    batch = BatchEpisodes(runner, ROBOT, lists, 3, 'measured', False, steps=60)
    batch.run(iter(plans), found.__setitem__)
    assert [found[plan].steps for plan in plans[:2]] == [60, 240]
    for plan in plans:
        controller = Controller(runner.twin(), ROBOT, thin=False)
        (single,) = run_episodes(controller, ROBOT, lists[plan.faults], 1, plan.seed, 60)
        assert compare(single.trace, found[plan].trace) is None
        assert (single.total, single.steps) == (found[plan].total, found[plan].steps)


def standing(monkeypatch):
    """No robot falls."""
    task = type(robot_of(ROBOT).task)
    monkeypatch.setattr(task, 'fallen', lambda self, qpos, qvel: np.zeros(qpos.shape[:-1], bool))
