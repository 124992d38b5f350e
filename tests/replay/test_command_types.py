"""Commands of every message type are compared, or a replay is not complete and says why."""

import dataclasses

import numpy as np
import pytest
from recording import Recorder, header, joint_state, ros
from support import arm, make_bundle

from liquid_control.bags.bag import Bag
from liquid_control.bags.commands import unfit
from liquid_control.bags.coverage import coverage
from liquid_control.bags.draft import draft
from liquid_control.cli import main as cli
from liquid_control.control import Contract, command_codec
from liquid_control.control.observe import NO_SPEED, NO_VALUE
from liquid_control.control.topics import FLOAT64_MULTI_ARRAY, JOINT_STATE
from liquid_control.replay.fleet import replay_recording

COUNT, PERIOD_NS, START_NS = 60, 10_000_000, 1_700_000_000_000_000_000
JOINTS = ('hip', 'knee')
TOLD = np.array([0.25, -0.5])
NOTHING = ros('builtin_interfaces/msg/Duration', sec=0, nanosec=0)


def trajectory(stamp, names=('knee', 'hip'), points=1):
    values = [TOLD[JOINTS.index(name)] for name in names if name in JOINTS]
    none = np.zeros(0)
    rest = {'velocities': none, 'accelerations': none, 'effort': none}
    kind = 'trajectory_msgs/msg/JointTrajectoryPoint'
    point = ros(kind, positions=np.array(values), time_from_start=NOTHING, **rest)
    return ros('trajectory_msgs/msg/JointTrajectory', header=header(stamp),
               joint_names=list(names), points=[point] * points)  # fmt: skip


def twist(stamp):
    def vector(x=0.0, z=0.0):
        return ros('geometry_msgs/msg/Vector3', x=x, y=0.0, z=z)

    return ros('geometry_msgs/msg/Twist', linear=vector(x=TOLD[0]), angular=vector(z=TOLD[1]))


def numbers(stamp, label=''):
    dim = ros('std_msgs/msg/MultiArrayDimension', label=label, size=2, stride=2)
    layout = ros('std_msgs/msg/MultiArrayLayout', dim=[dim] if label else [], data_offset=0)
    return ros('std_msgs/msg/Float64MultiArray', layout=layout, data=TOLD)


KINDS = {
    'trajectory_msgs/msg/JointTrajectory': trajectory,
    'geometry_msgs/msg/Twist': twist,
    'sensor_msgs/msg/JointState': lambda stamp: joint_state(stamp, JOINTS, TOLD),
    'std_msgs/msg/Float64MultiArray': numbers,
}


