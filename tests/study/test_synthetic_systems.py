"""The synthetic series are exact solutions, seeded, and sampled as their conditions say."""

import itertools
import pickle

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from liquid_control.study.synthetic import data as module
from liquid_control.study.synthetic.data import COUNTS, HORIZON, WARM_UP, SyntheticData
from liquid_control.study.synthetic.system import OrdinaryEquation
from liquid_control.study.synthetic.systems import SYSTEMS

EQUATIONS = [name for name, system in SYSTEMS.items() if isinstance(system, OrdinaryEquation)]


def drawn(name: str, count: int = 3, outside: bool = False):
    return SYSTEMS[name].draw(np.random.default_rng(5), count, outside)


@pytest.mark.parametrize('name', EQUATIONS)
def test_integration_agrees_with_an_implicit_one(name):
    """Radau, of another family, one sequence at a time."""
    system, parameters = SYSTEMS[name], drawn(name)
    times = np.linspace(0, 10 * system.sampling, 7)
    together = system.integrate(
        np.stack([parameters[key] for key in system.start]), parameters, times
    )
    for row in range(3):
        alone = {key: values[row : row + 1] for key, values in parameters.items()}
        solution = solve_ivp(
            lambda _, state, alone=alone: system.derivative(state[:, None], alone)[:, 0],
            (0, times[-1]),
            [alone[key][0] for key in system.start],
            method='Radau',
            t_eval=times,
            rtol=1e-9,
            atol=1e-9,
        )
        np.testing.assert_allclose(together[row], solution.y.T, atol=1e-5)


@pytest.mark.parametrize(('mu', 'period'), [(1.0, 6.6633), (2.0, 7.6299)])
def test_van_der_pol_period(mu, period):
    """Its limit cycle has the period of the literature."""
    times = np.linspace(0, 80, 80_001)
    parameters = {'x': np.array([2.0]), 'v': np.array([0.0]), 'mu': np.array([mu])}
    x = SYSTEMS['van-der-pol'].solve(parameters, times)[0, :, 0]
    rising = times[1:][(x[:-1] < 0) & (x[1:] >= 0)]
    assert rising[-1] - rising[-2] == pytest.approx(period, abs=2e-3)


def test_lorenz_exponent():
    """Two close trajectories part at the stated rate, at ρ = 28."""
    lorenz, count = SYSTEMS['lorenz'], 200
    parameters = {**drawn('lorenz', count), 'rho': np.full(count, 28.0)}
    start = lorenz.solve(parameters, np.zeros(1))[:, 0].T
    random = np.random.default_rng(0)
    shift = 1e-8 * random.standard_normal(start.shape)
    times = np.array([1.0, 11.0])
    apart = lorenz.integrate(start + shift, parameters, times) - lorenz.integrate(
        start, parameters, times
    )
    growth = np.diff(np.log(np.linalg.norm(apart, axis=2)), axis=1) / 10
    assert growth.mean() == pytest.approx(0.906, abs=0.06)


def test_damped_sine_by_hand():
    parameters = {'amplitude': [2.0], 'damping': [0.5], 'frequency': [1.0], 'phase': [0.0]}
    arrays = {name: np.array(value) for name, value in parameters.items()}
    values = SYSTEMS['damped-sine'].solve(arrays, np.array([0.0, 0.25, 1.25]))
    np.testing.assert_allclose(values[0, :, 0], [0, 2 * np.exp(-0.125), 2 * np.exp(-0.625)])


def test_chirp_frequency_rises():
    """The phase's slope is the stated frequency."""
    parameters = {'frequency': np.array([0.5]), 'rate': np.array([0.1]), 'phase': np.zeros(1)}
    times = np.linspace(0, 10, 100_001)
    x = SYSTEMS['chirp'].solve(parameters, times)[0, :, 0]
    rising = times[1:][(x[:-1] < 0) & (x[1:] >= 0)]
    np.testing.assert_allclose(0.5 * rising + 0.05 * rising**2, 1 + np.arange(9), atol=1e-3)


