"""Faults: their promised statistics, and invalid specifications."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from liquid_control.faults import Dropped, FaultError, Gaussian, names, parse


@given(st.floats(0.0, 1e6), st.floats(0.0, 1.0))
def test_what_is_written_is_what_is_meant(sigma, probability):
    assert parse(f' gaussian:{sigma!r} + dropped:{probability!r}') == (
        Gaussian(sigma),
        Dropped(probability),
    )


def test_no_fault_and_defaults():
    assert parse('none') == parse('') == ()
    assert parse('gaussian') == (Gaussian(),)
    assert names() == ['delay', 'dropped', 'gaussian', 'jitter']


@pytest.mark.parametrize(
    ('spec', 'said'),
    [
        ('gausian:0.1', "did you mean 'gaussian'"),
        ('gaussian:', "sigma: expected a number, found ''"),
        ('gaussian:much', "found 'much'"),
        ('gaussian:-0.1', 'sigma: expected a number >= 0, found -0.1'),
        ('gaussian:nan', 'found nan'),
        ('gaussian:inf', 'found inf'),
        ('gaussian:0.1:0.2', 'gaussian takes sigma; found 2 values'),
        ('dropped:1.1', r'in \[0, 1\], found 1.1'),
        ('dropped:nan', 'found nan'),
        ('delay:-1', r'whole number in \[0, 1000\], found -1'),
        ('delay:1.5', 'found 1.5'),
        ('delay:inf', 'found inf'),
        ('delay:nan', 'found nan'),
        ('jitter:-1', 'sigma: expected a number >= 0, found -1'),
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
    noise = Gaussian(0.3).corrupt(np.tile(values, (40_000, 1)), std, rng) - values
    np.testing.assert_allclose(noise.std(0), 0.3 * std, rtol=0.02)
    np.testing.assert_allclose(noise.mean(0) / std, 0.0, atol=0.01)
    np.testing.assert_allclose(np.corrcoef(noise.T), np.eye(3), atol=0.02)


def test_no_noise_is_none():
    values = np.arange(6.0).reshape(2, 3)
    rng = np.random.default_rng(0)
    np.testing.assert_array_equal(Gaussian(0.0).corrupt(values, np.ones(3), rng), values)
    np.testing.assert_array_equal(Dropped(1.0).corrupt(values, np.ones(3), rng), values)


@pytest.mark.parametrize('probability', [0.0, 0.1, 0.5, 1.0])
def test_samples_are_lost_as_often_as_was_said(probability):
    lost = Dropped(probability).drops(np.random.default_rng(0), (40_000,))
    assert lost.mean() == pytest.approx(probability, abs=0.01)
    assert np.ndim(Dropped(probability).drops(np.random.default_rng(0))) == 0
