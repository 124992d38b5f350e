"""Faults: their promised statistics, and invalid specifications."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import ROBOT
from ways import WALKER2D

from liquid_control.faults import (
    SYNTAX,
    CommandFault,
    FaultError,
    FaultInjector,
    SensorFault,
    SharedDraws,
    describe,
    names,
    parse,
    require_kinds,
)  # fmt: skip
from liquid_control.faults.sensor.delay import Delay
from liquid_control.faults.sensor.dropped import Dropped
from liquid_control.faults.sensor.gaussian import Gaussian
from liquid_control.sim.messages import Header, JointState, Stamp


@given(st.floats(0.0, 1e3), st.floats(0.0, 1.0))
def test_what_is_written_is_what_is_meant(sigma, probability):
    assert parse(f' gaussian:{sigma!r} + dropped:{probability!r}') == (
        Gaussian(sigma),
        Dropped(probability),
    )


def test_no_fault_and_defaults():
    assert parse('none') == parse('') == ()
    assert parse('gaussian') == (Gaussian(),)
    shipped = [
        'delay', 'dropped', 'gaussian',
        'command_delay', 'command_noise', 'command_repeat',
        'jitter', 'period',
        'friction', 'mass',
    ]  # fmt: skip
    assert [name for name in names() if name in shipped] == shipped


def test_a_setting_may_be_named_and_a_fault_may_begin_later():
    assert parse('gaussian:sigma=0.3') == (Gaussian(0.3),)
    assert parse('delay:3@500 + dropped@2') == (Delay(3, start=500), Dropped(start=2))
    assert parse('delay:3') != parse('delay:3@500')


def test_help_has_one_short_line_for_each_fault_with_its_bounds():
    lines = describe()
    assert [line.split(':')[0] for line in lines] == names()
    assert max(map(len, [*lines, SYNTAX])) <= 78
    late = next(line for line in lines if line.startswith('delay:'))
    assert 'SAMPLES' in late
    assert '(0 to 1000; 1)' in late


@pytest.mark.parametrize(
    ('spec', 'said'),
    [
        ('gausian:0.1', "did you mean 'gaussian'"),
        ('gaussian:', r"sigma: expected a number in \[0, 1000\], found ''"),
        ('gaussian:much', "found 'much'"),
        ('gaussian:-0.1', r'sigma: expected a number in \[0, 1000\], found -0.1'),
        ('gaussian:nan', 'found nan'),
        ('gaussian:inf', 'found inf'),
        ('gaussian:0.1:0.2', 'gaussian takes sigma; found 2 values'),
        ('dropped:1.1', r'in \[0, 1\], found 1.1'),
        ('dropped:nan', 'found nan'),
        ('delay:-1', r'whole number in \[0, 1000\], found -1'),
        ('delay:1.5', 'found 1.5'),
        ('delay:inf', 'found inf'),
        ('delay:nan', 'found nan'),
        ('jitter:-1', r'sigma: expected a number in \[0, 10\], found -1'),
        ('jitter:11', r'sigma: expected a number in \[0, 10\], found 11'),
        ('gaussian:sgma=1', "did you mean 'sigma'"),
        ('delay:3@-1', r'delay: start: expected a whole number in \[0, 1000000\], found -1'),
        ('delay:3@', "start: expected a whole number in .*, found ''"),
        ('delay:3@1.5', 'start: .* found 1.5'),
        ('delay:3@soon', "start: .* found 'soon'"),
        ('delay:3@1e7', 'start: .* found 1e7'),
        ('mass:2:', "mass: body: expected the name of a body, found ''"),
        ('mass:0', r'factor: expected a number in \[0.01, 100\], found 0'),
        ('friction:-1', r'friction: factor: expected a number in \[0, 100\], found -1'),
        ('period:0', r'period: length: expected a number in \[0.1, 10\], found 0'),
        ('command_dely:1', "did you mean 'command_delay'"),
        ('command_delay:0.5', 'periods: expected a whole number'),
        ('command_repeat:2', r'chance: expected a number in \[0, 1\], found 2'),
        ('none@5', 'none takes no value and no start'),
        ('none+delay:1', 'none .* stands alone'),
        ('gaussian:0.1+', "unknown fault ''"),
        ('gaussian:0.1,dropped', 'found'),
    ],
)
def test_a_wrong_specification_is_refused_by_name(spec, said):
    with pytest.raises(FaultError, match=said):
        parse(spec)


def test_gaussian_noise_has_sigma_in_units_of_each_channel():
    std = np.array([0.5, 2.0, 10.0])
    values = np.array([1.0, -3.0, 100.0])
    rng = np.random.default_rng(0)
    draws = SharedDraws(rng, (40_000, 3))
    noise = Gaussian(0.3).corrupt(np.tile(values, (40_000, 1)), std, draws) - values
    np.testing.assert_allclose(noise.std(0), 0.3 * std, rtol=0.02)
    np.testing.assert_allclose(noise.mean(0) / std, 0.0, atol=0.01)
    np.testing.assert_allclose(np.corrcoef(noise.T), np.eye(3), atol=0.02)


def test_no_noise_is_none():
    values = np.arange(6.0).reshape(2, 3)
    draws = SharedDraws(np.random.default_rng(0), (2, 3))
    np.testing.assert_array_equal(Gaussian(0.0).corrupt(values, np.ones(3), draws), values)
    np.testing.assert_array_equal(Dropped(1.0).corrupt(values, np.ones(3), draws), values)


@pytest.mark.parametrize('probability', [0.0, 0.1, 0.5, 1.0])
def test_samples_are_lost_as_often_as_was_said(probability):
    draws = SharedDraws(np.random.default_rng(0), (40_000, 3))
    lost = Dropped(probability).drops(draws)
    assert lost.shape == (40_000,)
    assert lost.mean() == pytest.approx(probability, abs=0.01)


@pytest.mark.parametrize('probability', [0.02, 0.1, 0.5])
def test_losses_of_messages_lie_in_the_binomial_interval(probability):
    injector = FaultInjector(ROBOT, parse(f'dropped:{probability}'), 1)
    count = 5000
    lost = 0
    for number in range(count):
        message = JointState(
            Header(Stamp.of(8_000_000 * number)), list(WALKER2D.joints), np.zeros(9), np.zeros(9)
        )
        lost += not injector.apply('joint_states', message)
    spread = math.sqrt(count * probability * (1.0 - probability))
    assert abs(lost - count * probability) < 4 * spread


def test_a_fault_of_another_kind_is_refused_by_name_and_kind():
    faults = parse('gaussian+command_delay:2')
    require_kinds(faults, (SensorFault, CommandFault), 'this')
    with pytest.raises(FaultError, match='command_delay: expected a sensor fault, found a comm'):
        require_kinds(faults, (SensorFault,), 'a recording')
