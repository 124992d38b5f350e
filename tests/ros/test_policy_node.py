"""The policy node alone: what it answers, when it stops, and that it sends nothing unsafe."""

import array
import math
import signal
import time

import pytest

pytest.importorskip('rclpy')

from types import SimpleNamespace

import numpy as np
import rclpy
import yaml
from diagnostic_msgs.msg import DiagnosticStatus
from peer import UPRIGHT, Peer
from rclpy.duration import Duration
from rclpy.lifecycle import TransitionCallbackReturn
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray, MultiArrayDimension
from std_srvs.srv import Trigger
from support import STUDENT, arm, make_bundle

from liquid_control import paths
from liquid_control.control import Contract, Controller, PolicyRunner
from liquid_control.control.commands import command_reader
from liquid_control.nodes.policy_node import PolicyNode, _work
from liquid_control.nodes.sent_commands import SentCommands
from liquid_control.nodes.session import NodeError
from liquid_control.nodes.watchdog import Watchdog
from liquid_control.nodes.wire import set_stamp
from liquid_control.sim import simulated_robot

WALKER2D = simulated_robot('walker2d')


@pytest.fixture
def peer():
    peer = Peer()
    yield peer
    peer.close()


def finite_and_inside(commands):
    return all(math.isfinite(v) and -1.0 <= v <= 1.0 for command in commands for v in command)


SAFE = [0.0] * 6
BENT = [0.0, 1.2, 0.1, -0.4, -0.5, 0.3, -0.2, -0.6, 0.2]


def test_silent_sensors_bring_the_safe_action_and_then_silence(peer, start_node):
    node = start_node('policy', policy='cfc', sensor_timeout=0.5)
    peer.drive()
    node.wait_for('no observation for')
    peer.until(lambda: peer.commands[-11:] == [SAFE] * 11)  # repeated, should one be lost
    peer.until_quiet()
    count = len(peer.commands)
    peer.walk(10)
    assert len(peer.commands) == count, 'a stopped node drives only after it is armed again'

    assert peer.call('policy/arm').success
    peer.drive()
    assert len(peer.commands) > count
    assert finite_and_inside(peer.commands)


def test_silence_stops_a_policy_whose_predictions_are_never_finite(peer, start_node, tmp_path):
    def blind(weights):
        weights['P'] *= math.nan

    path = make_bundle(tmp_path / 'blind.onnx', STUDENT, edit=blind)
    node = start_node('policy', policy=path, sensor_timeout=4.0)

    def drives():  # its commands are finite
        peer.walk(1)
        return any(any(command) for command in peer.commands)

    peer.until(drives)
    node.wait_for('no observation for')
    peer.until(lambda: peer.commands[-1] == SAFE)


def test_parts_of_the_joints_that_come_at_one_moment_are_joined(peer, start_node):
    start_node('policy', policy='cfc', sensor_timeout=20.0)
    periods = 0

    def answered():
        nonlocal periods
        if peer.commands:
            periods += 1
        for part in (slice(0, 4), slice(4, None)):
            peer.send(UPRIGHT[part], WALKER2D.joints[part])
        peer.spin(0.008)
        return len(peer.commands) >= 30

    peer.until(answered)
    assert len(peer.commands) >= periods / 4


def test_the_operator_stops_it(peer, start_node):
    start_node('policy', policy='cfc', sensor_timeout=5.0)
    peer.drive()
    assert peer.call('policy/stop').success
    peer.until(lambda: peer.commands[-11:] == [SAFE] * 11)
    peer.until_quiet()
    count = len(peer.commands)
    peer.walk(10)
    assert len(peer.commands) == count


@pytest.mark.parametrize(
    'broken',
    [
        {'position': [math.nan] * 9},
        {'position': [0.0, math.inf, *[0.0] * 7]},
        {'position': [0.0] * 4},
        {'names': [f'motor_{i}' for i in range(9)]},
        {'position': [], 'names': []},
    ],
    ids=['nan', 'inf', 'short', 'unknown joints', 'empty'],
)
def test_broken_messages_are_survived_and_never_drive(peer, start_node, broken):
    node = start_node('policy', policy='cfc', sensor_timeout=60.0)
    peer.drive()
    peer.until_quiet(1.0)
    last, count = peer.commands[-1], len(peer.commands)
    peer.walk(40, **broken)
    assert finite_and_inside(peer.commands)
    made = peer.commands[count:]
    assert all(command in (last, SAFE) for command in made), 'held, or safe, or nothing'
    assert node.process.poll() is None
    peer.until_quiet(1.0)
    count = len(peer.commands)

    def drives_on():
        peer.walk(1)
        return len({tuple(command) for command in peer.commands[count:]}) > 3

    peer.until(drives_on)


