"""Faults of the clock: periods in whole physics steps, within their bounds."""

import numpy as np
import pytest
from ways import WALKER2D, Way

from liquid_control.faults import FaultError, check_periods, parse

FRAME_SKIP, STEP_NS = WALKER2D.frame_skip, WALKER2D.step_ns


def periods(spec, steps=400):
    """Physics steps of each control period of one episode."""
    way = Way(spec, 0)
    way.reset(0)
    stamps = [way.step().now for _ in range(steps)]
    lengths = np.diff(stamps)
    assert not (lengths % STEP_NS).any()
    return lengths // STEP_NS


def test_jitter_is_in_whole_physics_steps_within_bounds():
    found = periods('jitter:0.25')
    assert found.min() >= FRAME_SKIP // 2
    assert found.max() <= 2 * FRAME_SKIP
    assert len(set(found.tolist())) >= 4
    assert found.mean() == pytest.approx(FRAME_SKIP, abs=0.2)


@pytest.mark.parametrize(('length', 'steps'), [(0.5, 2), (1.0, 4), (1.5, 6), (2.0, 8), (0.1, 1)])
def test_a_period_is_exactly_that_many_physics_steps(length, steps):
    assert set(periods(f'period:{length}', 20).tolist()) == {steps}


def test_a_period_may_change_in_mid_episode_and_faults_multiply():
    assert periods('period:1.5@3+period:2@5', 8).tolist() == [4, 4, 4, 6, 6, 12, 12]


@pytest.mark.parametrize('length', [0.1, 0.5, 0.62, 1.0, 1.49, 3.3])
def test_a_length_in_whole_steps_is_the_time_that_passes(length):
    """In real time, a simulation waits as long as its stamps say."""
    way = Way(f'period:{length}', 0)
    way.reset(0)
    whole = way.world.whole(length)
    before = way.step().now
    assert way.world.stamp_ns - before == round(whole * WALKER2D.period_ns)
    assert way.world.whole(whole) == whole


@pytest.mark.parametrize(
    ('fault', 'step_ns', 'said'),
    [
        ('period_ms:9', 2_000_000, 'period_ms: expected whole physics steps of 2 ms, such as 8 or'),
        ('period_ms:1', 2_000_000, 'such as 2, found 1'),
        ('jitter:0.1+period_ms:12', 10_000_000, 'steps of 10 ms, such as 10 or 20, found 12'),
    ],
)
def test_a_period_between_physics_steps_is_refused(fault, step_ns, said):
    with pytest.raises(FaultError, match=said):
        check_periods(parse(fault), step_ns, 5 * step_ns)


@pytest.mark.parametrize(
    ('fault', 'said'),
    [
        ('period:1.1', 'period: expected whole .* such as 1 or 1.25, found 1.1, which is 8.8 ms'),
        ('period:1.4', 'such as 1.25 or 1.5, found 1.4'),
        ('period:0.2', 'such as 0.25, found 0.2'),
        ('period_ms:11', 'such as 10 or 12, found 11'),
        ('period_ms:13', 'such as 12 or 14, found 13'),
        ('period:1.25+period:1.25', 'period × period: .* such as 12 or 14, found 12.5'),
    ],
)
def test_no_period_is_rounded_silently(fault, said):
    with pytest.raises(FaultError, match=said):
        check_periods(parse(fault), STEP_NS, FRAME_SKIP * STEP_NS)


@pytest.mark.parametrize(
    'fault', ['period_ms:12', 'period_ms:2', 'period:0.25', 'period:1.5+period:0.5', 'jitter:0.3']
)
def test_other_periods_are_not_refused(fault):
    check_periods(parse(fault), STEP_NS, FRAME_SKIP * STEP_NS)
