"""Metrics on small cases worked out by hand, and runs that are broken or cut short."""

import json
import math
import shutil
from dataclasses import replace
from operator import itemgetter

import numpy as np
import pytest
from recording import Recorder, joint_state, make_bundle, status
from support import arm

from liquid_control.bags.bag import Bag
from liquid_control.control import Bundle, Contract
from liquid_control.control.stamps import stamp_ns
from liquid_control.evaluation.metrics import (
    figures,
    load_metrics,
    measure,
)
from liquid_control.evaluation.prediction_error import PredictionErrors, channel_std
from liquid_control.evaluation.runs import about_run, policy_contract
from liquid_control.evaluation.trace import Trace

PERIOD = 8_000_000


@pytest.fixture
def two(robot):
    """A contract of two channels with standard deviations 0.05 and 0.1."""
    contract = policy_contract(robot, ['rootz.position', 'rooty.position'])
    return replace(contract, terms=(replace(contract.terms[0], std=(0.05, 0.1)),))


def trace(stamps, observations, predictions, step_s=0.0):
    count = len(stamps)
    return Trace(
        channels=('rootz.position', 'rooty.position'),
        stamps=np.array(stamps, dtype=np.int64),
        observations=np.array(observations, dtype=np.float32),
        actions=np.zeros((count, 6), dtype=np.float32),
        predictions=np.array(predictions, dtype=np.float32),
        elapsed=np.ones(count),
        reasons=np.zeros(count, dtype=np.int64),
        step_s=np.full(count, step_s),
        answers=np.ones(count, dtype=bool),
    )


def test_prediction_error_by_hand(two):
    # rootz: 0 → .1 → .1, predicted .05 and .1. rooty: constant at 1, predicted 1.2 and 1.
    seen = trace(
        [0, PERIOD, 2 * PERIOD],
        [[0, 1], [0.1, 1], [0.1, 1]],
        [[0.05, 1.2], [0.1, 1.0], [9, 9]],
    )
    found = figures(two, [seen])
    assert found['prediction_scored'] == 2
    channels = found['prediction_channels']
    assert channels['rootz.position']['mse'] == pytest.approx(((0.05 / 0.05) ** 2 + 0) / 2)
    assert channels['rooty.position']['mse'] == pytest.approx(((0.2 / 0.1) ** 2 + 0) / 2)
    assert channels['rootz.position']['persistence_mse'] == pytest.approx((0.1 / 0.05) ** 2 / 2)
    assert channels['rooty.position']['ratio'] is None
    assert found['prediction_mse'] == pytest.approx((0.5 + 2.0) / 2)
    assert found['persistence_mse'] == pytest.approx((2.0 + 0.0) / 2)
    assert found['prediction_ratio'] == pytest.approx(1.25)


def test_gaps_and_nan_are_not_scored(two):
    nan = float('nan')
    stamps = [0, PERIOD, 3 * PERIOD, 4 * PERIOD, 5 * PERIOD, 6 * PERIOD, 6 * PERIOD + 100]
    observed = [[0, 0], [1, 1], [2, 2], [3, nan], [4, 4], [5, 5], [6, 6]]
    predicted = [[1, 1], [9, 9], [9, 9], [nan, nan], [nan, nan], [9, 9], [9, 9]]
    errors = PredictionErrors.of(trace(stamps, observed, predicted), np.ones(2), PERIOD)
    assert errors.stamps.tolist() == [PERIOD]
    assert (errors.model == 0).all()
    assert (errors.persistence == 1).all()


def test_jitter_within_a_quarter_is_scored(two):
    stamps = [0, PERIOD + 1_900_000, 2 * PERIOD + 4_000_000]
    errors = PredictionErrors.of(
        trace(stamps, np.zeros((3, 2)), np.ones((3, 2))), np.ones(2), PERIOD
    )
    assert errors.stamps.tolist() == [stamps[1]]


def test_nothing_gives_nothing(two):
    found = figures(two, [trace([], np.zeros((0, 2)), np.zeros((0, 2)))])
    assert found['prediction_mse'] is None
    assert found['return_mean'] is None
    assert figures(two, [])['prediction_scored'] == 0
    json.dumps(found, allow_nan=False)


def test_return_and_status_by_hand(two):
    episodes = [
        {'return': 10.0, 'steps': 100, 'terminated': True},
        {'return': 30.0, 'steps': 1000, 'terminated': False},
    ]
    status = {'resident_mb': '71.5', 'step_p50_us': '', 'parameters': '4160', 'step_p99_us': 'nan'}
    walked = trace([0, PERIOD], np.zeros((2, 2)), np.zeros((2, 2)), step_s=25e-6)
    found = figures(two, [walked], episodes, status)
    assert found['return_mean'] == 20.0
    assert found['return_min'] == 10.0
    assert found['steps_mean'] == 550.0
    assert found['falls'] == 1
    assert found['resident_mb'] == 71.5
    assert found['parameters'] == 4160
    assert found['policy_step_us_p50'] == pytest.approx(25.0)