@pytest.mark.parametrize('name', SYSTEMS)
def test_outside_is_outside(name):
    """No range of the test outside meets the one in training."""
    system = SYSTEMS[name]
    for key, (low, _) in system.outside.items():
        assert low > system.inside[key][1]
        assert drawn(name, outside=True)[key].min() >= low
        assert drawn(name)[key].max() <= system.inside[key][1]


@pytest.mark.parametrize('sampling', ['regular', 'irregular'])
def test_sampling(sampling):
    data = SyntheticData('damped-sine', sampling)
    split = data.load()
    assert len(split.train) == COUNTS['train']
    assert split.train.x.shape[1] == WARM_UP
    assert split.test.x.shape == data.outside().x.shape == (64, WARM_UP + HORIZON, 1)
    gaps = np.unique(split.train.elapsed)
    expected = [1.0] if sampling == 'regular' else np.arange(1, 8) / 4
    np.testing.assert_array_equal(gaps, expected)


def test_elapsed_leads_to_the_target():
    """Each target is the signal as long after the input as the elapsed time says."""
    data = SyntheticData('damped-sine', 'irregular')
    part = data.part('test')
    elapsed = part.sequences.elapsed[..., 0].astype(float)
    times = np.cumsum(elapsed, axis=1) * data.signal.sampling
    for row in range(3):
        own = {key: values[row : row + 1] for key, values in part.parameters.items()}
        exact = data.signal.solve(own, times[row])[0]
        np.testing.assert_allclose(part.sequences.target[row], exact, atol=1e-6)


def test_noise():
    """Inputs are noisy, targets of training too; targets of the tests are exact."""
    clean, noisy = SyntheticData('lorenz').load(), SyntheticData('lorenz', noise=0.1).load()
    relative = (noisy.train.x - clean.train.x).std(axis=(0, 1)) / clean.train.x.std(axis=(0, 1))
    np.testing.assert_allclose(relative, 0.1, rtol=0.02)
    assert not np.array_equal(noisy.train.target, clean.train.target)
    np.testing.assert_array_equal(noisy.test.target, clean.test.target)
    np.testing.assert_array_equal(noisy.train.x[:, 1:], noisy.train.target[:, :-1])


@pytest.mark.parametrize(('noise', 'stronger'), [(0.0, 0.1), (0.1, 0.3), (0.02, 0.1)])
def test_stronger_noise_is_on_the_inputs_of_the_test(noise, stronger):
    data = SyntheticData('lorenz', noise=noise)
    test, noisy = data.part('test').sequences, data.part('noisy').sequences
    exact = SyntheticData('lorenz').part('test').sequences
    relative = (noisy.x - exact.x).std(axis=(0, 1)) / exact.x.std(axis=(0, 1))
    np.testing.assert_allclose(relative, stronger, rtol=0.05)
    for name in ('target', 'elapsed', 'present'):
        np.testing.assert_array_equal(getattr(noisy, name), getattr(test, name))


def test_same_numbers_every_time():
    again = [SyntheticData('van-der-pol', 'irregular', 0.1).load() for _ in range(2)]
    assert again[0].sha256 == again[1].sha256
    np.testing.assert_array_equal(again[0].test.x, again[1].test.x)


def test_a_condition_takes_its_sequences_to_another_process(monkeypatch):
    data = SyntheticData('lorenz', 'irregular', 0.1)
    there, sha256 = pickle.dumps(data), data.load().sha256
    monkeypatch.setattr(module, '_PARTS', {})
    monkeypatch.setattr(type(data.signal), 'solve', None)
    again = pickle.loads(there)
    assert again == data
    assert again.load().sha256 == sha256


def test_conditions_have_digests_of_their_own():
    conditions = itertools.product(('chirp', 'damped-sine'), ('regular', 'irregular'), (0.0, 0.1))
    assert len({SyntheticData(*condition).load().sha256 for condition in conditions}) == 8


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (('lorentz',), "unknown system 'lorentz'"),
        (('lorenz', 'regualr'), "unknown sampling 'regualr'"),
        (('lorenz', 'regular', -1.0), 'noise: expected a finite number from 0 on, found -1.0'),
    ],
)
def test_unknown_conditions_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        SyntheticData(*arguments)
