"""A policy that is stepped much more or less often than in its training says so, once."""

import logging
from dataclasses import replace

import numpy as np
import pytest
from support import STUDENT, arm, describe, step_graph

from liquid_control.control import BundleError, Contract, PolicyRunner
from liquid_control.control.elapsed import STEPS, ElapsedWatch, range_of_means

ARM = Contract.from_dict(arm())


def trained(path, contract=STUDENT, elapsed=(0.9, 1.3)):
    bundle = replace(describe(contract), trained_elapsed=elapsed)
    return bundle.write(path, step_graph(contract))


def warnings(caplog) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


def walk(runner, elapsed):
    for value in elapsed:
        runner.step(np.zeros(STUDENT.sensed_size, dtype=np.float32), value)


def test_the_range_survives_writing_and_reading(tmp_path):
    assert trained(tmp_path / 'known.onnx').trained_elapsed == (0.9, 1.3)
    assert trained(tmp_path / 'unknown.onnx', elapsed=None).trained_elapsed is None


@pytest.mark.parametrize('found', [[1.3, 0.9], [0, 1], [1], 'low', [1, float('nan')], {}])
def test_a_wrong_range_is_refused(tmp_path, found):
    good = trained(tmp_path / 'good.onnx')
    with pytest.raises(BundleError, match=r'trained_elapsed: expected \[low, high\]'):
        replace(good, trained_elapsed=found).write(tmp_path / 'bad.onnx', good.graph)


@pytest.mark.parametrize(('elapsed', 'warned'), [(0.5, 1), (10.0, 1), (1.0, 0), (0.82, 0)])
def test_another_rate_is_warned_about_once(tmp_path, caplog, elapsed, warned):
    runner = PolicyRunner(trained(tmp_path / 'policy.onnx'))
    walk(runner, [elapsed] * (4 * STEPS))
    found = warnings(caplog)
    assert len(found) == warned
    if warned:
        assert f'{elapsed:.3g} nominal periods' in found[0]
        assert '0.9 to 1.3' in found[0]
        assert runner.watch.warning in found[0]


def test_uneven_periods_around_the_nominal_one_are_no_other_rate(tmp_path, caplog):
    walk(PolicyRunner(trained(tmp_path / 'policy.onnx')), [0.5, 1.5] * (2 * STEPS))
    assert warnings(caplog) == []


def test_a_reset_begins_a_new_mean(tmp_path, caplog):
    runner = PolicyRunner(trained(tmp_path / 'policy.onnx'))
    for _ in range(4):
        walk(runner, [0.5] * (STEPS - 1))
        runner.reset()
    assert warnings(caplog) == []


def test_a_twin_watches_for_itself(tmp_path, caplog):
    runner = PolicyRunner(trained(tmp_path / 'policy.onnx'))
    walk(runner.twin(), [0.5] * STEPS)
    assert len(warnings(caplog)) == 1
    assert runner.watch.warning is None


def test_a_sequence_is_watched_as_steps_are(tmp_path, caplog):
    runner = PolicyRunner(trained(tmp_path / 'policy.onnx', ARM))
    values = np.zeros((2 * STEPS, ARM.sensed_size), dtype=np.float32)
    runner.sequence(values, np.full(2 * STEPS, 0.5))
    assert len(warnings(caplog)) == 1


def test_nothing_is_noticed_where_the_range_is_unknown():
    watch = ElapsedWatch(None)
    assert [watch.add(9.0) for _ in range(3 * STEPS)] == [None] * (3 * STEPS)


def test_the_range_of_a_recording_is_that_of_its_means():
    elapsed = np.concatenate([np.ones(200), np.full(200, 2.0)])
    assert range_of_means(elapsed) == (1.0, 2.0)
    assert range_of_means(np.tile([0.5, 1.5], 100)) == (1.0, 1.0)
    assert range_of_means(np.ones(STEPS - 1)) is None
