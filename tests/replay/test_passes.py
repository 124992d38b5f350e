"""A pass with running sums agrees with traces, and its injected faults with recorded ones."""

from dataclasses import replace

import numpy as np
import pytest
from recording import Recorder, joint_state
from support import arm, make_bundle

from liquid_control.bags.bag import Bag
from liquid_control.control import Contract, Controller, PolicyRunner
from liquid_control.evaluation.metrics import figures
from liquid_control.evaluation.recorded_trace import recorded_trace
from liquid_control.replay.passes import _Silence
from liquid_control.replay.results import replay_policies
from liquid_control.replay.sums import Moments, Thinned, Times
from liquid_control.replay.trace import replay

FAULT = 'gaussian:0.2+dropped:0.15'


def figures_of(score):
    timed = ('policy_step_us_p50', 'policy_step_us_p99', 'fault', 'policy', 'bundle_sha256')
    return {k: v for k, v in score.items() if k not in timed}


def test_sums_say_what_the_trace_says(walks, robot, bundle, other, monkeypatch):
    monkeypatch.setattr('liquid_control.replay.evaluator._CHUNK', 7)  # forces many parts
    walk = walks()
    runners = [PolicyRunner(path) for path in (other, bundle)]
    scores, heard = replay_policies(Bag(walk.folder), runners, robot)
    for runner, score in zip(runners, scores, strict=True):
        trace = replay(Bag(walk.folder), Controller(runner, robot))
        recorded = recorded_trace(Bag(walk.folder), runner.contract)
        expected = figures(runner.contract, [trace])
        assert score['steps'] == heard['answered'] == len(trace)
        for name in ('prediction_scored', 'prediction_mse', 'persistence_mse'):
            assert score[name] == pytest.approx(expected[name], rel=1e-9)
        difference = np.abs(trace.actions - recorded.actions)
        assert score['action_difference_max'] == pytest.approx(difference.max())
    assert scores[1]['action_difference_max'] == 0


def test_two_replays_are_the_same(walks, robot, bundle):
    runs = [
        replay_policies(Bag(walks().folder), [PolicyRunner(bundle)], robot, fault=FAULT, seed=3)
        for _ in range(2)
    ]
    (first, heard), (second, again) = runs
    assert figures_of(first[0]) == figures_of(second[0])
    assert heard == again


@pytest.mark.parametrize('fault', ['none', 'gaussian:0.1+dropped:0.2'])
def test_policies_replay_independently(robot, bundle, tmp_path, fault):
    """Velocities, which only the second asks for, are empty in every second message."""
    recorder, names = Recorder(tmp_path / 'bag'), [*robot.sensed[0].channels, 'rootx']
    for step in range(200):
        velocity = [0.0] * 9 if step % 2 else []
        message = joint_state(10**9 + step * robot.period_ns, names, [0.01 * step] * 9, velocity)
        recorder.write('/joint_states', 'sensor_msgs/msg/JointState', message)
    recorder.close()
    asked = robot.asking('joint_position', 'joint_velocity')
    greedy = make_bundle(tmp_path / 'greedy.onnx', asked)

    def replayed(*paths):
        runners = [PolicyRunner(path) for path in paths]
        return replay_policies(Bag(tmp_path), runners, robot, fault=fault)[0]

    (alone,) = replayed(bundle)
    (first, second), (again, _) = replayed(bundle, greedy), reversed(replayed(greedy, bundle))
    assert figures_of(first) == figures_of(again) == figures_of(alone)
    assert alone['prediction_scored'] > 100
    assert 0 < second['used'] <= 100
    assert figures_of(second) == figures_of(replayed(greedy)[0])