def recorded(path, kind, make=None, topic='/told'):
    """Joint states of the arm at 100 Hz, each followed by a command 1 ms later."""
    recorder = Recorder(path)
    clock = iter(range(START_NS, START_NS + 2 * COUNT * PERIOD_NS, PERIOD_NS // 2))
    recorder._clock = clock
    for step in range(COUNT):
        stamp = START_NS + step * PERIOD_NS
        angles = np.sin(0.1 * step + np.arange(2))
        recorder.write('/joint_states', 'sensor_msgs/msg/JointState',
                       joint_state(stamp, JOINTS, angles))  # fmt: skip
        recorder.write(topic, kind, (make or KINDS[kind])(stamp + 1_000_000))
    recorder.close()
    return path


def asking(kind, unit='rad', joints=JOINTS, topic='told'):
    data = arm()
    data['observation'] = data['observation'][:1]
    data['action'] = {'topic': topic, 'type': kind, 'joints': list(joints), 'unit': unit,
                      'lower': -1.0, 'upper': 1.0, 'safe': 0.0}  # fmt: skip
    return data


def replayed(tmp_path, data, bag):
    import yaml

    contract = tmp_path / 'arm.yaml'
    contract.write_text(yaml.safe_dump(data))
    asked = Contract.load(contract).asking('angle')
    bundle = make_bundle(tmp_path / 'policy.onnx', asked, edit=lambda w: w.update(A=w['A'] * 0))
    return replay_recording(str(bag), robot=str(contract), policies=[str(bundle)])


@pytest.mark.parametrize('kind', KINDS)
def test_commands_are_compared_joint_by_joint(tmp_path, kind):
    joints = ('linear.x', 'angular.z') if kind.endswith('Twist') else JOINTS
    found = replayed(tmp_path, asking(kind, joints=joints), recorded(tmp_path / 'bag', kind))
    (score,) = found['policies']
    assert found['complete'], found['why']
    assert score['actions_compared'] == COUNT
    assert score['action_difference_max'] == pytest.approx(0.5), 'the policy always says 0'
    assert score['action_difference_rms'] == pytest.approx(np.sqrt(np.mean(TOLD**2)))


@pytest.mark.parametrize(('kind', 'changes', 'said'), [
    ('sensor_msgs/msg/JointState', {'unit': '1'}, 'does not tell position, velocity and effort'),
    ('geometry_msgs/msg/Twist', {'joints': ('x', 'yaw')}, 'x, yaw are no fields of a Twist'),
    ('sensor_msgs/msg/JointState', {'kind': 'std_msgs/msg/Float64MultiArray'},
     'told has type sensor_msgs/msg/JointState, the contract says std_msgs/msg/Float64MultiArray'),
    ('geometry_msgs/msg/Twist', {'topic': 'elsewhere'}, 'the bag has told (Twist)'),
    ('trajectory_msgs/msg/JointTrajectory', {'joints': ('hip', 'wrist')},
     'no message on told can be used: they are left out, because each '),
])  # fmt: skip
def test_uncompared_commands_are_incomplete(tmp_path, kind, changes, said):
    data = asking(**{'kind': kind, **changes})
    found = replayed(tmp_path, data, recorded(tmp_path / 'bag', kind))
    assert not found['complete']
    assert found['why'].startswith('commands not compared, because ')
    assert said in found['why']
    assert found['policies'][0]['actions_compared'] == 0


def test_incomplete_replay_exits_with_1(tmp_path, capsys):
    bag = recorded(tmp_path / 'bag', 'geometry_msgs/msg/Twist')
    replayed(tmp_path, asking('geometry_msgs/msg/Twist', joints=('x', 'yaw')), bag)
    files = ['--robot', str(tmp_path / 'arm.yaml'), '--policy', str(tmp_path / 'policy.onnx')]
    assert cli.main(['replay', str(bag), *files]) == 1
    assert capsys.readouterr().out.startswith('NOT COMPLETE commands not compared, because')


def test_bag_without_commands_is_complete(tmp_path, capsys):
    bag = recorded(tmp_path / 'bag', 'sensor_msgs/msg/JointState', topic='/other_states')
    found = replayed(tmp_path, asking('std_msgs/msg/Float64MultiArray', topic='commands'), bag)
    assert found['complete'], found['why']
    files = ['--robot', str(tmp_path / 'arm.yaml'), '--policy', str(tmp_path / 'policy.onnx')]
    assert cli.main(['replay', str(bag), *files]) == 0
    assert 'no commands recorded' in capsys.readouterr().out.splitlines()[0]


@pytest.mark.parametrize('kind', [JOINT_STATE, FLOAT64_MULTI_ARRAY])
def test_a_drafted_contract_reads_its_commands(tmp_path, kind):
    path = recorded(tmp_path / 'bag', kind, topic='/joint_commands')
    contract = Contract.parse(draft(coverage(Bag(path)), 'arm'))
    assert (contract.action.topic, contract.action.type) == ('joint_commands', kind)
    reader = command_codec(contract)
    for message in Bag(path).messages('joint_commands'):
        assert reader.read(message).tolist() == TOLD.tolist()


def test_a_plan_of_several_points_is_no_command(tmp_path):
    kind = 'trajectory_msgs/msg/JointTrajectory'
    bag = recorded(tmp_path / 'bag', kind, lambda stamp: trajectory(stamp, points=3))
    found = replayed(tmp_path, asking(kind), bag)
    assert not found['complete']
    left_out = found['coverage']['bag']['left_out']
    assert ['told', 'cannot be used: has 3 points: a plan, not a command', COUNT] in left_out


def test_each_marker_means_no_value():
    action = Contract.from_dict(arm()).action
    for unit, value, fits in (
        ('rad', NO_SPEED, True), ('rad', NO_VALUE, False), ('rad/s', NO_SPEED, False),
        ('rad/s', 15999.0, True),
    ):  # fmt: skip
        one = dataclasses.replace(action, units=(unit, unit))
        assert (unfit(np.array([0.0, value], dtype=np.float32), one) is None) == fits


@pytest.mark.parametrize(('later_ns', 'answered'), [(0, COUNT // 2), (1_000_000, COUNT)])
def test_a_stamp_names_an_observation_or_a_time(tmp_path, later_ns, answered):
    """A policy is played only what was answered, where the commands name what they answer."""
    recorder = Recorder(tmp_path / 'bag')
    for step in range(COUNT):
        stamp = START_NS + step * PERIOD_NS
        recorder.write('/joint_states', JOINT_STATE, joint_state(stamp, JOINTS, np.zeros(2)))
        if step < COUNT // 2:
            sent = joint_state(stamp + later_ns, JOINTS, TOLD)
            recorder.write('/told', JOINT_STATE, sent)
    recorder.close()
    found = replayed(tmp_path, asking(JOINT_STATE), tmp_path / 'bag')
    (score,) = found['policies']
    assert score['actions_compared'] == COUNT // 2
    assert score['steps'] == answered
    assert score['action_difference_max'] == pytest.approx(0.5)


def test_observed_commands_name_no_observation(tmp_path):
    """Their stamps are those of a topic that is sensed: their own."""
    data = asking(JOINT_STATE)
    term = {**data['observation'][0], 'name': 'told', 'topic': 'told', 'hold': True}
    data['observation'].append(term)
    found = replayed(tmp_path, data, recorded(tmp_path / 'bag', JOINT_STATE))
    assert found['policies'][0]['steps'] == COUNT
    assert found['policies'][0]['actions_compared'] == COUNT


def test_slower_commands_leave_nothing_out(tmp_path):
    """Whoever commands at a lower rate than the contract's leaves nothing out."""
    recorder = Recorder(tmp_path / 'bag')
    for step in range(COUNT):
        stamp = START_NS + step * PERIOD_NS
        recorder.write('/joint_states', JOINT_STATE, joint_state(stamp, JOINTS, np.zeros(2)))
        if step % 10 == 0:
            recorder.write('/told', JOINT_STATE, joint_state(stamp, JOINTS, TOLD))
    recorder.close()
    found = replayed(tmp_path, asking(JOINT_STATE), tmp_path / 'bag')
    assert found['policies'][0]['steps'] == COUNT
    assert found['policies'][0]['actions_compared'] == COUNT // 10
