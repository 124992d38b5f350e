"""Scores of predicted deaths against their definitions and SciPy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from scipy.stats import mannwhitneyu

from liquid_control.study.icu import scores

SAMPLES = st.lists(st.tuples(st.integers(-3, 3), st.booleans()), min_size=2, max_size=40).filter(
    lambda rows: len({died for _, died in rows}) == 2
)


def arrays(rows):
    return np.array([row[0] for row in rows], float), np.array([row[1] for row in rows])


@given(SAMPLES)
def test_auroc_is_mann_whitney(rows):
    logit, died = arrays(rows)
    pairs = died.sum() * (~died).sum()
    expected = mannwhitneyu(logit[died], logit[~died]).statistic / pairs
    assert scores.auroc(logit, died) == pytest.approx(expected)


@given(SAMPLES)
def test_average_precision_is_its_sum(rows):
    logit, died = arrays(rows)
    expected, before = 0.0, 0.0
    for threshold in sorted(set(logit), reverse=True):
        alarm = logit >= threshold
        recall = (alarm & died).sum() / died.sum()
        expected += (recall - before) * (alarm & died).sum() / alarm.sum()
        before = recall
    assert scores.average_precision(logit, died) == pytest.approx(expected)


@given(SAMPLES, st.integers(0, 5))
def test_weights_repeat_patients(rows, seed):
    logit, died = arrays(rows)
    weight = np.random.default_rng(seed).integers(1, 4, len(logit)).astype(float)
    logits, deaths = (np.repeat(values, weight.astype(int)) for values in (logit, died))
    for score in scores.SCORES.values():
        assert score(logit, died, weight) == pytest.approx(score(logits, deaths))


def test_many_weights_at_once():
    rng = np.random.default_rng(1)
    logit, died = rng.normal(size=50).round(1), rng.random(50) < 0.3
    weights = scores.resampled(died, resamples=7)
    for score in scores.SCORES.values():
        each = [float(score(logit, died, weight)) for weight in weights]
        np.testing.assert_allclose(score(logit, died, weights), each)


def test_one_outcome_has_no_area():
    assert np.isnan(scores.auroc(np.arange(3.0), np.zeros(3, bool)))


def test_resampling_keeps_the_outcomes():
    died = np.arange(30) < 4
    drawn = scores.resampled(died, resamples=20)
    assert (drawn[:, died].sum(axis=1) == 4).all()
    assert (drawn[:, ~died].sum(axis=1) == 26).all()
    np.testing.assert_array_equal(drawn, scores.resampled(died, resamples=20))
    assert (drawn != scores.resampled(died, seed=1, resamples=20)).any()


def test_calibration_line_finds_the_distortion():
    rng = np.random.default_rng(0)
    truth = rng.normal(-1, 1.5, 200_000)
    died = rng.random(len(truth)) < expit(truth)
    intercept, slope = scores.calibration_line(truth, died)
    assert intercept == pytest.approx(0, abs=0.03)
    assert slope == pytest.approx(1, abs=0.03)
    intercept, slope = scores.calibration_line(2 * truth + 1, died)
    assert intercept == pytest.approx(-0.5, abs=0.03)
    assert slope == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize(
    ('logit', 'died'), [([0, 1, 2], [0, 0, 1]), ([0, 1, 2], [0, 0, 0]), ([1, 1, 1], [0, 1, 0])]
)
def test_no_calibration_line_without_optimum(logit, died):
    assert np.isnan(scores.calibration_line(np.array(logit), np.array(died, bool))).all()


def test_calibration_error_of_known_bins():
    risk = np.repeat([0.2, 0.6], 50)
    died = np.concatenate([np.arange(50) < 20, np.arange(50) < 30])
    logit = np.log(risk / (1 - risk))
    assert scores.calibration_error(logit, died, bins=2) == pytest.approx(0.1)
    rows = scores.reliability(logit, died, bins=2)
    assert [row['observed'] for row in rows] == pytest.approx([0.4, 0.6])
    assert [row['predicted'] for row in rows] == pytest.approx([0.2, 0.6])


def test_scores_do_not_move_with_patients():
    rng = np.random.default_rng(2)
    logit, died = rng.normal(size=300), rng.random(300) < 0.2
    order = rng.permutation(300)
    one, other = scores.all_scores(logit, died), scores.all_scores(logit[order], died[order])
    assert one.keys() == other.keys()
    np.testing.assert_allclose(list(one.values()), list(other.values()), rtol=1e-9)
