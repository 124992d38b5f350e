"""Interquartile means and their confidence intervals."""

import math

import numpy as np
import pytest

from liquid_control.evaluation.statistics import (
    LEVEL,
    RESAMPLES,
    bounds_name,
    interquartile_mean,
    interval,
    mean,
)  # fmt: skip


def test_the_middle_half_is_what_counts():
    assert interquartile_mean([100.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, -50.0]) == 3.5
    assert interquartile_mean([1.0, 2.0], [3.0, 40.0]) == 2.5
    assert interquartile_mean([1.0, 2.0, 6.0]) == 3.0


def test_interval_holds_the_mean():
    scores = np.random.default_rng(0).normal(1.0, 0.1, 20)
    found = interval(scores)
    assert found.low < found.mean < found.high
    assert found == interval(scores)
    assert (
        interval(scores, level=0.5).high - interval(scores, level=0.5).low < found.high - found.low
    )


@pytest.mark.parametrize('statistic', [mean, interquartile_mean])
@pytest.mark.parametrize('sizes', [(50,), (3, 3), (7, 20)])
def test_means_and_intervals_are_those_of_scipy(statistic, sizes):
    stats = pytest.importorskip('scipy.stats')
    rng = np.random.default_rng(4)
    strata = [rng.normal(size=size) for size in sizes]
    theirs = stats.bootstrap(
        strata, statistic, n_resamples=RESAMPLES, confidence_level=LEVEL, method='percentile',
        rng=np.random.default_rng(0),
    ).confidence_interval  # fmt: skip
    found = interval(*strata, statistic=statistic)
    assert found[1:] == pytest.approx((theirs.low, theirs.high), rel=1e-12)
    trimmed = stats.trim_mean(np.concatenate(strata), 0.25)
    assert interquartile_mean(*strata) == pytest.approx(trimmed, rel=1e-12)


def test_interval_covers_the_truth():
    rng = np.random.default_rng(1)
    found = [interval(rng.normal(0.0, 1.0, 30)) for _ in range(100)]
    assert sum(one.low <= 0.0 <= one.high for one in found) >= 85


def test_seeds_resample_within_their_task():
    assert interval([1.0, 1.0, 1.0], [5.0, 5.0, 5.0])[1:] == (3.0, 3.0)


def test_one_seed_has_no_interval():
    found = interval([2.0])
    assert found.mean == 2.0
    assert math.isnan(found.low)
    assert math.isnan(found.high)


def test_bounds_over_few_scores_are_their_range():
    for count in range(2, 9):
        is_range = interval(range(count))[1:] == (0.0, count - 1.0)
        assert bounds_name(count) == ('range' if is_range else '95 % interval')


@pytest.mark.parametrize('strata', [(), ([],), ([1.0], [])])
def test_no_scores_are_an_error(strata):
    with pytest.raises(ValueError, match='at least one score'):
        interval(*strata)
