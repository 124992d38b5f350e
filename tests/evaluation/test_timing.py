"""What a policy achieves and how fast its commands came never mix."""

import json
import math
import shutil

import numpy as np
import pytest
from recording import Recorder, command, joint_state
from support import STUDENT, make_bundle

from liquid_control.control import Bundle
from liquid_control.evaluation.metrics import measure
from liquid_control.evaluation.runs import about_run
from liquid_control.evaluation.timing import WALKED, timing

PERIOD = 8_000_000
NOW = 1_700_000_000_000_000_000


def test_latency_by_hand():
    found = timing(np.array([0.001, math.nan, 0.003]), missed=0, periods=3)
    assert found['sensor_to_command_ms_p50'] == pytest.approx(3.0)
    assert found['sensor_to_command_ms_p99'] == pytest.approx(3.0)


def test_missed_command_counts_in_percentiles():
    latency = [*[0.002] * 98, math.inf, math.nan]
    found = timing(np.array(latency), 1, 100)
    assert found['sensor_to_command_ms_p50'] == pytest.approx(2.0)
    assert found['sensor_to_command_ms_p99'] is None, 'more than one in a hundred'
    found = timing(np.array([*latency, *[0.002] * 100]), 1, 200)
    assert found['sensor_to_command_ms_p99'] == pytest.approx(2.0)


@pytest.mark.parametrize(('missed', 'in_time'), [(0, True), (10, True), (11, False), (607, False)])
def test_more_than_one_in_a_hundred_is_too_slow(missed, in_time):
    assert timing(np.zeros(0), missed, 1000)['in_time'] is in_time


def test_nothing_is_judged_without_periods():
    assert timing(np.zeros(0), 0, 0)['in_time'] is None


def test_real_time_gives_no_policy_figures(walks, tmp_path):
    """Its return stands beside its missed deadlines; what did not depend on time is unchanged."""
    shutil.copytree(walks().folder, tmp_path / 'run')
    lockstep = measure(tmp_path / 'run')
    run = json.loads((tmp_path / 'run' / 'run.json').read_text())
    (tmp_path / 'run' / 'run.json').write_text(json.dumps({**run, 'mode': 'realtime'}))
    found = measure(tmp_path / 'run')
    assert found['complete']
    assert all(found['figures'][name] is None for name in WALKED)
    assert found['figures']['parameters'] == lockstep['figures']['parameters']
    assert found['timing']['missed_deadlines'] == 3
    assert found['timing']['periods'] == sum(e['steps'] for e in found['episodes'])
    for name in WALKED:
        assert found['timing']['walk'][name] == lockstep['figures'][name]
    assert not any('return' in episode for episode in found['episodes'])
    assert [e['walk_return'] for e in found['episodes']] == [
        e['return'] for e in lockstep['episodes']
    ]
    assert not any('missed_deadlines' in episode for episode in lockstep['episodes'])


def test_on_a_robot_the_stamps_tell_the_latency(robot, tmp_path):
    """Commands 3 ms after their stamps; of 100 periods one has none, one comes after 9 ms."""
    bundle = make_bundle(tmp_path / 'policy.onnx', STUDENT)
    recorder = Recorder(tmp_path / 'bag')
    recorder._clock = iter(receive_times())
    names = robot.sensed[0].channels
    for step in range(100):
        stamp = NOW + step * PERIOD
        recorder.write(
            '/joint_states', 'sensor_msgs/msg/JointState', joint_state(stamp, names, [0.1] * 8)
        )
        if step != 50:
            recorder.write('/commands', 'std_msgs/msg/Float64MultiArray', command(stamp, [0.0] * 6))
    recorder.close()
    run = about_run(robot, Bundle.read(bundle), mode='robot', observed={})
    (tmp_path / 'run.json').write_text(json.dumps({**run, 'ended': 'done'}))
    result = measure(tmp_path)
    assert result['complete'], result['why']
    found = result['timing']
    assert found['sensor_to_command_ms_p50'] == pytest.approx(3.0)
    assert found['periods'] == 100
    assert found['missed_deadlines'] == 2
    assert not found['in_time']


def receive_times():
    for step in range(100):
        yield NOW + step * PERIOD + 100_000
        if step != 50:
            yield NOW + step * PERIOD + (9_000_000 if step == 70 else 3_000_000)