def test_without_a_clock_that_moves_nothing_is_sent(peer, start_node):
    node = start_node('policy', policy='cfc', sensor_timeout=3.0, use_sim_time=True)
    node.wait_for('active: cfc drives walker2d at 125 Hz')
    peer.heard_by(1)
    peer.walk(60)
    assert peer.commands == []
    assert node.end() == 0


@pytest.mark.parametrize(
    'number',
    [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGTSTP],
)
def test_a_signal_ends_it_with_the_safe_action(peer, start_node, number):
    node = start_node('policy', policy='cfc', sensor_timeout=5.0)
    peer.drive()
    assert node.end(number) == 0
    peer.until(lambda: peer.commands[-1] == SAFE)


def test_asked_to_end_again_while_it_ends_it_is_not_killed(peer, start_node):
    node = start_node('policy', policy='cfc', sensor_timeout=5.0)
    peer.drive()
    end = time.monotonic() + 60.0
    while node.process.poll() is None and time.monotonic() < end:
        node.process.send_signal(signal.SIGINT)  # the terminal, and then ros2 launch
        time.sleep(0.005)
    assert node.process.returncode == 0
    peer.until(lambda: peer.commands[-1] == SAFE)


def test_joint_order_does_not_matter(peer, start_node, tmp_path):
    robot = yaml.safe_load(paths.robot('walker2d').read_text())
    patient = tmp_path / 'walker2d.yaml'  # a busy machine answers late
    patient.write_text(yaml.safe_dump({**robot, 'freshness': 5.0}))
    bundle = paths.policy('cfc', 'walker2d')
    start_node('policy', policy=bundle, robot=patient, sensor_timeout=5.0)
    peer.drive()
    answers = []
    for step in (1, -1):
        assert peer.call('policy/stop').success
        assert peer.call('policy/arm').success
        peer.until_quiet(1.0)
        count = len(peer.commands)

        def answered(step=step, count=count):
            peer.send(position=BENT[::step], names=WALKER2D.joints[::step])
            peer.spin(0.05)
            return len(peer.commands) > count

        peer.until(answered)
        answers.append(peer.commands[count])
    assert answers[0] == answers[1], 'the first answer after a reset, to one posture'
    assert answers[0] != SAFE


def test_its_lifecycle_can_be_driven_from_outside(peer, start_node):
    from lifecycle_msgs.msg import Transition
    from lifecycle_msgs.srv import ChangeState

    node = start_node('policy', policy='cfc', autostart=False, sensor_timeout=5.0)

    def change(transition):
        asked = Transition(id=transition)
        return peer.services.call(ChangeState, 'policy/change_state', transition=asked).success

    node.wait_for('ros2 lifecycle set /policy configure')
    peer.walk(10)
    assert not peer.commands, 'unconfigured it is silent'
    assert change(Transition.TRANSITION_CONFIGURE)
    peer.walk(10)
    assert not peer.commands, 'inactive it is silent'
    assert change(Transition.TRANSITION_ACTIVATE)
    peer.drive()
    assert change(Transition.TRANSITION_DEACTIVATE)
    peer.until(lambda: peer.commands[-1] == SAFE)
    peer.until_quiet()
    count = len(peer.commands)
    peer.walk(10)
    assert len(peer.commands) == count
    assert change(Transition.TRANSITION_CLEANUP)
    assert change(Transition.TRANSITION_CONFIGURE)
    assert change(Transition.TRANSITION_ACTIVATE)
    peer.drive()
    assert node.end() == 0


