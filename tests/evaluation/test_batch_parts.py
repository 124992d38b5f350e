"""The gate, the clock and the policy of many robots are those of one, robot by robot."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import arm

from liquid_control import paths
from liquid_control.control import Contract, Gate, PolicyRunner
from liquid_control.control.timeline import Advance, Timeline
from liquid_control.evaluation.batch import policy as batch_policy
from liquid_control.evaluation.batch.gate import BatchGate
from liquid_control.evaluation.batch.policy import BatchPolicy
from liquid_control.evaluation.batch.timeline import (
    RESET,
    SKIP,
    STEP,
    SURPLUS,
    BatchTimeline,
)

MEANINGS = {
    STEP: Advance.STEP, RESET: Advance.RESET, SKIP: Advance.SKIP, SURPLUS: Advance.SURPLUS
}  # fmt: skip
PERIOD = 10_000_000
ODD = (np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -2.0, 3e38)


def shipped(name):
    return PolicyRunner(paths.policy(name, 'walker2d'))


@pytest.mark.parametrize('slew', [None, [10.0, 20.0]])
def test_the_gate_of_many_is_the_gate_of_one(slew):
    data = arm()
    data['action'].pop('slew')
    data['action'].update({} if slew is None else {'slew': slew})
    contract, rng = Contract.from_dict(data, 'arm'), np.random.default_rng(0)
    gate, many = Gate(contract.action, 0.05), BatchGate(contract.action)
    asked = rng.normal(0.0, 2.0, (500, 2)).astype(np.float32)
    odd = rng.random(asked.shape) < 0.2
    asked[odd] = rng.choice(np.array(ODD, dtype=np.float32), odd.sum())
    before = rng.uniform(-1.0, 1.0, (500, 2)).astype(np.float32)
    seconds = rng.choice([0.0, 0.004, 0.01, 1.0], 500)
    commands, reasons = many(asked, before, seconds)
    for row in range(500):
        command, reason = gate(asked[row], before[row], float(seconds[row]), 0.0)
        assert command.tobytes() == commands[row].tobytes()
        assert reason == reasons[row]
    assert len(set(reasons.tolist())) > 2, 'little was asked of it'


@pytest.mark.parametrize(
    ('thin', 'trained'), [(True, None), (False, None), (True, (0.4, 2.5)), (True, (0.92, 1.28))]
)
@given(st.data())
def test_the_clock_of_many_is_the_clock_of_one(thin, trained, data):
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    count, steps = 5, 120
    many = BatchTimeline(count, PERIOD, 0.2, thin, trained)
    alone = [Timeline(PERIOD, 0.2, thin, trained) for _ in range(count)]
    pace, spread = rng.uniform(0.2, 1.5, count), rng.choice([0.0, 0.1, 1.0])
    stamps = np.full(count, 10**18)
    for _ in range(steps):
        apart = pace * (1.0 + spread * rng.uniform(-1.0, 1.0, count))
        rare = rng.random(count)
        apart[rare < 0.05] = rng.choice([0.0, -0.5, -30.0, 25.0])
        stamps = stamps + np.rint(apart * PERIOD).astype(np.int64)
        if rng.random() < 0.02:
            many.forget(np.array([2]))
            alone[2].forget()
        rows = np.flatnonzero(rng.random(count) < 0.9)
        meanings, elapsed = many.advance(rows, stamps[rows])
        for row, meaning, passed in zip(rows, meanings, elapsed, strict=True):
            assert alone[row].advance(int(stamps[row])) == (MEANINGS[int(meaning)], passed)


def steps_of(policy, count=24, steps=6):
    """Steps of some of N robots, and the same steps of each by itself."""
    runner = shipped(policy)
    many, alone = BatchPolicy(runner, count), [runner.twin() for _ in range(count)]
    rng, contract = np.random.default_rng(1), runner.contract
    sent = np.tile(many.safe, (count, 1))
    for _ in range(steps):
        rows = np.flatnonzero(rng.random(count) < 0.8)
        observation = rng.normal(0.0, 1.0, (len(rows), contract.sensed_size)).astype(np.float32)
        elapsed = rng.uniform(0.5, 2.0, len(rows))
        action, prediction, finite = many.step(rows, observation, elapsed, sent[rows])
        assert finite.all()
        for at, row in enumerate(rows):
            single = alone[row].step(observation[at], float(elapsed[at]))
            yield action[at], single.action
            yield prediction[at], single.prediction
            yield many.state[row].copy(), alone[row].state[0]
        sent[rows] = np.clip(action, -1.0, 1.0)
    yield many, runner


@pytest.mark.parametrize('policy', ['cfc', 'ltc', 'lrc', 'ltc_ncp'])
def test_rows_of_a_batch_are_single_steps(policy):
    *pairs, (many, _) = steps_of(policy)
    assert all(np.array_equal(batch, single) for batch, single in pairs)
    assert None not in many._bindings.values()


def test_a_batch_that_is_rounded_otherwise_is_never_used(monkeypatch):
    monkeypatch.setattr(batch_policy, '_for_batches', lambda graph: graph)
    *pairs, (many, _) = steps_of('ltc')
    assert set(many._bindings.values()) == {None}, 'as shipped, its sums depend on the row'
    assert all(np.array_equal(batch, single) for batch, single in pairs)
