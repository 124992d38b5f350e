"""The gate: only commands that are finite, fresh and inside the limits pass."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from support import arm

from liquid_control.control import Contract, ContractError, Gate, Reason

ACTION = Contract.from_dict(arm()).action
FRESHNESS = 0.05
floats32 = st.floats(width=32)
pairs = st.lists(floats32, min_size=2, max_size=2).map(lambda v: np.array(v, dtype=np.float32))
inside = st.tuples(st.floats(-1.0, 1.0), st.floats(-2.0, 2.0)).map(
    lambda v: np.array(v, dtype=np.float32)
)


def within(command, action):
    return all(
        low <= value <= high
        for value, low, high in zip(command.tolist(), action.lower, action.upper, strict=True)
    )


@given(pairs, inside, st.floats(), st.floats())
def test_whatever_comes_in_what_leaves_is_finite_and_inside(action, previous, seconds, age):
    assume(not math.isnan(seconds))
    command, _ = Gate(ACTION, FRESHNESS)(action, previous, seconds, age)
    assert command.dtype == np.float32
    assert command.shape == (2,)
    assert within(command, ACTION)


@settings(max_examples=300)
@given(st.lists(st.floats(-1e30, 1e30), min_size=3, max_size=3, unique=True), floats32)
def test_limits_hold_where_float32_cannot_express_them(numbers, asked):
    lower, safe, upper = sorted(numbers)
    one = replace(ACTION, joints=('hip',), lower=(lower,), upper=(upper,), safe=(safe,), slew=None)
    try:
        gate = Gate(one, FRESHNESS)
    except ContractError:
        assert np.nextafter(np.float32(lower), np.float32(np.inf)) >= upper
        return
    for value in (asked, -3.4e38, 3.4e38, lower, upper):
        command, _ = gate(np.array([value], dtype=np.float32), gate.safe, 0.01, 0.0)
        assert within(command, one)
    assert within(gate.safe, one)


def test_a_limit_that_rounds_outwards_far_from_the_safe_action_is_held():
    one = replace(ACTION, joints=('hip',), lower=(-3.0,), upper=(0.1,), safe=(-3.0,), slew=None)
    command, reasons = Gate(one, FRESHNESS)(np.array([1.0], dtype=np.float32), None, 0.01, 0.0)
    assert 0.0999 < float(command[0]) <= 0.1
    assert reasons == Reason.LIMITED


def test_limits_without_a_float32_between_them_are_refused():
    one = replace(ACTION, joints=('hip',), lower=(0.1,), upper=(0.1 + 1e-12,), safe=(0.1,))
    with pytest.raises(ContractError, match='hip: no float32'):
        Gate(one, FRESHNESS)


@given(pairs, inside, st.floats(0.0, 0.2))
def test_no_joint_changes_faster_than_its_slew(action, previous, seconds):
    command, reasons = Gate(ACTION, FRESHNESS)(action, previous, seconds, 0.0)
    assume(not reasons & Reason.OUTPUT_NOT_FINITE)
    for new, old, slew in zip(command.tolist(), previous.tolist(), ACTION.slew, strict=True):
        rounding = float(np.spacing(np.float32(max(abs(new), abs(old)))))
        assert abs(new - old) <= slew * seconds + rounding


@given(inside)
def test_a_command_that_is_fine_passes_bit_for_bit(action):
    command, reasons = Gate(replace(ACTION, slew=None), FRESHNESS)(action, action, 0.01, 0.0)
    assert reasons == Reason.NONE
    assert command.tobytes() == action.tobytes()


@pytest.mark.parametrize('bad', [math.nan, math.inf, -math.inf])
def test_an_output_that_is_not_finite_is_the_safe_action(bad):
    gate = Gate(ACTION, FRESHNESS)
    command, reasons = gate(np.array([0.5, bad], dtype=np.float32), gate.safe, 0.01, 0.0)
    assert reasons == Reason.OUTPUT_NOT_FINITE
    assert command.tolist() == gate.safe.tolist()
    assert command is not gate.safe


@pytest.mark.parametrize('age', [0.0501, 1e9, math.inf, math.nan])
def test_a_stale_observation_is_the_safe_action(age):
    gate = Gate(ACTION, FRESHNESS)
    command, reasons = gate(np.zeros(2, dtype=np.float32), np.zeros(2), 0.01, age)
    assert reasons == Reason.SENSOR_STALE
    assert command.tolist() == [0.0, 0.5]


@given(st.lists(pairs, max_size=20))
def test_counters_count_the_reasons_that_were_given(actions):
    gate = Gate(ACTION, FRESHNESS)
    given_ = [gate(action, gate.safe, 0.01, 0.0)[1] for action in actions]
    for reason in Reason:
        expected = sum(bool(r & reason) for r in given_)
        assert gate.counts[reason.name.lower()] == expected
