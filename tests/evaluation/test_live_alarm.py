"""Live, message by message, the alarm says what a replay of the same bag says."""

import dataclasses

import numpy as np
import onnx
import pytest
from recording import Recorder, joint_state
from support import arm, make_bundle

from liquid_control.control import Bundle, Contract, PolicyRunner
from liquid_control.evaluation.alarm import Calibration
from liquid_control.evaluation.bag import Bag
from liquid_control.evaluation.live import LiveAlarm
from liquid_control.evaluation.scores import replay_scores


@pytest.fixture
def robot():
    data = arm()
    del data['observation'][1]
    return Contract.from_dict(data)


@pytest.fixture
def predictor(robot, tmp_path):
    """Foretells that nothing changes; alarmed by what moves."""
    calibration = Calibration(
        horizon=6, every=3, window=4, scale=(0.1, 0.1), band=(0.1, 0.1), threshold=0.5, rate=1.0,
        seconds=10.0, extrapolated=False,
    )  # fmt: skip

    def still(weights):
        weights['P'] = np.eye(*weights['P'].shape)

    path = make_bundle(tmp_path / 'still.onnx', robot.asking('angle'), edit=still)
    read = Bundle.read(path)
    model = onnx.load_from_string(read.graph)
    del model.metadata_props[:]
    about = dataclasses.replace(
        read, settings={'network': 'predictor'}, scores={'alarm': calibration.to_dict()}
    )
    return about.write(path, model.SerializeToString())


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
