"""Faults of the clock: periods in whole physics steps, within their bounds."""

import numpy as np
import pytest
from ways import WALKER2D, Way

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