def test_a_failed_configuration_can_be_mended_and_tried_again(peer, start_node, tmp_path):
    from lifecycle_msgs.msg import Transition
    from lifecycle_msgs.srv import ChangeState

    contract = tmp_path / 'walker2d.yaml'
    node = start_node('policy', policy='cfc', robot=contract, autostart=False)
    asked = Transition(id=Transition.TRANSITION_CONFIGURE)

    def configure():
        return peer.services.call(ChangeState, 'policy/change_state', transition=asked).success

    assert not configure()
    contract.write_text(paths.robot('walker2d').read_text())
    assert configure()
    assert node.end() == 0


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


@pytest.fixture
def in_process():
    """in_process(argument, …, parameter=value, …) → a policy node here, not yet configured."""
    nodes = []

    def make(*more, **parameters):
        given = [*more, *(part for k, v in parameters.items() for part in ('-p', f'{k}:={v}'))]
        # In its own domain, so that leftovers of this process do not affect other tests.
        rclpy.init(args=['policy', '--ros-args', *given], domain_id=50)
        nodes.append(PolicyNode())
        return nodes[-1]

    yield make
    for node in nodes:
        if not node.finalized:
            node.trigger_shutdown()
        node.destroy_node()
    rclpy.try_shutdown()


@pytest.fixture
def told(in_process, tmp_path):
    """A policy node in this process, driving an arm with a held target angle."""
    robot = arm(freshness=5.0)
    robot['observation'][1] = {
        'name': 'target', 'topic': 'targets', 'type': 'sensor_msgs/msg/JointState',
        'field': 'position', 'joints': ['hip'], 'unit': 'rad', 'hold': True, 'std': 1.0,
    }  # fmt: skip
    contract = tmp_path / 'arm.yaml'
    contract.write_text(yaml.safe_dump(robot))
    bundle = tmp_path / 'arm.onnx'
    make_bundle(bundle, Contract.from_dict(robot).asking('angle', 'target'))
    node = in_process(robot=contract, policy=bundle, rehearsals=0)
    node.trigger_configure()
    node.trigger_activate()
    return node


def hear(node, topic, late_s=0.0, **values):
    time.sleep(0.01)  # a period: faster readings would be thinned out
    message = JointState(name=list(values), position=list(values.values()))
    message.header.stamp = (node.get_clock().now() - Duration(seconds=late_s)).to_msg()
    node._answering.take(topic, message)


def target(node):
    return node.controller.runner._observation[0, 2]


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


def status(node):
    said = []
    publish, node._guard._publish = node._guard._publish, said.append
    node._guard.report()
    node._guard._publish = publish
    (found,) = said[-1].status
    return found.level, found.message


def test_a_policy_that_hears_nothing_does_not_say_that_it_runs(told):
    assert status(told) == (DiagnosticStatus.WARN, 'armed, but no observation yet')
    hear(told, 'targets', hip=1.0)
    hear(told, 'joint_states', hip=0.4, knee=-0.3)
    assert status(told) == (DiagnosticStatus.OK, 'running')
    told._outlet.stop('the operator')
    assert status(told)[0] == DiagnosticStatus.ERROR
    told._outlet.arm()
    told.trigger_deactivate()


def test_a_policy_that_hears_only_old_readings_does_not_say_that_it_runs(told):
    hear(told, 'targets', hip=1.0)
    hear(told, 'joint_states', late_s=2.0, hip=0.4, knee=-0.3)
    assert status(told)[1] == 'running'
    hear(told, 'joint_states', late_s=1.0, hip=0.4, knee=-0.3)
    hear(told, 'joint_states', late_s=-20.0, hip=0.4, knee=-0.3)
    assert status(told)[1] == 'running', 'the last used reading is still fresh'
    told.controller._used_at -= 5.0
    hear(told, 'joint_states', late_s=-20.0, hip=0.4, knee=-0.3)
    level, message = status(told)
    assert level == DiagnosticStatus.WARN
    assert message == 'no usable reading younger than 5 s: are the clocks synchronised?'


def test_messages_of_other_joints_are_logged_once(told, monkeypatch):
    said = []
    log = SimpleNamespace(error=lambda text, **more: said.append(text))
    monkeypatch.setattr(told, 'get_logger', lambda: log)
    for _ in range(3):
        hear(told, 'joint_states', finger=0.1)
    assert len(said) == 1
    assert "'hip'" in said[0]
    assert told.controller.counts['messages_refused'] == 3