def test_without_std_the_recording_gives_it(two):
    bare = replace(two, terms=tuple(replace(term, std=None) for term in two.terms))
    walked = trace([0, 1, 2], [[0, 5], [2, 5], [4, float('nan')]], np.zeros((3, 2)))
    std, source = channel_std(bare, [walked])
    assert source == 'recording'
    assert std.tolist() == [1.0, 1e-3], 'a joint that stands still has a floor'
    assert channel_std(two, [walked])[1] == 'contract'


def test_a_run_is_measured_from_its_bag(walks):
    walk = walks('gaussian:0.2+dropped:0.15')
    result = measure(walk.folder)
    assert result['complete']
    assert result == json.loads((walk.folder / 'metrics.json').read_text())
    found = result['figures']
    assert found['return_mean'] == pytest.approx(np.mean([e.total for e in walk.episodes]))
    assert [e['steps'] for e in result['episodes']] == [e.steps for e in walk.episodes]
    assert [e['seed'] for e in result['episodes']] == [3, 4, 5]
    assert result['counts']['dropped'] == sum(e.steps - len(e.trace) for e in walk.episodes)
    assert result['counts']['events']['limited'] == 4
    assert found['parameters'] == 123
    assert result['timing'] is None, 'in lockstep there are no deadlines'
    contract = Bundle.read(walk.run['bundle']['path']).contract
    own = figures(contract, [e.trace for e in walk.episodes])
    assert own['prediction_mse'] == pytest.approx(found['prediction_mse'])
    assert own['persistence_mse'] == pytest.approx(found['persistence_mse'])


def test_measuring_twice_is_the_same(walks):
    assert measure(walks().folder) == measure(walks().folder)


def copy_of(walks, tmp_path):
    shutil.copytree(walks().folder, tmp_path / 'run')
    return tmp_path / 'run'


def test_run_cut_short_is_measured(walks, tmp_path):
    folder = copy_of(walks, tmp_path)
    run = json.loads((folder / 'run.json').read_text())
    (folder / 'run.json').write_text(json.dumps({**run, 'episodes': 5}))
    result = measure(folder)
    assert not result['complete']
    assert result['why'] == '3 of 5 episodes were finished'
    assert result['figures']['return_mean'] is not None
    for ended, why in (('interrupted', 'interrupted'), (None, 'stopped before it finished')):
        (folder / 'run.json').write_text(json.dumps({**run, 'ended': ended}))
        assert why in measure(folder)['why']
    (folder / 'run.json').write_text(json.dumps(run))
    assert measure(folder)['complete']
    (folder / 'metrics.json').unlink()
    assert load_metrics(folder) == json.loads((folder / 'metrics.json').read_text())
    (folder / 'bag' / 'metadata.yaml').unlink()
    file = folder / 'bag' / 'bag.mcap'
    file.write_bytes(file.read_bytes()[:-20])
    assert 'stopped before it finished' in measure(folder)['why']


@pytest.mark.parametrize(
    ('name', 'content', 'why'),
    [
        ('bag/bag.mcap', b'', 'no messages in this bag'),
        ('bag/bag.mcap', b'\x89MCAP0\r\n', 'no messages in this bag'),
        ('run.json', b'{', 'not JSON'),
        ('run.json', b'[' * 100_000, 'not JSON: nested too deeply'),
        ('run.json', b'[]', 'expected a mapping'),
        ('run.json', b'{}', 'expected a mapping, found nothing'),
    ],
)
def test_a_broken_run_says_why(walks, tmp_path, name, content, why):
    folder = copy_of(walks, tmp_path)
    (folder / name).write_bytes(content)
    result = measure(folder)
    assert not result['complete']
    assert why in result['why']
    assert json.loads((folder / 'metrics.json').read_text()) == result


@pytest.mark.parametrize(
    ('said', 'found'),
    [
        ([(True, 'overloaded')], 'overloaded'),
        ([(True, 'overloaded'), (False, 'overloaded')], 'overloaded'),
        ([(True, ''), (False, 'asked to end')], None),
    ],
)
def test_why_a_policy_was_stopped_is_kept(robot, bundle, tmp_path, said, found):
    """Not of one that was ended in order: it drove while it was active."""
    recorder = Recorder(tmp_path / 'bag')
    for at, (active, stopped) in enumerate(said, 1):
        last = status(at * 10**9, active=active, stopped=stopped)
        recorder.write('/policy/status', 'diagnostic_msgs/msg/DiagnosticArray', last)
    recorder.close()
    run = about_run(robot, Bundle.read(bundle), mode='robot')
    (tmp_path / 'run.json').write_text(json.dumps(run | {'ended': 'done'}))
    assert measure(tmp_path)['counts']['stopped'] == found


