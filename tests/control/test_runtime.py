"""The runner: one row or many, with carried state and supplied previous action."""

import numpy as np
import pytest
from support import STUDENT, make_bundle

from liquid_control.control import PolicyRunner

STEPS, ROWS = 12, 4


@pytest.fixture(scope='module')
def path(tmp_path_factory):
    return make_bundle(tmp_path_factory.mktemp('bundle') / 'student.onnx', STUDENT)


@pytest.fixture
def runner(path):
    return PolicyRunner(path)


@pytest.fixture(scope='module')
def walk():
    rng = np.random.default_rng(0)
    observations = rng.normal(0, 1, (STEPS, ROWS, 8)).astype(np.float32)
    return observations, rng.uniform(0.1, 5, (STEPS, ROWS)).astype(np.float32)


def test_one_row_is_what_it_is_in_a_batch(path, walk):
    batch = PolicyRunner(path)
    batch.reset(ROWS)
    ones = [PolicyRunner(path) for _ in range(ROWS)]
    for observation, elapsed in zip(*walk, strict=True):
        together = batch.step(observation, elapsed)
        for row, one in enumerate(ones):
            alone = one.step(observation[row], float(elapsed[row]))
            assert alone.action.shape == (6,)
            np.testing.assert_allclose(alone.action, together.action[row], atol=1e-6)
            np.testing.assert_allclose(alone.prediction, together.prediction[row], atol=1e-6)


def test_reset_forgets_and_only_reset_does(runner, walk):
    observations = walk[0][:, 0]
    first = [runner.step(o, 1.0).action for o in observations]
    carried = runner.step(observations[0], 1.0).action
    runner.reset()
    again = [runner.step(o, 1.0).action for o in observations]
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(carried, first[0])


def test_what_was_returned_does_not_change_later(runner, walk):
    decision = runner.step(walk[0][0, 0], 1.0)
    action, prediction = decision.action.copy(), decision.prediction.copy()
    runner.step(walk[0][1, 0], 1.0)
    np.testing.assert_array_equal(decision.action, action)
    np.testing.assert_array_equal(decision.prediction, prediction)


def test_elapsed_may_be_a_number_a_row_or_a_column(runner, walk):
    observation = walk[0][0]
    found = []
    for elapsed in (2, 2.0, np.float32(2), np.full(ROWS, 2.0), np.full((ROWS, 1), 2.0)):
        runner.reset(ROWS)
        found.append(runner.step(observation, elapsed).action)
    for action in found[1:]:
        np.testing.assert_array_equal(action, found[0])


def test_elapsed_reaches_every_row(path, walk):
    """Changing one row's elapsed time changes only that row."""
    observation = walk[0][0]
    runner, elapsed = PolicyRunner(path), np.ones(ROWS)
    runner.reset(ROWS)
    before = runner.step(observation, elapsed).action
    runner.reset(ROWS)
    elapsed[2] = 3.0
    after = runner.step(observation, elapsed).action
    changed = np.any(before != after, axis=1)
    assert changed.tolist() == [False, False, True, False]


@pytest.mark.parametrize('shape', [(7,), (9,), (2, 8), (1, 7), (8, 1), (1, 1, 8), (0, 8)])
def test_an_observation_of_another_shape_is_refused(runner, shape):
    with pytest.raises(ValueError, match=r'observation: expected .1, 8.'):
        runner.step(np.zeros(shape, dtype=np.float32), 1.0)


@pytest.mark.parametrize('shape', [(3,), (2, 1), (1, 2), (0,), (1, 1, 1)])
def test_elapsed_of_another_shape_is_refused(runner, shape):
    with pytest.raises(ValueError, match=r'elapsed: expected a number, \(1,\) or \(1, 1\), found'):
        runner.step(np.zeros(8, dtype=np.float32), np.ones(shape))


@pytest.mark.parametrize('wrong', [-1.0, -1, float('nan'), float('inf'), [-0.5], np.float32(-2)])
def test_a_time_that_cannot_have_passed_is_refused(runner, wrong):
    with pytest.raises(ValueError, match='elapsed: expected finite times of 0 or more, found'):
        runner.step(np.zeros(8, dtype=np.float32), wrong)


def test_lists_are_taken_as_arrays_are(path, walk):
    observation = walk[0][0]
    lists, arrays = PolicyRunner(path), PolicyRunner(path)
    left = lists.step(observation[0].tolist(), 1)
    np.testing.assert_array_equal(left.action, arrays.step(observation[0], 1.0).action)
    for runner in (lists, arrays):
        runner.reset(ROWS)
    left = lists.step(observation.tolist(), [2.0] * ROWS)
    np.testing.assert_array_equal(left.action, arrays.step(observation, 2.0).action)


@pytest.mark.parametrize(
    ('observation', 'elapsed', 'said'),
    [
        (['a'] * 8, 1.0, 'observation: expected an array of numbers, found a list'),
        ([[0.0] * 8, [0.0]], 1.0, 'observation: expected an array of numbers'),
        ([0.0] * 7, 1.0, r'observation: expected \(1, 8\), found \(7,\)'),
        (1.0, 1.0, r'observation: expected \(1, 8\), found \(\)'),
        ([0.0] * 8, 'soon', 'elapsed: expected an array of numbers, found a str'),
        ([0.0] * 8, None, r'elapsed: expected finite times'),
    ],
)
def test_what_is_no_numbers_is_refused(runner, observation, elapsed, said):
    with pytest.raises(ValueError, match=said):
        runner.step(observation, elapsed)


def test_the_previous_action_is_safe_then_clipped_then_what_was_sent(runner, walk):
    observation = walk[0][0, 0] * 10
    own = runner._observation[0, 8:]
    asked = runner.step(observation, 1.0).action
    assert own.tolist() == [0.0] * 6
    assert np.abs(asked).max() > 1.0
    runner.step(observation, 1.0)
    np.testing.assert_array_equal(own, np.clip(asked, -1, 1))
    runner.sent(np.full(6, 0.25, dtype=np.float32))
    runner.step(observation, 1.0)
    assert own.tolist() == [0.25] * 6


def test_warming_up_leaves_no_trace(path, walk):
    warm, cold = PolicyRunner(path), PolicyRunner(path)
    warm.warm_up()
    for observation in walk[0][:, 0]:
        left, right = warm.step(observation, 1.0), cold.step(observation, 1.0)
        np.testing.assert_array_equal(left.action, right.action)
