"""A predictor gives the same results on a recording step by step and in sequences."""

import numpy as np
import pytest
from alarmed import alarmed, joints_alone

from liquid_control.control import PolicyRunner
from liquid_control.replay.evaluator import Evaluator

PERIOD = 10_000_000


@pytest.fixture
def robot():
    return joints_alone()


@pytest.fixture
def predictor(robot, tmp_path):
    return alarmed(tmp_path, robot, 1e3)


def recording(robot, lost_mind: bool):
    """Stamps and observations with a gap, a repeated stamp and broken readings."""
    rng = np.random.default_rng(0)
    values = rng.normal(0, 1, (150, robot.asking('angle').sensed_size)).astype(np.float32)
    stamps = 10**9 + PERIOD * np.arange(150)
    values[[3, 40, 41], [0, 1, 0]] = np.nan
    stamps[50] = stamps[49]
    stamps[80:] += round(2e9 * robot.max_gap)
    if lost_mind:  # finite, but so large that the network's output is not
        values[100, 0] = 3e38
    return stamps.tolist(), values


def played(predictor, robot, stamps, values, monkeypatch, timed, chunk):
    monkeypatch.setattr('liquid_control.replay.evaluator._TIMED', timed)
    monkeypatch.setattr('liquid_control.replay.evaluator._CHUNK', chunk)
    player = Evaluator(PolicyRunner(predictor), robot, horizon=8)
    for stamp, row in zip(stamps, values, strict=True):
        player.step(stamp, row, None)
    player.end()
    return {k: v for k, v in player.result().items() if not k.startswith('policy_step_us')}


def numbers(told, at=''):
    """All leaves of a result, by path."""
    if isinstance(told, dict):
        return {k: v for key, part in told.items() for k, v in numbers(part, f'{at}/{key}').items()}
    if isinstance(told, list):
        return numbers(dict(enumerate(told)), at)
    return {at: told}


@pytest.mark.parametrize('lost_mind', [False, True])
@pytest.mark.parametrize(('timed', 'chunk'), [(0, 7), (0, 1000), (60, 7), (95, 1000)])
def test_it_says_the_same(predictor, robot, monkeypatch, lost_mind, timed, chunk):
    stamps, values = recording(robot, lost_mind)
    one = numbers(played(predictor, robot, stamps, values, monkeypatch, 10**9, 1000))
    many = numbers(played(predictor, robot, stamps, values, monkeypatch, timed, chunk))
    assert one['/resets'] == 2
    assert one['/reasons/observation_not_finite'] == 3
    assert one['/reasons/stamp_not_advancing'] == 1
    assert bool(one.get('/alarm/events/0/start_ns')) == lost_mind, 'that is not to be missed'
    assert list(many) == list(one)
    for name, value in one.items():
        expected = pytest.approx(value, rel=1e-5) if isinstance(value, float) else value
        assert many[name] == expected, name