def test_errors_are_in_units_of_the_robots_std(walks, robot, bundle):
    walk = walks()
    first, *rest = robot.terms
    wide = replace(first, std=tuple(100.0 * std for std in first.std))
    louder = replace(robot, terms=(wide, *rest))
    ours, theirs = (
        replay_policies(Bag(walk.folder), [PolicyRunner(bundle)], one)[0][0]
        for one in (robot, louder)
    )
    assert theirs['prediction_mse'] == pytest.approx(1e-4 * ours['prediction_mse'])
    silent = replace(robot, terms=(replace(first, std=None), *rest))
    (told,), _ = replay_policies(Bag(walk.folder), [PolicyRunner(bundle)], silent)
    assert told['prediction_scale'] == 'recording'


@pytest.mark.parametrize(
    'fault',
    [
        FAULT,
        'delay:2@7+gaussian:0.1+dropped:0.1+jitter:0.1',
        'bias:0.2+frozen:1/burst:5:20+stamp_jitter:0.2+dropped:0.1',
        'stuck:0.1:3+drift:0.5+random_walk/ramp:30+delay_ms:12+dropped:0.2@9',
    ],
)
def test_replayed_fault_equals_recorded_fault(walks, robot, bundle, fault):
    walk = walks(fault)  # its bag has both the true and the faulty sensors
    runner = PolicyRunner(bundle)
    sensed = fault.removesuffix('+jitter:0.1')  # that is in the recording itself
    (injected,), heard = replay_policies(Bag(walk.folder), [runner], robot, fault=sensed, seed=3)
    (recorded,), _ = replay_policies(Bag(walk.folder), [runner], robot, walk.run['observed'])
    assert heard['lost'] > 0
    assert figures_of(injected) == figures_of(recorded)


@pytest.mark.parametrize('sigma', [0.05, 0.5, 2.0])
def test_commands_are_found_under_wrong_stamps(walks, robot, bundle, sigma):
    fault = f'stamp_jitter:{sigma}'
    (score,), heard = replay_policies(
        Bag(walks().folder), [PolicyRunner(bundle)], robot, fault=fault
    )
    assert heard['answered'] == heard['observations'] == score['actions_compared']
    assert score['used'] == score['steps'] == heard['observations']
    assert score['prediction_scored'] > 0


@pytest.mark.parametrize('fault', ['none', 'dropped:0.3', 'stamp_jitter:0.3', 'frozen:1'])
def test_both_one_step_ratios_count_the_same(tmp_path, fault):
    """At 50 Hz, where a free run starts at every observation."""
    data = arm()
    data['rate'] = 50.0
    del data['observation'][1]
    robot = Contract.from_dict(data)
    recorder, rng = Recorder(tmp_path / 'bag'), np.random.default_rng(1)
    for step in range(300):
        angles = np.cumsum(rng.standard_normal(2))
        message = joint_state(10**9 + step * robot.period_ns, ['hip', 'knee'], angles)
        recorder.write('/joint_states', 'sensor_msgs/msg/JointState', message)
    recorder.close()
    runner = PolicyRunner(make_bundle(tmp_path / 'arm.onnx', robot.asking('angle'), seed=2))
    (score,), _ = replay_policies(Bag(tmp_path), [runner], robot, fault=fault)
    assert score['horizons']['scored'][0] == score['prediction_scored'] > 50
    assert score['horizons']['mse'][0] == pytest.approx(score['prediction_mse'], rel=1e-5)
    assert score['horizons']['ratio'][0] == pytest.approx(score['prediction_ratio'], rel=1e-5)


def test_one_step_is_the_next_observation(walks, robot, bundle):
    (score,), _ = replay_policies(Bag(walks().folder), [PolicyRunner(bundle)], robot)
    horizons = score['horizons']
    assert horizons['steps'] == list(range(1, len(horizons['steps']) + 1))
    assert horizons['ratio'][0] == pytest.approx(score['prediction_ratio'], rel=0.3)
    assert all(np.isfinite(horizons['mse']))


