"""The policy node alone: what it answers, when it stops, and that nothing unsafe leaves it."""

import array
import math
import signal
import time

import pytest

pytest.importorskip('rclpy')

import rclpy
from rclpy.executors import SingleThreadedExecutor
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray
from std_srvs.srv import Trigger

from liquid_control.sim import walker2d

UPRIGHT = [0.0, 1.25, *[0.0] * 7]


class Peer:
    """Plays the robot: sends joint states, collects commands."""

    def __init__(self):
        self.context = rclpy.Context()
        rclpy.init(context=self.context)
        self.node = rclpy.create_node('peer', context=self.context)
        self.executor = SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)
        self.commands = []
        self.publisher = self.node.create_publisher(JointState, 'joint_states', 10)
        self.node.create_subscription(
            Float64MultiArray, 'commands', lambda m: self.commands.append(list(m.data)), 100
        )

    def spin(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.executor.spin_once(timeout_sec=0.005)

    def until(self, met, seconds=20.0):
        end = time.monotonic() + seconds
        while not met():
            assert time.monotonic() < end, 'waited in vain'
            self.executor.spin_once(timeout_sec=0.01)

    def send(self, position=UPRIGHT, names=walker2d.JOINTS):
        message = JointState(name=list(names), position=array.array('d', position))
        message.header.stamp = self.node.get_clock().now().to_msg()
        self.publisher.publish(message)

    def walk(self, count=20, **message):
        for _ in range(count):
            self.send(**message)
            self.spin(0.008)

    def drive(self):
        """Send until the policy node answers, then let what is under way arrive."""

        enough = len(self.commands) + 3

        def answered():
            self.send()
            self.spin(0.02)
            return len(self.commands) > enough

        self.until(answered)

    def call(self, name):
        client = self.node.create_client(Trigger, name)
        assert client.wait_for_service(timeout_sec=10.0)
        future = client.call_async(Trigger.Request())
        self.until(future.done)
        return future.result()

    def close(self):
        self.executor.shutdown()
        self.node.destroy_node()
        self.context.try_shutdown()


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
