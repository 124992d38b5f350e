"""Many episodes at once are the single ones, to the last step."""

import numpy as np
import pytest
from counting import FAILURES, failing

from liquid_control import paths
from liquid_control.control import Contract, Controller, PolicyRunner, Reason
from liquid_control.evaluation import Results, measure_all, run_episodes
from liquid_control.evaluation.batch import measure as measuring
from liquid_control.evaluation.batch.episodes import BatchEpisodes, PlannedEpisode
from liquid_control.evaluation.trace import compare
from liquid_control.faults import FaultError, names, parse

SEED, STEPS = 40, 120
SETTINGS = {'removed': 'removed:0:on=rootz', 'frozen': 'frozen:1/burst:10:40', 'push': 'push:200'}
COMBINED = (
    'none', 'jitter:0.25+dropped:0.3+delay:2', 'period:0.5', 'period:0.5+dropped:0.5',
    'delay:3@60+dropped:0.3@100', 'friction:0.5+mass:1.5:thigh@40', 'period:10+period:10+delay:1',
    'stamp_jitter:1+delay_ms:20+dropped:0.97', 'bias:0.1/ramp:50+motor:0.8/wave:30',
)  # fmt: skip
FAULTS = (*COMBINED, *(SETTINGS.get(name, name) for name in names()))
POLICIES = [
    *(('walker2d', name) for name in ('cfc', 'lstm', 'ltc', 'ltc_ncp', 'lrc', 'stc', 'liquid_s4')),
    ('walker2d', 'expert'), ('hopper', 'expert'), ('halfcheetah', 'expert'),
]  # fmt: skip


def alone(runner, robot, fault, seed, steps=None, **settings):
    controller = Controller(runner.twin(), robot, **settings)
    return run_episodes(controller, robot, parse(fault), 1, seed, steps)[0]


def require_equal(runner, robot, faults, episodes, steps=STEPS, count=16, **settings):
    """Run episodes at once and one by one, and compare all that happens in them."""
    settings = {'elapsed': 'measured', 'thin': True, **settings}
    found = {}
    lists = [parse(fault) for fault in faults]
    jobs = [
        PlannedEpisode(at, SEED + index) for at in range(len(faults)) for index in range(episodes)
    ]
    worlds = BatchEpisodes(runner, robot, lists, count, steps=steps, **settings)
    lasted = worlds.run(iter(jobs), found.__setitem__)
    assert sorted(found) == jobs
    assert lasted == sum(episode.steps for episode in found.values())
    for job in jobs:
        batch = found[job]
        single = alone(runner, robot, faults[job.faults], job.seed, steps, **settings)
        where = faults[job.faults], job.seed
        assert compare(single.trace, batch.trace) is None, where
        for name in ('seed', 'total', 'steps', 'terminated', 'stopped'):
            assert getattr(single, name) == getattr(batch, name), where
    return found


def shipped(name, policy):
    return PolicyRunner(paths.policy(policy, name)), Contract.load(paths.robot(name))


@pytest.mark.parametrize(('name', 'policy'), POLICIES)
def test_a_batch_equals_single_episodes(name, policy):
    require_equal(*shipped(name, policy), COMBINED[:2], 6)


@pytest.mark.parametrize('part', range(6))
def test_every_fault_acts_as_in_a_single_episode(part):
    require_equal(*shipped('walker2d', 'cfc'), FAULTS[part::6], 2)


@pytest.mark.parametrize('settings', [{'thin': False}, {'elapsed': 'nominal'}])
def test_settings_act_as_in_a_single_episode(settings):
    faults = ['period_ms:4', 'period_ms:16', 'jitter:0.5']
    found = require_equal(*shipped('walker2d', 'lstm'), faults, 2, **settings)
    fast = found[PlannedEpisode(0, SEED)].trace
    thinned = (fast.reasons & Reason.SURPLUS).any()
    assert thinned == settings.get('thin', True)


def test_worlds_are_taken_over_by_the_next_episodes(robot, bundle):
    found = require_equal(PolicyRunner(bundle), robot, COMBINED[:3], 9, steps=None, count=5)
    assert len({episode.steps for episode in found.values()}) > 3