def test_a_topic_that_falls_silent_is_said(tmp_path):
    data = arm()
    rate = data['observation'][1]
    rate.update(topic='targets', type='sensor_msgs/msg/JointState', field='position', hold=True)
    rate['joints'] = rate.pop('components')
    robot = Contract.from_dict(data)
    recorder = Recorder(tmp_path / 'bag')
    for step in range(200):
        stamp = 10**9 + step * 10_000_000
        if step < 50:
            message = joint_state(stamp, ['x', 'z'], [step * 0.01, 1.0])
            recorder.write('/targets', 'sensor_msgs/msg/JointState', message)
        message = joint_state(stamp, ['hip', 'knee'], [np.sin(step / 9), 0.0])
        recorder.write('/joint_states', 'sensor_msgs/msg/JointState', message)
    recorder.close()
    runner = PolicyRunner(make_bundle(tmp_path / 'arm.onnx', robot.asking('angle', 'rate')))
    (score,), heard = replay_policies(Bag(tmp_path), [runner], robot)
    assert score['steps'] == 200  # the last target holds
    assert heard['silences'] == [{'topic': 'targets', 'since_s': 0.49, 'until_s': None}]
    assert list(score['prediction_channels']) == ['hip.position', 'knee.position']


def test_unlabelled_commands_compare_by_stamp(tmp_path):
    data = arm()
    data['action'].update(type='sensor_msgs/msg/JointState', unit='rad')
    del data['observation'][1], data['action']['slew']
    robot = Contract.from_dict(data)
    recorder, sent = Recorder(tmp_path / 'bag'), {}
    kind = 'sensor_msgs/msg/JointState'
    for step in range(60):
        stamp = 10**9 + step * 10_000_000
        angle = [np.sin(step / 9), 0.1]
        recorder.write('/joint_states', kind, joint_state(stamp, ['hip', 'knee'], angle))
        if step >= 5 and step % 3 == 0:  # every third step, in reverse joint order, a little later
            sent[step] = np.array([0.01 * step, -0.5], dtype=np.float32)
            late = joint_state(stamp + 2_000_000, ['knee', 'hip'], sent[step][::-1])
            recorder.write('/commands', kind, late)
    recorder.close()
    runner = PolicyRunner(
        make_bundle(tmp_path / 'arm.onnx', robot.asking('angle', 'previous_action'))
    )
    (score,), heard = replay_policies(Bag(tmp_path), [runner], robot)
    assert (score['steps'], heard['answered']) == (60, len(sent))
    controller, told, largest = Controller(runner, robot), None, 0.0
    for step in range(60):
        angle = np.array([np.sin(step / 9), 0.1], dtype=np.float32)
        action = controller.step(10**9 + step * 10_000_000, angle).action
        told = sent.get(step, told)
        if step in sent:
            largest = max(largest, np.abs(action.astype(np.float64) - told).max())
        if told is not None:
            runner.sent(told)
    assert score['actions_compared'] == len(sent)
    assert score['action_difference_max'] == pytest.approx(largest, rel=1e-6)


def test_a_gap_of_all_topics_is_no_silence():
    silence = _Silence(Contract.from_dict(arm()))
    for start in (0, 10**10):
        for step in range(100):
            for topic in ('imu/data', 'joint_states'):
                silence.take(topic, 1 + start + step * 10_000_000)
    assert silence.end() == []


def test_sums_over_parts_are_sums_over_all():
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((1000, 3)) * [1.0, 5.0, 0.1] + 100
    moments = Moments(3)
    for part in np.array_split(rows, 13):
        moments.add(part)
    np.testing.assert_allclose(moments.std, rows.std(axis=0), rtol=1e-9)
    times, seconds = Times(), rng.lognormal(-10, 0.5, 20_000)
    for part in np.array_split(seconds, 7):
        times.add(part)
    for share in (0.5, 0.99):
        assert times.quantile(share) == pytest.approx(np.quantile(seconds, share), rel=0.02)
    assert Times().quantile(0.5) is None


def test_what_is_shown_is_thinned_evenly():
    thinned = Thinned(limit=100)
    for number in range(12_345):
        thinned.add(number, -number)
    numbers, negative = thinned.columns()
    assert 50 <= len(numbers) <= 100
    assert len(set(np.diff(numbers))) == 1
    assert (numbers == -negative).all()