@pytest.mark.parametrize('late', [False, True])
def test_a_stopped_policy_completes_no_simulation(walks, tmp_path, late):
    """That it hears nothing after the last step, which stops it, does not count."""
    walk, recorder = walks(), Recorder(tmp_path / 'bag')
    bag, end = Bag(walk.folder), math.inf if late else 1_200_000_000
    for topic, _, _, message in sorted(bag.decoded(), key=itemgetter(2)):
        if topic != 'policy/status' and answered_stamp(topic, message) < end:
            recorder.write(f'/{topic}', bag.types[topic], message)
    stop = status(10**9, active=True, stopped='overloaded')
    recorder.write('/policy/status', 'diagnostic_msgs/msg/DiagnosticArray', stop)
    recorder.close()
    (tmp_path / 'run.json').write_text(json.dumps(walk.run))
    found = measure(tmp_path)
    assert found['complete'] is late
    assert found['why'] == ('' if late else 'the policy stopped driving: overloaded')
    assert found['figures']['episodes'] == 3


def answered_stamp(topic, message):
    """Stamp of the observation that a command or a prediction answers; 0: it answers none."""
    if topic == 'policy/prediction':
        return stamp_ns(message) - PERIOD
    return int(message.layout.dim[0].label) if topic == 'commands' else 0


def test_run_without_its_policy_says_so(robot, bundle, tmp_path):
    recorder = Recorder(tmp_path / 'bag')
    names = [*robot.sensed[0].channels, 'rootx']
    for step in range(3):  # no velocities, which the robot promises and the policy does not read
        message = joint_state(step * PERIOD, names, np.full(len(names), 0.1 * step))
        recorder.write('/joint_states', 'sensor_msgs/msg/JointState', message)
    recorder.close()
    run = about_run(robot, Bundle.read(bundle), mode='robot')
    (tmp_path / 'run.json').write_text(json.dumps(run | {'ended': 'done'}))
    result = measure(tmp_path)
    assert 'nothing was recorded of the policy' in result['why']
    assert result['counts']['messages'] == {'joint_states': 3}


def test_a_command_that_is_held_answers_nothing(tmp_path):
    """JointState commands at half the rate of the observations."""
    data = arm()
    del data['observation'][1]
    data['action'] = {**data['action'], 'type': 'sensor_msgs/msg/JointState', 'unit': 'rad'}
    robot = Contract.from_dict(data)
    bundle = make_bundle(tmp_path / 'arm.onnx', robot.asking('angle'), seed=0)
    recorder = Recorder(tmp_path / 'bag')
    for step in range(40):
        stamp = 10**9 + step * robot.period_ns
        message = joint_state(stamp, ['hip', 'knee'], [0.1, 0.2])
        recorder.write('/joint_states', 'sensor_msgs/msg/JointState', message)
        if step % 2 == 0:
            told = joint_state(stamp + 1000, ['hip', 'knee'], [0.01 * step, 0.0])
            recorder.write('/commands', 'sensor_msgs/msg/JointState', told)
    recorder.close()
    run = about_run(robot, Bundle.read(bundle), mode='robot')
    (tmp_path / 'run.json').write_text(json.dumps(run | {'ended': 'done'}))
    assert measure(tmp_path)['counts']['answered'] == 20


def test_contract_keeps_the_policys_order(robot):
    names = ['rootz.position', 'rootx.velocity', 'rooty.velocity']
    part = policy_contract(robot, names)
    assert list(part.sensed_channels) == names
    std = dict(zip(robot.sensed_channels, (s for t in robot.sensed for s in t.std), strict=True))
    assert [s for t in part.sensed for s in t.std] == [std[name] for name in part.sensed_channels]
    assert isinstance(part, Contract)
    with pytest.raises(ValueError, match=r'not offered: nose\.position'):
        policy_contract(robot, ['nose.position'])


def test_what_holds_is_not_scored(two):
    """As in a replay: it is given, not predicted."""
    held = replace(two.terms[0], name='told', topic='told', hold=True, std=None)
    both = replace(two, terms=(two.terms[0], held))
    seen = trace([0, PERIOD], [[0, 1], [0.1, 1]], [[0.05, 1.2], [9, 9]])
    wide = replace(
        seen,
        channels=both.sensed_channels,
        observations=np.concatenate([seen.observations, 7 * seen.observations], axis=1),
        predictions=np.concatenate([seen.predictions, 3 * seen.predictions], axis=1),
    )
    alone, together = figures(two, [seen]), figures(both, [wide])
    assert together['prediction_scale'] == 'contract'
    for name in ('prediction_scored', 'prediction_mse', 'prediction_ratio', 'prediction_channels'):
        assert together[name] == alone[name]
