"""The benchmark of latency sends what the robot's contract asks for, whatever the robot."""

import json

import pytest
import yaml
from support import arm, make_bundle

pytest.importorskip('rclpy')

from liquid_control import paths
from liquid_control.cli.main import main
from liquid_control.control import Contract
from liquid_control.control.observe import Observer
from liquid_control.nodes.sample_messages import sample_message
from liquid_control.nodes.wire import set_stamp


def named_by(order=None, names=None, **term):
    """An arm whose angles come in another message."""
    data = arm()
    data['observation'][0] |= term | ({'order': order} if order else {})
    if names:
        data['observation'][0]['names'] = names
    return Contract.from_dict(data)


ROBOTS = {
    'walker2d': Contract.load(paths.robot('walker2d')),
    'go2': Contract.load(paths.robot('go2')),
    'arm': Contract.from_dict(arm()),
    'ordered': named_by(order=['elbow', 'hip', 'knee']),
    'a list of messages': named_by(
        type='sensor_msgs/msg/MultiDOFJointState', field='transforms[].translation.x',
        names='joint_names',
    ),
}  # fmt: skip


@pytest.mark.parametrize('name', ROBOTS)
def test_a_sample_of_every_topic_makes_an_observation(name):
    contract = ROBOTS[name]
    observer, found = Observer(contract), None
    for topic in reversed(contract.topics):
        message = sample_message(contract, topic)
        set_stamp(message, 10**9)
        found = observer.update(topic, message)
    assert found[1].tolist() == [0.0] * contract.sensed_size


def test_a_field_that_the_type_lacks_is_named():
    contract = named_by(field='positon')
    with pytest.raises(ValueError, match=r'joint_states, sensor_msgs/msg/JointState: .*positon'):
        sample_message(contract, 'joint_states')


def test_any_robot_is_measured_beside_the_echo(tmp_path):
    (tmp_path / 'arm.yaml').write_text(yaml.safe_dump(arm()))
    policy = make_bundle(tmp_path / 'arm.onnx', Contract.load(tmp_path / 'arm.yaml'))
    out = tmp_path / 'latency.json'
    arguments = ['--robot', str(tmp_path / 'arm.yaml'), '--policy', str(policy), '--rounds', '1']
    assert main(['benchmark', 'latency', *arguments, '--json', str(out)]) == 0
    found = json.loads(out.read_text())
    assert found['settings']['period_s'] == pytest.approx(0.01), "that of the robot's contract"
    assert found['echo']['samples'] > 50
    assert found['policies'][0]['loop']['samples'] > 50