@pytest.mark.parametrize('simulated', [True, False])
@pytest.mark.parametrize('ended', [True, False])
def test_the_end_of_a_simulation_is_no_error(told, monkeypatch, simulated, ended):
    said = []
    steady = watched(told, 0.1)
    hear(told, 'targets', hip=1.0)
    hear(told, 'joint_states', hip=0.4, knee=-0.3)
    log = SimpleNamespace(
        info=lambda text: said.append(('info', text)),
        error=lambda text: said.append(('error', text)),
    )
    monkeypatch.setattr(told._guard, '_log', log)
    if not ended:
        told.create_publisher(JointState, 'joint_states', 1)
    told._outlet._clock.simulated = simulated
    steady.now += 0.2
    told._guard.watch()
    ((level, text),) = said
    assert 'stopped: no observation for 0.2' in text
    assert level == ('info' if simulated and ended else 'error')


def test_until_the_first_fresh_reading_nothing_is_sent(told, monkeypatch):
    sent = []
    monkeypatch.setattr(told._outlet._publisher, 'publish', sent.append)
    hear(told, 'targets', hip=1.0)
    hear(told, 'joint_states', late_s=9.0, hip=0.4, knee=-0.3)
    hear(told, 'joint_states', hip=math.nan, knee=-0.3)
    assert sent == []
    hear(told, 'joint_states', hip=0.4, knee=-0.3)
    hear(told, 'joint_states', hip=math.nan, knee=-0.3)
    assert len(sent) == 2


def test_one_that_has_sent_nothing_ends_without_a_command(told, monkeypatch):
    sent = []
    monkeypatch.setattr(told._outlet._publisher, 'publish', sent.append)
    hear(told, 'targets', hip=1.0)
    told.end('asked to end')
    assert sent == []


def watched(node, timeout, simulated=False):
    """Give a node a watchdog with this timeout; returns the steady clock by which it watches."""
    steady = SimpleNamespace(now=1000.0)
    node._outlet._clock.simulated = simulated
    node._outlet.watchdog = Watchdog(
        timeout, node.controller.robot.freshness, simulated, clock=lambda: steady.now
    )
    return steady


def test_stale_readings_again_and_again_stop_it(told):
    """As when a second source sends old readings between the robot's own."""
    steady = watched(told, 0.1)
    hear(told, 'targets', hip=1.0)
    for _ in range(13):
        hear(told, 'joint_states', hip=0.4, knee=-0.3)
        steady.now += 0.01
        hear(told, 'joint_states', late_s=9.0, hip=0.4, knee=-0.3)
    assert 'stale observations have come again and again' in told.controller.stopped


@pytest.mark.parametrize('bad', [{'late_s': 9.0}, {'hip': math.nan}])
def test_what_came_before_the_first_fresh_reading_does_not_stop_it(told, bad):
    steady = watched(told, 0.1)
    hear(told, 'targets', hip=1.0)
    for _ in range(100):
        hear(told, 'joint_states', **{'hip': 0.4, 'knee': -0.3, **bad})
        steady.now += 0.01
    for _ in range(3):
        hear(told, 'joint_states', hip=0.4, knee=-0.3)
        steady.now += 0.01
    assert told.controller.stopped is None


def test_stamps_that_stay_ahead_of_the_clock_stop_it(told):
    steady = watched(told, 0.1, simulated=True)
    hear(told, 'targets', hip=1.0)
    hear(told, 'joint_states', late_s=-20.0, hip=0.4, knee=-0.3)  # /clock jumps a moment later
    hear(told, 'joint_states', hip=0.4, knee=-0.3)
    for _ in range(3):
        steady.now += 0.04
        hear(told, 'joint_states', hip=0.4, knee=-0.3)
    assert told.controller.stopped is None
    for _ in range(4):
        hear(told, 'joint_states', late_s=-20.0, hip=0.4, knee=-0.3)
        steady.now += 0.04
    told._guard.watch()
    assert '/clock has been behind the stamps of the sensors' in told.controller.stopped