def test_a_policy_that_fails_is_scored_as_stopped(robot, tmp_path):
    contract = robot.asking('joint_position')
    healthy = None
    for failure in FAILURES:
        path = failing(tmp_path / f'{failure}.onnx', contract, failure, 9)
        found = measure_all(path, robot, ['none', 'dropped:0.3'], 3, SEED)
        for fault, result in zip(('none', 'dropped:0.3'), found, strict=True):
            assert result.stopped == (True, True, True)
            for index in range(3):
                single = alone(PolicyRunner(path), robot, fault, SEED + index)
                assert single.stopped is not None
                assert (single.total, single.steps) == (result.returns[index], result.steps[index])
        if failure != 'step':
            require_equal(PolicyRunner(path), robot, ['none', 'dropped:0.3'], 3, steps=40)
        path = failing(tmp_path / f'{failure}.onnx', contract, failure, 5000)
        healthy = measure_all(path, robot, ['none'], 2, SEED)[0]
        assert healthy.stopped == (False, False)


def test_results_are_those_of_single_episodes(robot, bundle):
    faults = ['none', 'jitter:0.25+dropped:0.3+delay:1']
    found = measure_all(bundle, robot, faults, 3, 4)
    runner = PolicyRunner(bundle)
    for fault, result in zip(faults, found, strict=True):
        singles = [alone(runner, robot, fault, 4 + index) for index in range(3)]
        assert result == Results.of(fault, 4, runner.contract, singles)
        assert None not in result.errors + result.persistence


def test_a_policy_that_reads_the_base_is_run_one_by_one(robot, tmp_path, monkeypatch):
    base = {
        'name': 'pitch', 'topic': 'imu/data', 'type': 'sensor_msgs/msg/Imu', 'unit': 'rad/s',
        'field': 'angular_velocity', 'components': ['y'], 'std': 5.0,
    }  # fmt: skip
    data = robot.to_dict()
    data['observation'].append(base)
    sensing = Contract.from_dict(data, robot.source)
    path = failing(tmp_path / 'base.onnx', sensing.asking('joint_position', 'pitch'), 'state', 5000)
    monkeypatch.setattr(measuring, 'BatchEpisodes', None)
    found = measure_all(path, sensing, ['gaussian'], 2, SEED)[0]
    assert found.returns[1] == alone(PolicyRunner(path), sensing, 'gaussian', SEED + 1).total


def test_progress_rises_to_the_end(robot, tmp_path):
    path = failing(tmp_path / 'still.onnx', robot.asking('joint_position'), 'state', 5000)
    shown = []
    measure_all(path, robot, ['none', 'delay'], 2, SEED, report=lambda *now: shown.append(now))
    shares = [share for share, _ in shown]
    assert shares == sorted(shares)
    assert 0.0 < shares[0] < 0.25, 'it is shown before the first episode ends'
    assert shown[-1] == (1.0, shown[-1][1])
    assert {text for _, text in shown} == {'', 'none', 'delay'}


@pytest.mark.parametrize('single', [False, True])
@pytest.mark.parametrize(('fault', 'count'), [('period_ms:16', 1), ('none', 0)])
def test_untrained_periods_are_warned_about_once(caplog, monkeypatch, single, fault, count):
    runner, robot = shipped('walker2d', 'cfc')
    if single:
        monkeypatch.setattr(measuring, 'joints_alone', lambda *contracts: False)
    measure_all(runner.bundle, robot, [fault], 2, SEED)
    found = [record.getMessage() for record in caplog.records]
    assert len(found) == count
    if count:
        assert 'over 50 steps is 1.98 nominal periods; the policy was trained with 0.92' in found[0]
        run_episodes(Controller(runner, robot), robot, parse(fault), 1, SEED)
        assert found == [caplog.records[-1].getMessage()]
        caplog.clear()
        measure_all(runner.bundle, robot, [fault], 2, SEED, warn=False)
        assert not caplog.records


def test_bad_input_is_refused_before_any_episode(robot, bundle):
    shown: list = []
    for wrong, message in (
        ({'faults': ['none', 'dely:1']}, "did you mean 'delay'"),
        ({'episodes': 0}, 'episodes: expected 1 or more, found 0'),
        ({'seed': -1}, 'seed: expected a whole number'),
        ({'elapsed': 'nomnal'}, 'elapsed: expected measured or nominal, found nomnal'),
    ):
        given = {'faults': ['none'], 'episodes': 1, 'seed': 0, **wrong}
        with pytest.raises((FaultError, ValueError), match=message):
            measure_all(bundle, robot, report=lambda *now: shown.append(now), **given)
        assert shown == []


def test_errors_are_in_units_of_the_variance(robot, tmp_path):
    path = failing(tmp_path / 'still.onnx', robot.asking('joint_position'), 'state', 5000)
    result = measure_all(path, robot, ['none', 'dropped:1'], 2, SEED)
    assert result[0].errors == result[0].persistence  # it predicts no change
    assert np.all(np.array(result[0].errors, dtype=float) > 0.0)
    assert result[1].errors == result[1].persistence == (None, None)
