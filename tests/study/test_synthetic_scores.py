"""Free-running prediction and its scores: an exact model is perfect, others score as by hand."""

import numpy as np
import pytest

from liquid_control.study.sequences import Sequences
from liquid_control.study.synthetic.baselines import LinearAutoregression, persistence
from liquid_control.study.synthetic.data import WARM_UP, SyntheticData
from liquid_control.study.synthetic.forecast import free_running, one_step
from liquid_control.study.synthetic.scores import score_free_run


class TrueEquation:
    """Integrates the system itself from each sample to the next."""

    def __init__(self, data: SyntheticData, part: str):
        self.system, self.parameters = data.signal, data.part(part).parameters

    def __call__(self, x, elapsed, state):
        ahead = np.empty(x.shape)
        ticks = np.unique(elapsed)
        solved = self.system.integrate(
            x.T.astype(float), self.parameters, np.append(ticks, 2.0) * self.system.sampling
        )
        for index, tick in enumerate(ticks):
            rows = elapsed[:, 0] == tick
            ahead[rows] = solved[rows, index]
        return ahead, state


def ramp(count: int = 2, steps: int = 6) -> Sequences:
    """Sequences that rise by 1 a step."""
    values = np.arange(steps + 1, dtype=np.float32)[None, :, None].repeat(count, axis=0)
    present = np.ones((count, steps), bool)
    elapsed = np.ones((count, steps, 1), np.float32)
    return Sequences(values[:, :-1], elapsed, values[:, 1:], present)


@pytest.mark.parametrize('part', ['test', 'outside'])
@pytest.mark.parametrize('sampling', ['regular', 'irregular'])
def test_true_equation_scores_perfectly(part, sampling):
    data = SyntheticData('van-der-pol', sampling)
    sequences = data.part(part).sequences
    model = TrueEquation(data, part)
    output = free_running(model, sequences, WARM_UP)
    assert data.scores(one_step(model, sequences), sequences)['nmse'] < 1e-11
    horizon = slice(WARM_UP, None)
    run = score_free_run(
        output[:, horizon], sequences.target[:, horizon], sequences.elapsed[:, horizon, 0]
    )
    assert run.horizon_nmse.max() < 1e-8
    assert run.whole == 1.0
    np.testing.assert_allclose(run.valid_times, sequences.elapsed[:, horizon, 0].sum(axis=1))


def test_persistence_by_hand():
    """Over a ramp, the free run stays at the last sample, and the error grows by 1 a step."""
    sequences = ramp()
    np.testing.assert_array_equal(one_step(persistence, sequences), sequences.x)
    output = free_running(persistence, sequences, 2)
    np.testing.assert_array_equal(output[0, :, 0], [0, 1, 1, 1, 1, 1])
    gaps = np.array([[1.0, 1.0, 2.0, 1.0]] * 2)
    run = score_free_run(output[:, 2:], sequences.target[:, 2:], gaps)
    variance = np.var([3, 4, 5, 6])
    np.testing.assert_allclose(run.horizon_nmse, np.array([4, 9, 16, 25]) / variance)
    np.testing.assert_array_equal(run.valid_times, [0, 0])


def test_valid_time_ends_at_the_first_error():
    """A prediction that is right again later stays invalid."""
    target = np.array([-1.0, 1.0] * 3)[None, :, None]
    output = target + np.array([0.5, 0.4, 0.6, 0.0, 0.0, 0.0])[None, :, None]
    gaps = np.array([[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]])
    run = score_free_run(output, target, gaps)
    assert run.valid_times.tolist() == [3.0]
    assert run.whole == 0.0


@pytest.mark.parametrize('wrong', [np.nan, np.inf])
def test_diverged_predictions_are_infinitely_wrong(wrong):
    target = np.array([-1.0, 1.0, -1.0])[None, :, None]
    output = target.copy()
    output[0, 1] = wrong
    run = score_free_run(output, target, np.ones((1, 3)))
    assert run.horizon_nmse.tolist() == [0.0, np.inf, 0.0]
    assert run.valid_times.tolist() == [1.0]


def test_autoregression_continues_a_sine():
    """A sine solves a linear recurrence of order 2."""
    steps = 0.3 * np.arange(101) + np.linspace(0, 1, 20)[:, None]
    values = np.sin(steps)[:, :, None].astype(np.float32)
    present = np.ones((20, 100), bool)
    elapsed = np.ones((20, 100, 1), np.float32)
    sequences = Sequences(values[:, :-1], elapsed, values[:, 1:], present)
    output = free_running(LinearAutoregression(sequences, order=2), sequences, 20)
    np.testing.assert_allclose(output[:, 20:], sequences.target[:, 20:], atol=1e-2)


@pytest.mark.parametrize('warm_up', [0, 7])
def test_warm_up_is_within_the_sequence(warm_up):
    message = f'warm_up: expected 1 to 6 samples, found {warm_up}'
    with pytest.raises(ValueError, match=message):
        free_running(persistence, ramp(), warm_up)


def test_warm_up_steps_do_not_count():
    data = SyntheticData('damped-sine')
    sequences = data.load().test
    output = sequences.target.copy()
    output[:, :WARM_UP] += 100
    assert data.scores(output, sequences)['nmse'] == 0.0
