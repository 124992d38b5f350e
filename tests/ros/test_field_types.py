"""A policy node reads what its contract asks for, or says at configure that it cannot."""

import array
import time

import pytest
import rclpy
import yaml
from geometry_msgs.msg import Twist
from rclpy.lifecycle import TransitionCallbackReturn
from sensor_msgs.msg import JointState
from support import arm, make_bundle

from liquid_control.control import Contract
from liquid_control.nodes.policy_node import PolicyNode
from liquid_control.nodes.rehearsal import Rehearsal
from liquid_control.nodes.wire import set_stamp


@pytest.fixture
def node_for(tmp_path):
    """node_for(observation) → a policy node of an arm that is asked for this second term."""
    nodes = []

    def make(**term):
        data = arm(freshness=5.0)
        data['observation'][1] = {'name': 'more', 'topic': 'more', 'unit': '1', 'std': 1.0, **term}
        (tmp_path / 'arm.yaml').write_text(yaml.safe_dump(data))
        asked = Contract.from_dict(data).asking('angle', 'more')
        bundle = make_bundle(tmp_path / 'arm.onnx', asked)
        given = ['-p', f'robot:={tmp_path / "arm.yaml"}', '-p', f'policy:={bundle}']
        # In its own domain, so that leftovers of this process do not affect other tests.
        rclpy.init(args=['policy', '--ros-args', *given, '-p', 'rehearsals:=0'], domain_id=50)
        nodes.append(PolicyNode())
        return nodes[-1]

    yield make
    for node in nodes:
        node.trigger_shutdown()
        node.destroy_node()
    rclpy.try_shutdown()


@pytest.mark.parametrize(
    ('term', 'said'),
    [
        (
            {'type': 'sensor_msgs/msg/PointCloud', 'field': 'channels[].values',
             'names': 'channels[].name', 'joints': ['hip']},
            'topic more: sensor_msgs/msg/PointCloud: channels[].values: expected one of the',
        ),
        (
            {'type': 'sensor_msgs/msg/JointState', 'field': 'velocty', 'joints': ['hip']},
            "topic more: sensor_msgs/msg/JointState: unknown field 'velocty' (did you mean 'vel",
        ),
        (
            {'type': 'my_robot/msg/Motors', 'field': 'q', 'joints': ['hip']},
            'topic more: my_robot/msg/Motors is not installed here',
        ),
        (
            {'type': 'geometry_msgs/msg/Twist', 'field': 'linear', 'components': ['x']},
            'topic more: a geometry_msgs/msg/Twist has no header',
        ),
    ],
)  # fmt: skip
def test_a_field_that_cannot_be_read_is_refused_at_configure(node_for, term, said):
    node = node_for(**term)
    assert node.trigger_configure() != TransitionCallbackReturn.SUCCESS
    assert said in node.failure


def test_a_command_without_a_header_is_an_observation_live(node_for):
    node = node_for(
        type='geometry_msgs/msg/Twist', field='linear', components=['x'], hold=True
    )  # fmt: skip
    node.start()
    steps = node.controller.events
    twist = Twist()
    twist.linear.x = 0.5
    for _ in range(3):
        joints = JointState(name=['hip', 'knee'], position=array.array('d', [0.0, 1.0]))
        set_stamp(joints, time.time_ns())
        node._answering.take('joint_states', joints)
        node._answering.take('more', twist)
    assert steps['messages_refused'] == 0
    assert steps['steps'] >= 2
    assert node.controller.stopped is None
    hosted = node.hosted
    rehearsal = Rehearsal(hosted.runner, hosted.robot, hosted.codec)
    for topic, message in (('more', twist), ('joint_states', joints)):
        rehearsal.learn(topic, message)
    rehearsal()
