"""A replay never counts unjudged work as complete, nor mixes up runs or policies."""

import argparse
import json

import numpy as np
import pytest
from alarmed import alarmed, joints_alone
from recording import Recorder, command, joint_state, make_bundle, ros
from support import arm

from liquid_control import paths
from liquid_control.bags.bag import Bag, BagError
from liquid_control.bags.recording import read_recording
from liquid_control.cli.replay import _files
from liquid_control.control import Contract, PolicyRunner
from liquid_control.replay.fleet import replay_recording, summary
from liquid_control.replay.results import replay_policies

START, PERIOD = 10**9, 10_000_000
JOINT_STATE = 'sensor_msgs/msg/JointState'


def angles(step: int, nan_from: int | None = None) -> list[float]:
    hip = np.nan if nan_from is not None and step >= nan_from else np.sin(0.1 * step)
    return [hip, np.cos(0.1 * step)]


@pytest.fixture
def contract(tmp_path):
    path = tmp_path / 'arm.json'
    path.write_text(json.dumps(joints_alone().to_dict()))
    return path


def write(
    folder,
    count=200,
    nan_from=None,
    stamp=lambda step: START + step * PERIOD,
    told=lambda step: None,
):
    """A recording of both joints, and of the commands that ``told`` gives."""
    recorder = Recorder(folder / 'bag')
    for step in range(count):
        message = joint_state(stamp(step), ['hip', 'knee'], angles(step, nan_from))
        recorder.write('/joint_states', JOINT_STATE, message)
        if (values := told(step)) is not None:
            answer = command(stamp(step), values)
            recorder.write('/commands', 'std_msgs/msg/Float64MultiArray', answer)
    recorder.close()
    return folder


def replayed(folder, contract, *policies):
    return replay_recording(
        str(folder), robot=str(contract), policies=[str(p) for p in policies], horizon=5
    )


def test_unusable_bag_is_not_complete(tmp_path, contract):
    predictor = alarmed(tmp_path, joints_alone(), 0.5).path
    found = replayed(write(tmp_path / 'nan', nan_from=0), contract, predictor)
    assert not found['complete']
    assert (
        'no prediction could be scored (0 of 200 observations were used; '
        '200: observation not finite)'
    ) in found['why']


def test_used_observations_that_no_prediction_fits(tmp_path, contract):
    policy = make_bundle(tmp_path / 'policy.onnx', joints_alone().asking('angle'), seed=0)

    def slow(step):
        return START + 2 * step * PERIOD

    folder = write(tmp_path / 'bag', stamp=slow, told=lambda step: [0.0, 0.0])
    found = replayed(folder, contract, policy)
    said = '(200 of 200 observations were used; all: observations do not come a nominal period'
    assert said in found['why']


def test_a_fault_that_leaves_nothing_is_named(tmp_path, contract):
    path = make_bundle(tmp_path / 'policy.onnx', joints_alone().asking('angle'), seed=0)
    policy = PolicyRunner(path)
    bag = Bag(write(tmp_path / 'bag'))
    with pytest.raises(BagError, match='observation in it, as dropped:1 withheld 200 messages'):
        replay_policies(bag, [policy], Contract.load(contract), fault='dropped:1')


def test_starved_policy_is_not_complete(tmp_path, contract):
    policy = make_bundle(tmp_path / 'policy.onnx', joints_alone().asking('angle'), seed=0)

    def told(step):
        return [0.0, 0.0] if step < 15 else None

    found = replayed(write(tmp_path / 'bag', told=told), contract, policy)
    assert not found['complete']
    said = 'only 15 of 200 observations were used (185: no command answers them)'
    assert said in found['why']


def test_bag_too_short_for_the_alarm(tmp_path, contract):
    predictor = alarmed(tmp_path, joints_alone(), 0.5).path
    found = replayed(write(tmp_path / 'short', count=12), contract, predictor)
    assert 'its alarm watched nothing' in found['why']


def test_what_was_used_and_watched_is_said(tmp_path, contract):
    predictor = alarmed(tmp_path, joints_alone(), 5.0).path
    found = {
        name: replayed(write(tmp_path / name, nan_from=nan_from), contract, predictor)
        for name, nan_from in (('whole', None), ('half', 100))
    }
    (whole,), (half,) = (result['policies'] for result in found.values())
    assert (whole['used'], half['used']) == (200, 100)
    assert half['reasons'] == {'observation_not_finite': 100}
    assert 1.5 < whole['alarm']['watched_s'] < 2.0
    assert 0.5 < half['alarm']['watched_s'] < 1.0
    outcomes = {name: {'ok': True, 'result': result} for name, result in found.items()}
    (row,) = summary(outcomes)['policies'].values()
    assert row['used'] == 300
    assert row['watched_s'] == pytest.approx(2.7, abs=0.3)


