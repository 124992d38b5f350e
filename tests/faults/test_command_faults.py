"""Faults of commands: what acts on the joints, by value."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from liquid_control.faults import SimulationFaults, parse

LIMITS = SimpleNamespace(lower=(-2.0, 0.0), upper=(2.0, 10.0), safe=(0.5, 1.0))
PERIOD = 8_000_000


def acting(spec, sent, seed=0):
    """The commands (T, 2) that act in one episode as these are sent, (T, 2)."""
    faults = SimulationFaults(parse(spec), seed, LIMITS)
    return np.array([faults.act(command, PERIOD * i) for i, command in enumerate(sent)])


def counted(steps):
    """Commands inside the limits that differ from each other."""
    return np.linspace((-2.0, 0.0), (2.0, 10.0), steps)


@given(st.integers(0, 5), st.integers(0, 8))
def test_a_delay_of_n_periods_is_exactly_n(late, start):
    sent = counted(30)
    found = acting(f'command_delay:{late}@{start}', sent)
    before = np.array(LIMITS.safe) if start == 0 else sent[start - 1]
    held = np.tile(before, (late, 1))
    expected = np.concatenate([sent[:start], held, sent[start : 30 - late]])
    assert np.array_equal(found, expected)


def test_a_lost_command_is_the_one_before_it():
    sent = counted(4000)
    found = acting('command_repeat:0.1', sent)
    lost = (found != sent).any(axis=1)
    spread = math.sqrt(0.1 * 0.9 / len(sent))
    assert abs(lost.mean() - 0.1) < 4 * spread, 'within the binomial interval'
    expected, last = [], np.array(LIMITS.safe)
    for command, gone in zip(sent, lost, strict=True):
        last = last if gone else command
        expected.append(last)
    assert np.array_equal(found, expected)


def test_noise_is_in_units_of_half_the_range():
    found = acting('command_noise:0.05', np.tile((0.0, 5.0), (20_000, 1)))
    np.testing.assert_allclose(found.std(0), (0.05 * 2.0, 0.05 * 5.0), rtol=0.03)
    np.testing.assert_allclose(found.mean(0), (0.0, 5.0), atol=0.01)


def test_commands_stay_inside_the_limits():
    found = acting('command_noise:3', counted(500))
    assert np.array_equal(found.min(0), LIMITS.lower)
    assert np.array_equal(found.max(0), LIMITS.upper)


def test_faults_of_commands_act_in_their_order():
    """Noise after a delay is new in every period; noise before it is late with the command."""
    sent = np.tile((0.0, 5.0), (10, 1))
    alone = acting('command_noise:0.05', sent)
    assert np.array_equal(acting('command_noise:0.05+command_delay:2', sent)[2:], alone[:-2])
    after = acting('command_delay:2+command_noise:0.05', sent)
    safe = np.array(LIMITS.safe)
    assert len(np.unique(after, axis=0)) == 10
    assert abs(after[:2] - safe).max() < 1.5 < abs(after[2:] - safe).max()


def test_an_episode_begins_with_the_safe_command():
    faults = SimulationFaults(parse('command_delay:2'), 0, LIMITS)
    for _ in range(2):
        faults.restart()
        found = [faults.act(np.array((1.0, 2.0)), PERIOD * i) for i in range(3)]
        assert np.array_equal(found, [LIMITS.safe, LIMITS.safe, (1.0, 2.0)])


@pytest.mark.parametrize('spec', ['none', 'gaussian:1+dropped:1+delay:3+jitter+friction'])
def test_faults_of_other_kinds_leave_commands_alone(spec):
    sent = counted(5)
    assert np.array_equal(acting(spec, sent), sent)
