"""Rehearsals exercise the whole path and leave no trace in what is sent."""

import array
from dataclasses import replace
from types import SimpleNamespace

import pytest

pytest.importorskip('rclpy')

from peer import UPRIGHT
from sensor_msgs.msg import JointState

from liquid_control import paths
from liquid_control.control import Contract, Controller, Observer, PolicyRunner
from liquid_control.control.commands import command_codec
from liquid_control.nodes.rehearsal import Rehearsal, affordable
from liquid_control.nodes.wire import set_stamp
from liquid_control.sim import simulated_robot

WALKER2D = simulated_robot('walker2d')

ROBOT = Contract.load(paths.robot('walker2d'))
CODEC = command_codec(ROBOT)


def commands(rehearsed):
    runner = PolicyRunner(paths.policy('cfc', 'walker2d'))
    controller, observer = Controller(runner, ROBOT), Observer(runner.contract)
    rehearsal = Rehearsal(runner, ROBOT, CODEC)
    message = JointState(name=list(WALKER2D.joints))
    for step in range(30):
        message.position = array.array('d', [value + 0.01 * step for value in UPRIGHT])
        set_stamp(message, 10**9 + step * ROBOT.period_ns)
        stamp, observation = observer.update('joint_states', message)
        rehearsal.learn('joint_states', message)
        for _ in range(rehearsed):
            rehearsal()
        yield controller.step(stamp, observation).action.tolist()


def test_rehearsals_change_no_command():
    assert list(commands(rehearsed=0)) == list(commands(rehearsed=3))


def test_before_the_first_message_there_is_nothing_to_rehearse():
    Rehearsal(PolicyRunner(paths.policy('cfc', 'walker2d')), ROBOT, CODEC)()


@pytest.mark.parametrize(('share_of_period', 'count'), [(0.01, 8), (0.06, 3), (0.12, 1), (0.25, 0)])
def test_a_slow_policy_rehearses_less_or_not_at_all(monkeypatch, share_of_period, count):
    now = 0.0

    class Timed:
        contract = ROBOT

        def warm_up(self, steps):
            nonlocal now
            now += steps * share_of_period / ROBOT.rate

    monkeypatch.setattr('liquid_control.nodes.rehearsal.time.perf_counter', lambda: now)
    assert affordable(Timed(), 8) == count


@pytest.mark.parametrize(('rate', 'count'), [(125.0, 8), (250.0, 8), (251.0, 0), (1000.0, 0)])
def test_a_policy_at_a_high_rate_does_not_rehearse(rate, count):
    idle = SimpleNamespace(contract=replace(ROBOT, rate=rate), warm_up=lambda steps: None)
    assert affordable(idle, 8) == count
