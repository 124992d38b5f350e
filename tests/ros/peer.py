"""Nodes of tests: one that calls services, and one that plays the robot."""

import array
import math
import time

import rclpy
from rcl_interfaces.srv import GetParameters
from rclpy.executors import SingleThreadedExecutor
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray
from std_srvs.srv import Trigger

from liquid_control.sim import simulated_robot

WALKER2D = simulated_robot('walker2d')
UPRIGHT = [0.0, 1.25, *[0.0] * 7]


class Services:
    """Calls services from a test's node; ``until(met)`` spins it.

    A server answers into the void while it has not yet discovered its client, which the client
    cannot see. So a harmless service of the same node, whose client is newer, is called until it
    answers: clients are discovered in the order in which they were made.
    """

    def __init__(self, node, until):
        self._node, self._until, self._clients = node, until, {}

    def call(self, kind, name, **request):
        if name not in self._clients:
            client = self._clients[name] = self._node.create_client(kind, name)
            self._until(client.service_is_ready)
            self._until(self._discovered_by(name.rsplit('/', 1)[0]))
        future = self._clients[name].call_async(kind.Request(**request))
        self._until(future.done)
        return future.result()

    def _discovered_by(self, node):
        """A function that asks once a second until the node has answered."""
        client = self._node.create_client(GetParameters, f'{node}/get_parameters')
        asked, last = [], -math.inf

        def answered():
            nonlocal last
            if time.monotonic() > last + 1.0 and client.service_is_ready():
                asked.append(client.call_async(GetParameters.Request(names=['use_sim_time'])))
                last = time.monotonic()
            return any(future.done() for future in asked)

        return answered


class Participant:
    """A node of a test in a context of its own, which spins only while the test waits."""

    def __init__(self, name):
        self.context = rclpy.Context()
        rclpy.init(context=self.context)
        self.node = rclpy.create_node(name, context=self.context)
        self.executor = SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)
        self.services = Services(self.node, self.until)

    def spin(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.executor.spin_once(timeout_sec=0.005)

    def until(self, met, seconds=90.0):
        end = time.monotonic() + seconds
        while not met():
            assert time.monotonic() < end, f'waited in vain: {self.found()}'
            self.executor.spin_once(timeout_sec=0.01)

    def found(self):
        """What has come so far, for messages of failed tests."""
        raise NotImplementedError

    def close(self):
        self.executor.shutdown()
        self.node.destroy_node()
        self.context.try_shutdown()


class Peer(Participant):
    """Plays the robot: sends joint states, collects commands."""

    def __init__(self, prefix=''):
        super().__init__('peer')
        self.commands = []
        self.publisher = self.node.create_publisher(JointState, f'{prefix}joint_states', 10)
        self.node.create_subscription(
            Float64MultiArray,
            f'{prefix}commands',
            lambda m: self.commands.append(list(m.data)),
            100,
        )

    def found(self):
        return f'{len(self.commands)} commands'

    def until_quiet(self, seconds=0.3):
        """Wait until no command has come for a while; those of a busy node come slowly."""
        count = None
        while count != len(self.commands):
            count = len(self.commands)
            self.spin(seconds)

    def send(self, position=UPRIGHT, names=WALKER2D.joints):
        message = JointState(name=list(names), position=array.array('d', position))
        message.header.stamp = self.node.get_clock().now().to_msg()
        self.publisher.publish(message)

    def walk(self, count=20, **message):
        for _ in range(count):
            self.send(**message)
            self.spin(0.008)

    def walk_until_answered(self, count):
        """Walk until ``count`` more commands have come, however busy the machine is."""
        enough = len(self.commands) + count

        def answered():
            self.walk(1)
            return len(self.commands) >= enough

        self.until(answered)

    def heard_by(self, count):
        """Wait until ``count`` nodes listen to the joint states."""
        self.until(lambda: self.publisher.get_subscription_count() >= count)

    def drive(self):
        """Send until the policy node answers, then let messages in flight arrive."""

        enough = len(self.commands) + 3

        def answered():
            self.walk(1)
            return len(self.commands) > enough

        self.until(answered)

    def call(self, name):
        return self.services.call(Trigger, name)
