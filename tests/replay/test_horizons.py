"""Batched free runs equal single ones, whatever the chunk size."""

import numpy as np
import pytest
import support

from liquid_control.control import Contract, PolicyRunner
from liquid_control.replay.free_run import FreeRunner


def told() -> dict:
    """The arm with an additional commanded position."""
    data = support.arm()
    data['observation'].append(
        {
            'name': 'target', 'topic': 'targets', 'type': 'sensor_msgs/msg/JointState',
            'field': 'position', 'joints': ['hip', 'knee'], 'unit': 'rad', 'hold': True,
        }
    )  # fmt: skip
    return data


@pytest.fixture
def runner(tmp_path):
    contract = Contract.from_dict(told()).asking('angle', 'rate', 'target', 'previous_action')
    return PolicyRunner(support.make_bundle(tmp_path / 'arm.onnx', contract, seed=3))


def drive(runner, free_runs, steps=70, gap=40, seed=0):
    """Step through noise, with a gap after which memory is reset; returns the inputs."""
    rng = np.random.default_rng(seed)
    seen = []
    runner.reset()
    for step in range(steps):
        if step == gap:
            free_runs.end()
            runner.reset()
        values = rng.standard_normal(6).astype(np.float32)
        elapsed = float(rng.uniform(0.2, 3.0))
        sent = rng.standard_normal(2).astype(np.float32)
        before = runner.state
        prediction = runner.step(values, elapsed).prediction
        free_runs.add([step], [values], [elapsed], [prediction], runner.state, [sent])
        runner.sent(sent)
        seen.append((values, elapsed, sent, before, prediction))
    free_runs.end()
    return seen


def alone(runner, seen, start, last, horizon):
    """A single free run from one starting point, step by step."""
    lone = runner.twin()
    values, elapsed, _, before, predicted = seen[start]
    lone.resume(before)
    lone.sent(seen[start - 1][2] if start not in (0, 40) else lone._safe)
    lone.step(values[None], np.array([elapsed]))
    found = []
    for place in range(start + 1, min(start + horizon, last) + 1):
        truth, elapsed, _, _, _ = seen[place]
        found.append(predicted[:4] - truth[:4])
        lone.sent(seen[place - 1][2])
        x = np.concatenate([predicted[:4], truth[4:]])
        predicted = lone.step(x[None], np.array([elapsed])).prediction[0]
    return np.array(found)


@pytest.mark.parametrize('chunk', [1, 7, 1000])
def test_a_batch_is_many_rollouts_alone(runner, chunk):
    parts = []
    free_runs = FreeRunner(runner, parts.append, horizon=8, every=3, chunk=chunk)
    seen = drive(runner, free_runs)
    errors = np.concatenate([part.errors for part in parts])
    ends = np.concatenate([part.stamps[:, -1] for part in parts])
    starts = [s for s in range(0, 70, 3) if s not in (39, 69)]  # these are last in their stretch
    assert len(errors) == len(starts)
    for start, row, end in zip(starts, errors, ends, strict=True):
        last = 39 if start < 40 else 69
        expected = alone(runner, seen, start, last, 8)
        np.testing.assert_allclose(row[: len(expected)], expected, rtol=1e-5, atol=1e-5)
        assert np.isnan(row[len(expected) :]).all()
        assert end == min(start + 8, last)


def test_no_change_equals_persistence(tmp_path):
    contract = Contract.from_dict(told()).asking('angle', 'rate', 'target')

    def still(weights):
        weights['P'] = np.eye(6)

    runner = PolicyRunner(support.make_bundle(tmp_path / 'still.onnx', contract, edit=still))
    parts = []
    drive(runner, FreeRunner(runner, parts.append, horizon=8, every=3))
    for part in parts:
        np.testing.assert_array_equal(part.errors, part.persistence)


def test_a_rollout_that_diverges_is_a_large_error(tmp_path):
    contract = Contract.from_dict(told()).asking('angle', 'rate', 'target')

    def wild(weights):
        weights['P'] *= 1e9

    runner = PolicyRunner(support.make_bundle(tmp_path / 'wild.onnx', contract, edit=wild))
    parts = []
    drive(runner, FreeRunner(runner, parts.append, horizon=8, every=3))
    whole = parts[0].errors[0]
    assert np.isfinite(whole).all()
    assert np.abs(whole[-1]).max() == 1e6