def test_when_time_starts_over_memory_is_reset_once(told):
    hear(told, 'targets', hip=1.0)
    hear(told, 'joint_states', hip=0.4, knee=-0.3)
    told._answering.jumped(time.time_ns())  # the sensors have jumped already
    hear(told, 'joint_states', hip=0.4, knee=-0.3)
    assert told.controller.counts['resets'] == 1
    told._answering.jumped(1)
    hear(told, 'joint_states', hip=0.4, knee=-0.3)
    assert told.controller.counts['resets'] == 2


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


def test_an_observation_after_too_long_a_silence_does_not_hide_it(told):
    """As when the process was suspended, and message and watchdog come at once."""
    steady = watched(told, 0.05)
    hear(told, 'targets', hip=1.0)
    hear(told, 'joint_states', hip=0.4, knee=-0.3)
    steady.now += 0.1
    hear(told, 'joint_states', hip=0.4, knee=-0.3)
    assert 'no observation for' in told.controller.stopped


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


def command(values, answers=None):
    message = Float64MultiArray(data=values)
    if answers is not None:
        message.layout.dim = [MultiArrayDimension(label=str(answers))]
    return message


def test_a_driver_that_names_no_observation_counts_until_its_next_command(tmp_path):
    robot = Contract.from_dict(arm())
    path = make_bundle(tmp_path / 'arm.onnx', robot.asking('angle', 'previous_action'))
    controller = Controller(PolicyRunner(path), robot)
    reader = command_reader(robot)
    driver, seen = SentCommands(controller, reader), np.array([0.4, -0.3], dtype=np.float32)

    def previous(stamp):
        controller.step(stamp, seen)
        driver.answered(stamp)
        return controller.runner._observation[0, 2:].tolist()

    period = robot.period_ns
    previous(1 * period)
    driver.on_command(command([0.5, 0.25]))
    assert [previous(step * period) for step in (2, 3, 4)] == [[0.5, 0.25]] * 3
    driver.on_command(command([0.0, 0.5], answers=0))  # the driver was stopped
    assert [previous(step * period) for step in (5, 6)] == [[0.0, 0.5]] * 2
    driver.on_command(command([0.75, -0.5], answers=6 * period))
    assert previous(7 * period) == [0.75, -0.5]
    own = controller._command.tolist()
    assert previous(8 * period) == own, 'nobody answered the last observation'
    for step in range(9, 90):  # one that always answers one observation late
        driver.on_command(command([0.25, 0.125], answers=(step - 2) * period))
        assert previous(step * period) == [0.25, 0.125]
    driver.on_command(command([0.5, 0.5], answers=1 * period))  # time starts over, and it is first
    previous(1 * period)
    assert previous(2 * period) == [0.5, 0.5]


@pytest.mark.parametrize('later_ns', [0, 1_000_000])
def test_joint_states_sent_by_another_are_previous_actions(tmp_path, later_ns):
    """Whether their stamps are those of the observations, or the times of sending."""
    data = arm()
    data['action'].update(type='sensor_msgs/msg/JointState', unit='rad')
    robot = Contract.from_dict(data)
    path = make_bundle(tmp_path / 'arm.onnx', robot.asking('angle', 'previous_action'))
    controller = Controller(PolicyRunner(path), robot)
    sent, seen = SentCommands(controller, command_reader(robot)), np.zeros(2, dtype=np.float32)
    found = []
    for step in range(1, 30):
        stamp = step * robot.period_ns
        values = [step / 64, -step / 64]
        message = JointState(name=['knee', 'hip'], position=array.array('d', values[::-1]))
        set_stamp(message, stamp + later_ns)
        early = step % 3 == 0 and not later_ns  # before the observation has come
        if early:
            sent.on_command(message)
        controller.step(stamp, seen)
        sent.answered(stamp)
        found.append(controller.runner._observation[0, 2:].tolist())
        if not early:
            sent.on_command(message)
    # A time of sending is known to be none once an observation has passed by without it.
    settled = 3 if later_ns else 1
    expected = [[step / 64, -step / 64] for step in range(1, 29)]
    assert found[settled:] == expected[settled - 1 :]
    message.name[0] = 'wrist'
    sent.on_command(message)
    assert controller.counts['commands_refused'] == 1
