"""Offsets of readings, by value: bias, drift, random walk, spikes, steps and constants."""

import numpy as np
import pytest
from chains import PERIOD_NS, STD, counting, passed, within

STILL = np.zeros((400, 500, 3))


def test_a_bias_is_constant_of_one_size_and_up_as_often_as_down():
    offsets = passed('bias:0.2', STILL).values
    assert (offsets == offsets[0]).all()
    np.testing.assert_allclose(np.abs(offsets[0]), np.tile(0.2 * STD, (500, 1)))
    assert within((offsets[0] > 0).mean(), 0.5, offsets[0].size)
    signs = np.sign(offsets[0])
    assert abs(np.corrcoef(signs.T) - np.eye(3)).max() < 0.2, 'each channel by itself'


def test_a_bias_that_begins_late_leaves_what_was_before():
    offsets = passed('bias:0.2@30', STILL[:60]).values
    assert (offsets[:30] == 0.0).all()
    assert (np.abs(offsets[30:]) == np.abs(offsets[30])).all()
    assert (offsets[30] != 0.0).all()


def test_a_drift_after_t_seconds_is_rate_times_t():
    start = 25
    offsets = passed(f'drift:0.3@{start}', STILL[:200]).values
    seconds = np.maximum(np.arange(200) - start, 0) * PERIOD_NS * 1e-9
    expected = 0.3 * STD * seconds[:, None]
    np.testing.assert_allclose(np.abs(offsets), np.tile(expected[:, None], (1, 500, 1)), atol=1e-12)
    signs = np.sign(offsets[start + 1 :])
    assert (signs == signs[0]).all()
    assert within((signs[0] > 0).mean(), 0.5, signs[0].size)


def test_a_drift_follows_time_and_not_samples():
    stamps = PERIOD_NS * np.array([1, 2, 5, 6, 16])
    offsets = passed('drift:1', STILL[:5], stamps).values
    seconds = (stamps - stamps[0]) * 1e-9
    np.testing.assert_allclose(np.abs(offsets[:, 0, 0]), STD[0] * seconds, atol=1e-12)


def test_the_variance_of_a_random_walk_grows_with_time():
    offsets = passed('random_walk:0.4', STILL).values
    assert (offsets[0] == 0.0).all()
    for step in (50, 125, 399):
        seconds = step * PERIOD_NS * 1e-9
        np.testing.assert_allclose(
            offsets[step].std(0), 0.4 * STD * np.sqrt(seconds), rtol=4 / np.sqrt(2 * 500)
        )
    steps = np.diff(offsets, axis=0)
    assert abs(np.corrcoef(steps[10].ravel(), steps[11].ravel())[0, 1]) < 0.15


def test_spikes_are_as_frequent_and_as_large_as_was_said():
    offsets = passed('spikes:0.05:4', STILL[:100]).values
    there = offsets != 0.0
    assert within(there.mean(), 0.05, there.size)
    np.testing.assert_allclose((np.abs(offsets) / STD)[there], 4.0)
    assert within((offsets[there] > 0).mean(), 0.5, there.sum())


def test_quantised_readings_are_the_nearest_whole_steps():
    values = np.random.default_rng(0).normal(size=(50, 4, 3)) * STD
    found = passed('quantisation:0.3', values).values
    steps = found / (0.3 * STD)
    np.testing.assert_allclose(steps, np.round(steps), atol=1e-9)
    assert (np.abs(found - values) <= 0.15 * STD + 1e-12).all()
    assert np.array_equal(passed('quantisation:0', values).values, values)


def test_noise_in_si_units_is_of_one_size_on_every_channel():
    noise = passed('gaussian_si:0.7', STILL[:100]).values.reshape(-1, 3)
    np.testing.assert_allclose(noise.std(0), 0.7, rtol=0.02)
    np.testing.assert_allclose(noise.mean(0), 0.0, atol=0.02)


def test_an_offset_in_si_units_is_of_one_size_on_every_channel():
    offsets = passed('bias_si:0.02', STILL[:100]).values
    np.testing.assert_allclose(np.abs(offsets), 0.02)
    assert (offsets == offsets[0]).all(), 'it stays'
    assert within((offsets[0] > 0).mean(), 0.5, offsets[0].size)


@pytest.mark.parametrize(('spec', 'value'), [('removed', 0.0), ('removed:-3.5', -3.5)])
def test_a_removed_channel_reads_a_constant(spec, value):
    assert (passed(spec, counting(20)).values == value).all()


def test_faults_act_on_the_channels_that_are_named():
    values = counting(20)
    for pattern, named in [
        ('angle', [True, True, False]), ('hip', [True, False, True]),
        ('*.position', [True, True, False]), ('hip.position', [True, False, False]),
        ('speed', [False, False, True]), ('*', [True, True, True]),
    ]:  # fmt: skip
        for fault in ('removed:99', 'bias:0.5', 'gaussian', 'frozen'):
            found = passed(f'{fault}:on={pattern}', values).values
            assert (found[1:] != values[1:]).any(axis=(0, 1)).tolist() == named, (fault, pattern)
