"""The policy node alone: what it answers, when it stops, and that nothing unsafe leaves it."""

import math
import signal

import pytest

pytest.importorskip('rclpy')

from peer import UPRIGHT, Peer

from liquid_control.sim import walker2d


@pytest.fixture
def peer():
    peer = Peer()
    yield peer
    peer.close()


def finite_and_inside(commands):
    return all(math.isfinite(v) and -1.0 <= v <= 1.0 for command in commands for v in command)


SAFE = [0.0] * 6


def test_silent_sensors_bring_the_safe_action_once_and_then_silence(peer, start_node):
    node = start_node('policy', policy='cfc')
    peer.drive()
    peer.spin(0.3)
    assert peer.commands[-1] == SAFE
    count = len(peer.commands)
    peer.walk(10)
    assert len(peer.commands) == count, 'a stopped node drives only after it is armed again'
    node.wait_for('no observation for')

    assert peer.call('policy/arm').success
    peer.drive()
    assert len(peer.commands) > count
    assert finite_and_inside(peer.commands)


def test_the_operator_stops_it(peer, start_node):
    start_node('policy', policy='cfc')
    peer.drive()
    assert peer.call('policy/stop').success
    peer.spin(0.2)
    count = len(peer.commands)
    assert peer.commands[-1] == SAFE
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
    node = start_node('policy', policy='cfc', sensor_timeout=5.0)
    peer.drive()
    peer.spin(0.1)
    last, count = peer.commands[-1], len(peer.commands)
    peer.walk(40, **broken)
    assert finite_and_inside(peer.commands)
    made = peer.commands[count:]
    assert all(command in (last, SAFE) for command in made), 'held, or safe, or nothing'
    assert node.process.poll() is None
    peer.walk(10)
    assert len({tuple(c) for c in peer.commands[-5:]}) > 1, 'it drives on when they are whole'


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_the_safe_action(peer, start_node, number):
    node = start_node('policy', policy='cfc')
    peer.drive()
    assert node.end(number) == 0
    peer.spin(0.2)
    assert peer.commands[-1] == SAFE


def test_joint_order_does_not_matter(peer, start_node):
    start_node('policy', policy='cfc', sensor_timeout=5.0)
    peer.drive()
    peer.walk(5, position=UPRIGHT[::-1], names=walker2d.JOINTS[::-1])
    first = peer.commands[-1]
    assert finite_and_inside([first])
    assert first != SAFE


def test_its_lifecycle_can_be_driven_from_outside(peer, start_node):
    from lifecycle_msgs.msg import Transition
    from lifecycle_msgs.srv import ChangeState

    node = start_node('policy', policy='cfc', autostart=False, sensor_timeout=5.0)
    client = peer.node.create_client(ChangeState, 'policy/change_state')
    assert client.wait_for_service(timeout_sec=20.0)

    def change(transition):
        future = client.call_async(ChangeState.Request(transition=Transition(id=transition)))
        peer.until(future.done)
        return future.result().success

    peer.walk(10)
    assert not peer.commands, 'unconfigured it is silent'
    assert change(Transition.TRANSITION_CONFIGURE)
    peer.walk(10)
    assert not peer.commands, 'inactive it is silent'
    assert change(Transition.TRANSITION_ACTIVATE)
    peer.drive()
    assert change(Transition.TRANSITION_DEACTIVATE)
    peer.spin(0.2)
    assert peer.commands[-1] == SAFE
    count = len(peer.commands)
    peer.walk(10)
    assert len(peer.commands) == count
    assert change(Transition.TRANSITION_CLEANUP)
    assert change(Transition.TRANSITION_CONFIGURE)
    assert change(Transition.TRANSITION_ACTIVATE)
    peer.drive()
    assert node.end() == 0
