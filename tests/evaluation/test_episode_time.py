"""How long an episode lasts where control periods have another length."""

import pytest

from liquid_control import paths
from liquid_control.control.contract import Contract
from liquid_control.evaluation import measure, measure_all
from liquid_control.faults import constant_period, parse
from liquid_control.sim import robot_of, simulated_contract

ROBOT = Contract.load(simulated_contract('walker2d'))


@pytest.mark.parametrize(
    ('faults', 'length'),
    [
        ('none', 1.0),
        ('period:0.5', 0.5),
        ('period_ms:4', 0.5),
        ('period_ms:16+period:0.5', 1.0),
        ('period:2@10', 1.0),
        ('period:2/ramp:100', 1.0),
        ('jitter:0.25', 1.0),
        ('gaussian:0.1+friction:2', 1.0),
    ],
)
def test_constant_period(faults, length):
    assert constant_period(parse(faults), ROBOT.period_ns) == length


@pytest.mark.parametrize(('length', 'steps'), [(1.0, 1000), (0.5, 2000), (2.0, 500), (0.6, 2000)])
def test_longest_episode_fills_its_time(length, steps):
    assert robot_of(ROBOT).longest_episode(length) == steps


def test_an_episode_lasts_as_long_at_every_period():
    expert = paths.policy('expert', 'walker2d')
    both = measure_all(expert, ROBOT, ['none', 'period_ms:16'], 1, 0)
    assert [found.steps for found in both] == [(1000,), (500,)]
    assert both[1] == measure(expert, ROBOT, 'period_ms:16', 1, 0)
