"""A policy node in the process of a test: let it hear, and look at it."""

import time

import pytest

pytest.importorskip('rclpy')

from types import SimpleNamespace

from rclpy.duration import Duration
from sensor_msgs.msg import JointState

from liquid_control.nodes.watchdog import Watchdog


def hear(node, topic, late_s=0.0, **values):
    time.sleep(0.01)  # a period: faster readings would be thinned out
    message = JointState(name=list(values), position=list(values.values()))
    message.header.stamp = (node.get_clock().now() - Duration(seconds=late_s)).to_msg()
    node._answering.take(topic, message)


def target(node):
    return node.controller.runner._observation[0, 2]


def status(node):
    said = []
    publish, node._guard._publish = node._guard._publish, said.append
    node._guard.report()
    node._guard._publish = publish
    (found,) = said[-1].status
    return found.level, found.message


def watched(node, timeout, simulated=False):
    """Give a node a watchdog with this timeout; returns the steady clock by which it watches."""
    steady = SimpleNamespace(now=1000.0)
    node._outlet._clock.simulated = simulated
    node._outlet.watchdog = Watchdog(
        timeout, node.controller.robot.freshness, simulated, clock=lambda: steady.now
    )
    return steady
