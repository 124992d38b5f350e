"""The live alarm, message by message, agrees with a replay of the same bag."""

import numpy as np
import pytest
from alarmed import alarmed, joints_alone
from recording import Recorder, command, joint_state
from support import make_bundle

from liquid_control.bags.bag import Bag
from liquid_control.bags.merging import sensed
from liquid_control.control import PolicyRunner
from liquid_control.replay.live import LiveAccuracy, LiveAlarm
from liquid_control.replay.results import replay_policies


@pytest.fixture
def robot():
    return joints_alone()


@pytest.fixture
def predictor(robot, tmp_path):
    """Predicts that nothing changes, so that motion raises the alarm."""

    def still(weights):
        weights['P'] = np.eye(*weights['P'].shape)

    return alarmed(tmp_path, robot, 0.5, still)


@pytest.mark.parametrize('timed', [0, 230, 1000])
def test_live_says_what_a_replay_says(robot, predictor, tmp_path, monkeypatch, timed):
    """However many observations the replay takes step by step before it switches to sequences."""
    monkeypatch.setattr('liquid_control.replay.evaluator._TIMED', timed)
    recorder = Recorder(tmp_path / 'bag')
    for step in range(400):
        stamp = 10**9 + step * 10_000_000
        angle = 0.002 * max(0, step - 150) if step < 300 else 0.3
        message = joint_state(stamp, ['hip', 'knee'], [0.0, 12 * angle])
        recorder.write('/joint_states', 'sensor_msgs/msg/JointState', message)
    recorder.close()
    (score,), _ = replay_policies(Bag(tmp_path), [PolicyRunner(predictor)], robot)
    live = LiveAlarm(PolicyRunner(predictor), robot)
    raised = []
    for topic, message in sensed(Bag(tmp_path), robot, {}):
        live.take(topic, message)
        raised.append(live.alarm.raised)
    (event,) = live.alarm.events
    (replayed,) = score['alarm']['events']
    assert (event.start, event.end) == (replayed['start_ns'], replayed['end_ns'])
    assert list(event.joints) == ['knee']
    first = raised.index(True)
    # once the last of its rollouts has ended, and a few more have waited for their chunk
    assert event.start <= 10**9 + first * 10_000_000 <= event.start + 60_000_000
    assert not live.status['alarm']


def test_replay_covers_a_stopped_policy(robot, predictor, tmp_path):
    recorder = Recorder(tmp_path / 'bag')
    for step in range(400):
        stamp = 10**9 + step * 10_000_000
        angle = 0.02 * max(0, step - 250)
        message = joint_state(stamp, ['hip', 'knee'], [0.0, angle])
        recorder.write('/joint_states', 'sensor_msgs/msg/JointState', message)
        if step < 200:
            recorder.write(
                '/commands', 'std_msgs/msg/Float64MultiArray', command(stamp, [0.0, 0.0])
            )
    recorder.close()
    policy = make_bundle(tmp_path / 'policy.onnx', robot.asking('angle'))
    runners = [PolicyRunner(policy), PolicyRunner(predictor)]
    (drove, watched), heard = replay_policies(Bag(tmp_path), runners, robot)
    assert (heard['observations'], heard['answered']) == (400, 200)
    assert (drove['steps'], watched['steps']) == (200, 400)
    live = LiveAlarm(PolicyRunner(predictor), robot)
    for topic, message in sensed(Bag(tmp_path), robot, {}):
        live.take(topic, message)
    (event,), (replayed,) = live.alarm.events, watched['alarm']['events']
    assert (event.start, event.end) == (replayed['start_ns'], replayed['end_ns'])


def test_a_bundle_without_an_alarm_is_refused(robot, tmp_path):
    path = make_bundle(tmp_path / 'plain.onnx', robot.asking('angle'))
    with pytest.raises(ValueError, match='no alarm in its scores'):
        LiveAlarm(PolicyRunner(path), robot)


def test_an_alarm_counts_its_scores(robot, predictor, tmp_path):
    recorder = Recorder(tmp_path / 'bag')
    for step in range(400):
        position = [0.0, np.nan if step >= 200 else 0.0]
        message = joint_state(10**9 + step * 10_000_000, ['hip', 'knee'], position)
        recorder.write('/joint_states', 'sensor_msgs/msg/JointState', message)
    recorder.close()
    live, scored = LiveAlarm(PolicyRunner(predictor), robot), []
    for topic, message in sensed(Bag(tmp_path), robot, {}):
        live.take(topic, message)
        scored.append(live.scored)
    assert scored[0] == 0 < scored[100] < scored[199]
    assert scored[240] == scored[-1], 'what cannot be read gives no score'


def test_comparison_within_a_quarter_period():
    accuracy = LiveAccuracy(np.array([1.0, np.inf]), 1000)
    for stamp, value in ((0, 0.0), (1100, 1.0), (2300, 5.0), (3301, 6.0)):
        accuracy.observed(stamp, np.array([value, 100.0 * value]))
        accuracy.predicted(stamp + 1000, np.array([value + 0.5, 0.0]))
    # 0 → 1100 and 2300 → 3301 are close enough, as is 1100 → 2300: off by 200, at most 250
    assert accuracy.ratio == pytest.approx((0.5**2 + 3.5**2 + 0.5**2) / (1 + 16 + 1))
    for stamp, value in ((4301, np.nan), (5301, np.inf), (6301, 7.0)):
        accuracy.predicted(stamp, np.zeros(2))
        accuracy.observed(stamp, np.array([value, 0.0]))
    assert accuracy.ratio == pytest.approx((0.5**2 + 3.5**2 + 0.5**2) / (1 + 16 + 1))
    late = LiveAccuracy(np.ones(1), 1000)
    for stamp in (0, 1300):
        late.observed(stamp, np.zeros(1))
        late.predicted(stamp + 1000, np.ones(1))
    assert late.ratio is None
