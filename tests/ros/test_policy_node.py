"""The policy node alone: what it answers, when it stops, and that it sends nothing unsafe."""

import math
import signal
import time

import pytest

pytest.importorskip('rclpy')


import yaml
from peer import UPRIGHT, Peer
from support import STUDENT, make_bundle

from liquid_control import paths
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
