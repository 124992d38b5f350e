"""Live, message by message, the alarm says what a replay of the same bag says."""

import numpy as np
import pytest
from alarmed import alarmed, joints_alone
from recording import Recorder, joint_state
from support import make_bundle

from liquid_control.control import PolicyRunner
from liquid_control.evaluation.bag import Bag
from liquid_control.evaluation.live import LiveAlarm
from liquid_control.evaluation.scores import replay_scores


@pytest.fixture
def robot():
    return joints_alone()


@pytest.fixture
def predictor(robot, tmp_path):
    """Foretells that nothing changes; alarmed by what moves."""

    def still(weights):
        weights['P'] = np.eye(*weights['P'].shape)

    return alarmed(tmp_path, robot, 0.5, still)


@pytest.mark.parametrize('timed', [0, 230, 1000])
def test_live_says_what_a_replay_says(robot, predictor, tmp_path, monkeypatch, timed):
    """However many observations the replay steps one by one before it goes on by sequences."""
    monkeypatch.setattr('liquid_control.evaluation.player._TIMED', timed)
    recorder = Recorder(tmp_path / 'bag')
    for step in range(400):
        stamp = 10**9 + step * 10_000_000
        angle = 0.002 * max(0, step - 150) if step < 300 else 0.3
        message = joint_state(stamp, ['hip', 'knee'], [0.0, 12 * angle])
        recorder.write('/joint_states', 'sensor_msgs/msg/JointState', message)
    recorder.close()
    (score,), _ = replay_scores(Bag(tmp_path), [PolicyRunner(predictor)], robot)
    live = LiveAlarm(PolicyRunner(predictor), robot)
    raised = []
    for topic, message in Bag(tmp_path).observed(robot, {}):
        live.heard(topic, message)
        raised.append(live.alarm.raised)
    (event,) = live.alarm.events
    (replayed,) = score['alarm']['events']
    assert (event.start, event.end) == (replayed['start_ns'], replayed['end_ns'])
    assert list(event.joints) == ['knee']
    first = raised.index(True)
    # by the time that the last of its rollouts has ended, and some that wait for their chunk
    assert event.start <= 10**9 + first * 10_000_000 <= event.start + 60_000_000
    assert not live.status['alarm']


def test_a_bundle_without_an_alarm_is_refused(robot, tmp_path):
    path = make_bundle(tmp_path / 'plain.onnx', robot.asking('angle'))
    with pytest.raises(ValueError, match='no alarm in its scores'):
        LiveAlarm(PolicyRunner(path), robot)
