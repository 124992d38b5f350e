"""A step that takes long: whoever wants to stop the robot does not wait for it, or for others."""

import threading
import time

import pytest

pytest.importorskip('rclpy')

import rclpy
import yaml
from rclpy.executors import SingleThreadedExecutor
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray
from std_srvs.srv import Trigger
from support import arm, make_bundle

from liquid_control.control import Contract
from liquid_control.nodes.policy_node import PolicyNode
from liquid_control.nodes.session import Executor

SAFE = [0.0, 0.5]


class Driven:
    """A policy node that spins in its own thread, and a robot that listens.

    ``step_s`` is how long each step takes; ``hung`` makes one step take for ever.
    """

    def __init__(self, tmp_path, **parameters):
        robot = arm(freshness=0.3, max_gap=1.0)
        robot['observation'].pop()
        (tmp_path / 'arm.yaml').write_text(yaml.safe_dump(robot))
        bundle = make_bundle(tmp_path / 'arm.onnx', Contract.from_dict(robot).asking('angle'))
        given = {'robot': tmp_path / 'arm.yaml', 'policy': bundle, 'rehearsals': 0, **parameters}
        arguments = [part for name, value in given.items() for part in ('-p', f'{name}:={value}')]
        self.context = rclpy.Context()
        rclpy.init(args=['policy', '--ros-args', *arguments], domain_id=51)
        rclpy.init(context=self.context, domain_id=51)
        self.node = PolicyNode()
        self.node.start()
        self.step_s, self.hung = 0.0, threading.Event()
        self.hung.set()
        self._step = self.node.controller.runner.step
        self.node.controller.runner.step = self.step
        self.executor = Executor()
        self.executor.add_node(self.node)
        self.ending, self.sent, self.steps = False, [], []
        self.robot = rclpy.create_node('robot', context=self.context)
        self.publisher = self.robot.create_publisher(JointState, 'joint_states', 1)
        self.robot.create_subscription(Float64MultiArray, 'commands', self.on_command, 100)
        self.stop_client = self.robot.create_client(Trigger, 'policy/stop')
        self.robot_executor = SingleThreadedExecutor(context=self.context)
        self.robot_executor.add_node(self.robot)
        self.thread = threading.Thread(target=self.spin_node)
        self.thread.start()

    def step(self, *arguments):
        time.sleep(self.step_s)
        self.hung.wait()
        self.steps.append(time.monotonic())
        return self._step(*arguments)

    def on_command(self, message):
        self.sent.append((time.monotonic(), list(message.data)))

    def spin_node(self):
        while not self.ending:
            self.executor.spin_once(timeout_sec=0.05)

    def publish(self, seconds, until=lambda: False, period=0.002):
        """Send readings; return whether the condition held before the time was over."""
        end, due = time.monotonic() + seconds, time.monotonic()
        while time.monotonic() < end and not until():
            if time.monotonic() >= due:
                message = JointState(name=['hip', 'knee'], position=[0.4, -0.3])
                message.header.stamp = self.robot.get_clock().now().to_msg()
                self.publisher.publish(message)
                due += period
            self.robot_executor.spin_once(timeout_sec=0.001)
        return until()

    def drive(self):
        assert self.publish(30.0, lambda: len(self.sent) > 3, period=0.01)

    def close(self):
        self.hung.set()
        self.ending = True
        self.thread.join()
        self.executor.shutdown()
        self.node.trigger_shutdown()
        self.node.destroy_node()
        self.robot_executor.shutdown()
        self.robot.destroy_node()
        self.context.try_shutdown()
        rclpy.try_shutdown()


@pytest.fixture
def driven(tmp_path):
    made = []

    def make(**parameters):
        made.append(Driven(tmp_path, **parameters))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_the_operator_does_not_wait_for_a_backlog_of_readings(driven):
    """Ten readings a step: within one more step after the request nothing else is done first."""
    one = driven(on_overload='report', rate_tolerance=0.0)
    one.drive()
    assert one.publish(30.0, one.stop_client.service_is_ready)
    one.step_s = 0.05
    one.publish(3.0)
    future = one.stop_client.call_async(Trigger.Request())
    steps = len(one.steps)
    assert one.publish(30.0, future.done)
    assert len(one.steps) - steps <= 3
    assert one.node.controller.stopped == 'requested by the operator'
    assert one.publish(5.0, lambda: one.sent[-1][1] == SAFE)


def test_a_step_that_hangs_does_not_keep_the_robot_from_being_stopped(driven):
    one = driven()
    one.drive()
    one.hung.clear()
    assert one.publish(30.0, lambda: one.sent[-1][1] == SAFE)
    assert one.node.controller.stopped.startswith('no observation for 0.3')
    steps, count = len(one.steps), len(one.sent)
    one.hung.set()
    assert one.publish(10.0, lambda: len(one.steps) > steps)
    one.publish(0.5)
    assert all(values == SAFE for _, values in one.sent[count:]), 'the late answer is not sent'


def test_overload_stops_the_robot(driven):
    one = driven()
    one.drive()
    one.step_s = 0.03
    assert one.publish(30.0, lambda: one.node.controller.stopped is not None)
    assert one.node.controller.stopped.startswith('overloaded: a step takes')
    assert one.publish(5.0, lambda: one.sent[-1][1] == SAFE)


def test_overload_is_only_reported_if_asked(driven):
    one = driven(on_overload='report')
    one.drive()
    one.step_s = 0.03
    assert one.publish(30.0, one.node._guard.checks.found)
    assert one.node.controller.stopped is None


def test_an_answer_that_was_held_up_is_not_sent(driven, monkeypatch):
    """As when the process is suspended between the step and the command."""
    one = driven()
    one.drive()
    outlet, count = one.node._outlet, len(one.sent)
    send, suspended = outlet.send, []

    def late(command):
        if not suspended:
            suspended.append(command.action.tolist())
            time.sleep(0.31)
        return send(command)

    monkeypatch.setattr(outlet, 'send', late)
    assert one.publish(10.0, lambda: len(one.sent) > count)
    assert suspended[0] != SAFE
    assert one.sent[count][1] == SAFE


def test_a_guard_that_fails_ends_the_node(driven, monkeypatch):
    one = driven()
    monkeypatch.setattr(one.node._outlet, 'repeat', lambda: 1 / 0)
    assert one.publish(10.0, lambda: one.node.finalized)
    assert one.node.failure == 'the guard failed: ZeroDivisionError: division by zero'


def test_what_an_answer_raises_in_a_backlog_ends_the_node(driven, monkeypatch):
    one = driven(on_overload='report')
    one.drive()
    one.step_s = 0.05
    assert one.publish(10.0, lambda: one.node._answering._pending is not None)
    monkeypatch.setattr(one.node.hosted, 'answer', lambda *arguments: 1 / 0)
    one.node.executor.create_task(one.node._answering._answer_pending)
    assert one.publish(10.0, lambda: one.node.finalized)
    assert 'ZeroDivisionError' in one.node.failure
