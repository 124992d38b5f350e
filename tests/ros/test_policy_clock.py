"""The policy node and its clock: none, one that starts late, one that jumps, wrong stamps."""

import array
import time

import pytest

pytest.importorskip('rclpy')

from diagnostic_msgs.msg import DiagnosticArray
from peer import UPRIGHT, Peer
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray

from liquid_control import paths
from liquid_control.control import Contract
from liquid_control.control.commands import command_codec
from liquid_control.nodes.wire import clock_message, set_stamp
from liquid_control.sim import simulated_robot

WALKER2D = simulated_robot('walker2d')

START, PERIOD = 5_000_000_000, 8_000_000
COMMANDS = command_codec(Contract.load(paths.robot('walker2d')))


class Simulated(Peer):
    """A robot with a clock of its own, in ns."""

    def __init__(self):
        super().__init__()
        self.now, self.labels = START, []
        self.clock = self.node.create_publisher(Clock, '/clock', 10)
        self.status = None
        self.node.create_subscription(DiagnosticArray, 'policy/status', self.on_status, 10)
        self.seen = []
        self.node.create_subscription(
            Float64MultiArray, 'commands',
            lambda m: self.seen.append((COMMANDS.answered(m), list(m.data))), 100,
        )  # fmt: skip

    def on_status(self, message):
        self.status = message

    def period(self, clock=True, off_ns=0):
        """Send a reading, and then the clock, as a simulation does."""
        self.now += PERIOD
        message = JointState(name=list(WALKER2D.joints), position=array.array('d', UPRIGHT))
        set_stamp(message, self.now + off_ns)
        self.publisher.publish(message)
        if clock:
            self.clock.publish(clock_message(self.now))
        self.spin(0.02)

    def drives(self, **how):
        count = len(self.seen)

        def answered():
            self.period(**how)
            return len(self.seen) > count + 5

        self.until(answered)


@pytest.fixture
def robot():
    robot = Simulated()
    yield robot
    robot.close()


def start(start_node, **parameters):
    node = start_node(
        'policy', policy='cfc', sensor_timeout=20.0, use_sim_time=True, rehearsals=0, **parameters
    )
    node.wait_for('active: ')
    return node


def test_it_drives_once_the_clock_moves_and_says_what_it_waits_for(robot, start_node):
    start(start_node)
    robot.heard_by(1)
    for _ in range(40):
        robot.period(clock=False)
    assert robot.seen == []
    robot.until(lambda: robot.status is not None)
    assert robot.status.status[0].message.startswith('no /clock: use_sim_time is true')
    robot.drives()


def test_a_clock_that_stands_is_no_clock(robot, start_node):
    start(start_node)
    robot.heard_by(1)
    for _ in range(40):
        robot.clock.publish(clock_message(START))
        robot.period(clock=False)
    assert robot.seen == []


def test_the_first_reading_after_a_jump_is_answered_though_the_clock_comes_after_it(
    robot, start_node
):
    start(start_node)
    robot.heard_by(1)
    robot.drives()
    robot.now += 3_000_000_000
    robot.period()
    stamp = robot.now
    robot.until(lambda: stamp in [label for label, _ in robot.seen])


def test_a_command_that_is_held_for_a_wrong_stamp_answers_nothing(robot, start_node):
    """So that a replay, which has no such clock, leaves the reading out as well."""
    start(start_node)
    robot.heard_by(1)
    robot.drives()
    count = len(robot.seen)
    robot.period(off_ns=-1_000_000_000)
    robot.until(lambda: len(robot.seen) > count)
    assert robot.seen[count][0] == 0
    assert robot.seen[count][1] == robot.seen[count - 1][1], 'held'


def test_diagnostics_carry_the_system_clock(robot, start_node):
    start(start_node)
    robot.heard_by(1)
    robot.drives()
    robot.until(lambda: robot.status is not None)
    assert robot.status.header.stamp.sec == pytest.approx(time.time(), abs=60)
