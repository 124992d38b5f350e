"""Commands of another driver as previous actions of a policy."""

import array

import pytest

pytest.importorskip('rclpy')


import numpy as np
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray, MultiArrayDimension
from support import arm, make_bundle

from liquid_control.control import Contract, Controller, PolicyRunner
from liquid_control.control.commands import command_reader
from liquid_control.nodes.sent_commands import SentCommands
from liquid_control.nodes.wire import set_stamp


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
