"""A policy node in this process: how it starts, pauses, fails and ends."""

import pytest

pytest.importorskip('rclpy')

from types import SimpleNamespace

import yaml
from policy_here import hear, target
from rclpy.lifecycle import TransitionCallbackReturn
from sensor_msgs.msg import JointState
from std_srvs.srv import Trigger
from support import arm, make_bundle

from liquid_control import paths
from liquid_control.control import Contract
from liquid_control.nodes.policy_node import _work
from liquid_control.nodes.session import NodeError


def test_whatever_a_callback_raises_the_robot_is_told_to_be_safe_first():
    said = []

    class Failing:
        node = SimpleNamespace(
            finalized=False, end=said.append,
            settings=SimpleNamespace(autostart=False, lockstep=False, priority=0),
        )  # fmt: skip
        stopping = False

        def raise_priority(self, value):
            return 'none'

        def end_on(self, *numbers):
            pass

        def require_alone(self):
            pass

        def spin_once(self):
            raise OSError('no more files')

    with pytest.raises(OSError, match='no more files'):
        _work(Failing())
    assert said == ['an error']


@pytest.mark.parametrize('pause', ['stop', 'deactivate'])
def test_what_holds_is_heard_while_it_does_not_drive(told, pause):
    hear(told, 'targets', hip=1.0)
    hear(told, 'joint_states', hip=0.4, knee=-0.3)
    assert target(told) == 1.0
    told._outlet.stop('the operator') if pause == 'stop' else told.trigger_deactivate()
    steps = told.controller.counts['steps']
    hear(told, 'targets', hip=0.0)
    hear(told, 'joint_states', hip=0.4, knee=-0.3)
    assert told.controller.counts['steps'] == steps
    told._outlet.arm() if pause == 'stop' else told.trigger_activate()
    hear(told, 'joint_states', hip=0.4, knee=-0.3)
    assert target(told) == 0.0
    assert told.controller.counts['steps'] == steps + 1


def test_what_had_arrived_before_the_clean_up_is_ignored(told):
    """An executor may call what it has queued after the topic or service is destroyed."""
    topics = ('/joint_states', '/targets')
    heard = [one.callback for one in told.subscriptions if one.topic_name in topics]
    asked = [one.callback for one in told.services if one.srv_name.endswith(('/stop', '/arm'))]
    assert len(heard) == len(asked) == 2
    told.trigger_deactivate()
    told.trigger_cleanup()
    for callback in heard:
        callback(JointState())
    for callback in asked:
        assert not callback(Trigger.Request(), Trigger.Response()).success


class Life:
    """A session in which things happen to a node while it looks around."""

    def __init__(self, node, looking=lambda: None):
        self.node, self.stopping, self._looking = node, False, looking

    def end_on(self, *numbers):
        pass

    def require_alone(self):
        self._looking()

    def spin_once(self):
        self.stopping = True

    def spin_for(self, seconds):
        pass

    def raise_priority(self, value):
        return 'none'


def test_one_that_drives_already_when_its_name_turns_out_taken_is_safe_first(told):
    def taken():
        hear(told, 'targets', hip=1.0)
        hear(told, 'joint_states', hip=0.4, knee=-0.3)
        raise NodeError('another node named /policy')

    with pytest.raises(NodeError, match='another node'):
        _work(Life(told, taken))
    assert told.controller.stopped == 'another node named /policy'


def test_one_that_was_started_by_others_meanwhile_drives_on(told):
    told.settings = told.settings._replace(autostart=True)
    assert _work(Life(told)) == 0
    assert told.controller.stopped == 'asked to end'


@pytest.mark.parametrize('how', ['signal', 'shutdown'])
def test_one_that_is_ended_while_it_looks_around_never_starts(in_process, how):
    node = in_process(autostart=True)
    life = Life(node)
    if how == 'signal':
        life._looking = lambda: setattr(life, 'stopping', True)
    else:
        life._looking = node.trigger_shutdown
    assert _work(life) == 0
    assert node.controller is None


def test_one_that_is_shut_down_ends(told):
    life = Life(told)
    life.spin_once = told.trigger_shutdown
    assert _work(life) == 0
    assert told.controller.stopped == 'shut down'


def test_a_namespace_finds_its_parameters(in_process):
    config = paths.share() / 'config' / 'replay.yaml'
    node = in_process('--params-file', str(config), '-r', '__ns:=/left')
    assert node.get_parameter('shadow').value


@pytest.mark.parametrize('timeout', [1e-9, 0.009])
def test_a_timeout_below_one_period_is_refused(in_process, tmp_path, timeout):
    contract = Contract.from_dict(arm())
    assert timeout < 1.0 / contract.rate
    (tmp_path / 'arm.yaml').write_text(yaml.safe_dump(arm()))
    bundle = make_bundle(tmp_path / 'arm.onnx', contract.asking('angle'))
    node = in_process(robot=tmp_path / 'arm.yaml', policy=bundle, sensor_timeout=timeout)
    assert node.trigger_configure() != TransitionCallbackReturn.SUCCESS
    assert 'sensor_timeout: expected at least one period' in node.failure


def test_a_quality_of_service_cannot_be_overridden(in_process):
    name = 'qos_overrides./joint_states.subscription.reliability'
    with pytest.raises(NodeError, match='unknown parameter'):
        in_process(**{name: 'reliable'})


def test_a_name_that_ros_refuses_is_told_and_leaves_nothing_behind(in_process, tmp_path):
    robot = arm()
    robot['action']['topic'] = 'c' * 300  # longer than ROS allows
    (tmp_path / 'arm.yaml').write_text(yaml.safe_dump(robot))
    bundle = make_bundle(tmp_path / 'arm.onnx', Contract.from_dict(robot).asking('angle'))
    node = in_process(robot=tmp_path / 'arm.yaml', policy=bundle)
    before = [len(list(kind)) for kind in (node.publishers, node.subscriptions, node.timers)]
    assert node.trigger_configure() != TransitionCallbackReturn.SUCCESS
    assert 'c' * 200 in node.failure
    after = [len(list(kind)) for kind in (node.publishers, node.subscriptions, node.timers)]
    assert after == before