def test_other_topics_keep_their_commands(tmp_path):
    robot = Contract.from_dict(arm())
    recorder = Recorder(tmp_path / 'run' / 'bag')
    for step in range(100):
        stamp = START + step * PERIOD
        message = joint_state(stamp, ['hip', 'knee'], angles(step))
        recorder.write('/joint_states', JOINT_STATE, message)
        recorder.write('/imu/data', 'sensor_msgs/msg/Imu', turning(stamp + 2_000_000))
        recorder.write('/commands', 'std_msgs/msg/Float64MultiArray', command(stamp, [0.1, 0.2]))
    recorder.close()
    runners = [
        PolicyRunner(make_bundle(tmp_path / f'{place}.onnx', robot.asking(*terms), seed=place))
        for place, terms in enumerate((['angle'], ['angle', 'rate']))
    ]
    bag = Bag(tmp_path / 'run')
    alone = [replay_policies(bag, [runner], robot)[0][0] for runner in runners]
    assert [score['steps'] for score in alone] == [100, 100]
    for order in (1, -1):
        together, heard = replay_policies(bag, runners[::order], robot)
        assert heard['answered'] == 100
        for score, other in zip(together[::order], alone, strict=True):
            assert score['steps'] == other['steps']
            assert score['prediction_mse'] == other['prediction_mse']
            assert score['actions_compared'] == 100


def test_impossible_command_is_counted(tmp_path):
    robot = Contract.from_dict(arm())
    odd = {50: [np.nan, 0.2], 60: [0.1, 2.146e9], 70: [0.1]}
    write(tmp_path / 'run', 100, told=lambda step: odd.get(step, [0.1, 0.2]))
    asked = robot.asking('angle', 'previous_action')
    runner = PolicyRunner(make_bundle(tmp_path / 'a.onnx', asked, seed=0))
    bag = Bag(tmp_path / 'run')
    (score,), heard = replay_policies(bag, [runner], robot)
    assert heard['answered'] == score['used'] == score['actions_compared'] == 97
    assert score['reasons'].keys() <= {'limited', 'slewed'}
    assert bag.left_out == {
        (
            'commands',
            'holds a value that is not finite, or says "no value" (2.146e9, 16000 for a speed)',
        ): 2,
        ('commands', 'has 1 values for 2 joints'): 1,
    }


def test_unanswered_observations_are_counted(tmp_path):
    robot = Contract.from_dict(arm())
    write(tmp_path / 'run', 100, told=lambda step: [0.1, 0.2] if step < 20 else None)
    runner = PolicyRunner(make_bundle(tmp_path / 'a.onnx', robot.asking('angle'), seed=0))
    (score,), _ = replay_policies(Bag(tmp_path / 'run'), [runner], robot)
    assert (score['observations'], score['used']) == (100, 20)


def test_a_bag_at_another_rate_is_not_complete(tmp_path, contract):
    predictor = alarmed(tmp_path, joints_alone(), 0.5).path
    twice = write(tmp_path / 'slow', stamp=lambda s: START + 2 * s * PERIOD + (s > 150) * PERIOD)
    found = replayed(twice, contract, predictor)
    assert found['coverage']['topics']['joint_states']['rate_hz'] == pytest.approx(50.0, rel=1e-3)
    assert found['why'].startswith('observations come at 50 Hz, the contract asks for 100 Hz')
    fast = write(
        tmp_path / 'odd', stamp=lambda s: START + (2 * s - min(s, 10)) * PERIOD
    )  # ten at the rate, the others at half of it
    why = replayed(fast, contract, predictor)['why']
    assert 'only 10 of 200 predictions could be scored' in why


def turning(stamp):
    kind = 'geometry_msgs/msg/Vector3'
    zero = {name: np.zeros(9) for name in (
        'orientation_covariance', 'angular_velocity_covariance', 'linear_acceleration_covariance',
    )}  # fmt: skip
    return ros(
        'sensor_msgs/msg/Imu',
        header=joint_state(stamp, [], []).header,
        orientation=ros('geometry_msgs/msg/Quaternion', x=0.0, y=0.0, z=0.0, w=1.0),
        angular_velocity=ros(kind, x=0.1, y=0.0, z=0.2),
        linear_acceleration=ros(kind, x=0.0, y=0.0, z=9.8),
        **zero,
    )


def test_restarted_clock_is_refused(tmp_path):
    folder = write(tmp_path / 'twice', stamp=lambda step: START + (step % 100 + 300) * PERIOD
                   - 300 * PERIOD * (step >= 100))  # fmt: skip
    robot = joints_alone()
    runner = PolicyRunner(make_bundle(tmp_path / 'a.onnx', robot.asking('angle'), seed=0))
    said = r'joint_states: its clock is set back at message 100 of 200: give each run'
    with pytest.raises(BagError, match=said):
        replay_policies(Bag(folder), [runner], robot)
    with pytest.raises(BagError, match=said):
        read_recording(Bag(folder), robot.asking('angle'))


def test_policies_of_one_name_differ(tmp_path, contract):
    asked = joints_alone().asking('angle')
    for place in (0, 1):
        (tmp_path / str(place)).mkdir()
    files = [make_bundle(tmp_path / str(p) / 'best.onnx', asked, seed=p) for p in (0, 1)]
    found = replayed(write(tmp_path / 'run'), contract, *files)
    names = [score['policy'] for score in found['policies']]
    assert names == [f'best {score["bundle_sha256"][:8]}' for score in found['policies']]
    assert len(set(names)) == 2
    # also when each recording has its own policy
    one = {f'run{p}': {'ok': True, 'result': replayed(tmp_path / 'run', contract, files[p])}
           for p in (0, 1)}  # fmt: skip
    rows = summary(one)['policies']
    assert [row['recordings'] for row in rows.values()] == [1, 1]


def test_other_inputs_are_replayed_again(tmp_path):
    given = argparse.Namespace(robot='walker2d', policy=['lstm'])
    assert _files(given, write(tmp_path / 'run')) == [
        paths.robot('walker2d'), paths.policy('lstm', 'walker2d')
    ]  # fmt: skip
