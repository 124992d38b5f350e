"""The controller: the effect of stamps, broken readings and broken policies on commands."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import helper
from support import arm, describe, edit_graph, make_bundle, step_graph

from liquid_control.control import Contract, ContractError, Controller, PolicyRunner, Reason
from liquid_control.control.timeline import Timeline

ARM = Contract.from_dict(arm())
ASKED = ARM.asking('angle', 'previous_action')
PERIOD = 10_000_000
SAFE = [0.0, 0.5]
START = 1_000_000_000
SEEN = np.array([0.4, -0.3], dtype=np.float32)
BROKEN = np.array([0.4, np.nan], dtype=np.float32)


@pytest.fixture(scope='module')
def path(tmp_path_factory):
    return make_bundle(tmp_path_factory.mktemp('bundle') / 'arm.onnx', ASKED)


@pytest.fixture
def controller(path):
    return Controller(PolicyRunner(path), ARM)


def test_elapsed_is_measured_between_stamps_in_periods(controller):
    stamps = np.cumsum([START, PERIOD, 3 * PERIOD, PERIOD // 2, 1])
    elapsed = [controller.step(int(stamp), SEEN).elapsed for stamp in stamps]
    assert elapsed == [1.0, 1.0, 3.0, 0.5, 1 / PERIOD]


@given(st.lists(st.integers(-(2**62), 2**62) | st.integers(0, 10**9), max_size=30))
def test_any_stamps_give_an_elapsed_time_that_is_positive_and_bounded(stamps):
    timeline = Timeline(PERIOD, 0.2)
    for stamp in stamps:
        advance, elapsed = timeline.advance(stamp)
        if advance.used:
            assert 0.0 < elapsed <= 20.0
        else:
            assert elapsed == 0.0


@pytest.mark.parametrize('back', [0, 1, PERIOD, 5 * PERIOD])
def test_a_stamp_that_does_not_advance_holds_the_command(controller, back):
    last = controller.step(START, SEEN)
    again = controller.step(START - back, SEEN)
    assert again.reasons == Reason.STAMP_NOT_ADVANCING
    assert again.prediction is None
    assert again.action.tolist() == last.action.tolist()
    assert controller.counts['stamp_not_advancing'] == 1
    assert controller.step(START + PERIOD, SEEN).elapsed == 1.0


def test_a_stamp_that_stands_still_is_safe_once_its_age_says_so(controller):
    controller.step(START, SEEN)
    assert controller.step(START, SEEN, age=lambda: 0.05).action.tolist() != SAFE
    stuck = controller.step(START - PERIOD, SEEN, age=lambda: 0.05)
    assert stuck.action.tolist() != SAFE
    stuck = controller.step(START + 2 * PERIOD, BROKEN, age=lambda: 0.05)
    assert stuck.reasons == Reason.OBSERVATION_NOT_FINITE | Reason.SENSOR_STALE
    assert stuck.action.tolist() == SAFE


def test_a_broken_reading_holds_the_command_until_it_is_stale(controller):
    held = controller.step(START, SEEN).action.tolist()
    assert held != SAFE
    for period in range(1, 6):
        command = controller.step(START + period * PERIOD, BROKEN)
        assert command.reasons == Reason.OBSERVATION_NOT_FINITE
        assert command.action.tolist() == held
    stale = controller.step(START + 6 * PERIOD, BROKEN)
    assert stale.reasons == Reason.OBSERVATION_NOT_FINITE | Reason.SENSOR_STALE
    assert stale.action.tolist() == SAFE
    assert controller.step(START + 7 * PERIOD, SEEN).elapsed == 7.0


def test_a_broken_first_reading_is_safe(controller):
    command = controller.step(START, BROKEN)
    assert command.action.tolist() == SAFE
    assert Reason.SENSOR_STALE in command.reasons


@pytest.mark.parametrize('jump', [21 * PERIOD, 10**15, -21 * PERIOD, -(10**9)])
def test_after_a_gap_the_policy_starts_anew(path, jump):
    used, fresh = (Controller(PolicyRunner(path), ARM) for _ in range(2))
    for period in range(5):
        used.step(START + period * PERIOD, SEEN)
    stamp = START + 4 * PERIOD + jump
    after, first = used.step(stamp, SEEN), fresh.step(stamp, SEEN)
    assert after.elapsed == 1.0
    assert after.prediction.tobytes() == first.prediction.tobytes()
    assert used.counts['resets'] == 2
    left, right = used.runner, fresh.runner
    assert left._states[left._turn].tobytes() == right._states[right._turn].tobytes()


def test_no_gap_lets_the_command_jump(controller):
    """Changes between commands stay within one period's slew, even across gaps."""
    rng = np.random.default_rng(0)
    stamp, last = START, controller.step(START, SEEN).action
    for _ in range(300):
        stamp += int(rng.choice([PERIOD // 3, PERIOD, 4 * PERIOD, 19 * PERIOD, 90 * PERIOD]))
        command = controller.step(stamp, rng.normal(0, 3, 2).astype(np.float32))
        assert np.all(np.abs(command.action - last) <= np.array([0.1, 0.2]) + 1e-6)
        last = command.action


def test_the_policy_sees_the_command_that_was_sent(controller):
    """The previous action in the observation is what passed the gate, with its slew limit."""
    sent = controller.gate.safe
    for period in range(20):
        command = controller.step(START + period * PERIOD, SEEN * period)
        seen = controller.runner._observation[0, 2:]
        assert seen.tolist() == sent.tolist()
        sent = command.action
    assert controller.counts['slewed'] > 0


def test_stale_observations_bring_the_safe_action_which_the_policy_sees(path):
    steady = SimpleNamespace(now=0.0)
    controller = Controller(PolicyRunner(path), ARM, clock=lambda: steady.now)
    controller.step(START, SEEN)
    steady.now = 0.06
    assert controller.step(START + PERIOD, SEEN, age=lambda: 1.0).action.tolist() == SAFE
    controller.step(START + 2 * PERIOD, SEEN)
    assert controller.runner._observation[0, 2:].tolist() == SAFE


def break_weights(weights):
    weights['A'][:] = np.nan


def test_an_output_that_is_not_finite_stops_until_reset(tmp_path):
    broken = make_bundle(tmp_path / 'nan.onnx', ASKED, edit=break_weights)
    controller = Controller(PolicyRunner(broken), ARM)
    first = controller.step(START, SEEN)
    assert first.reasons == Reason.OUTPUT_NOT_FINITE
    assert first.action.tolist() == SAFE
    for period in range(1, 4):
        later = controller.step(START + period * PERIOD, SEEN)
        assert later.reasons == Reason.STOPPED
        assert later.action.tolist() == SAFE
    assert 'not finite' in controller.stopped
    assert controller.counts == {
        'resets': 1, 'steps': 1, 'stops': 1, 'output_not_finite': 1, 'stopped': 3,
    }  # fmt: skip
    controller.reset()
    assert controller.stopped is None
    assert controller.step(START + 4 * PERIOD, SEEN).reasons == Reason.OUTPUT_NOT_FINITE


def saturate(model):
    """A state that can grow without bound, and an action that stays finite."""
    nodes = model.graph.node
    nodes[2].op_type = 'Identity'
    nodes[3].input[0] = 'calm'
    nodes.insert(3, helper.make_node('Tanh', ['next_state'], ['calm']))


def test_an_infinite_state_stops_it_however_sound_the_action_looks(tmp_path):
    describe(ASKED).write(tmp_path / 'inf.onnx', edit_graph(step_graph(ASKED), saturate))
    controller = Controller(PolicyRunner(tmp_path / 'inf.onnx'), ARM)
    assert controller.step(START, SEEN).reasons & ~(Reason.LIMITED | Reason.SLEWED) == 0
    controller.runner.resume(np.full((1, 5), np.inf, dtype=np.float32))
    command = controller.step(START + PERIOD, SEEN)
    assert command.reasons == Reason.OUTPUT_NOT_FINITE
    assert command.action.tolist() == SAFE
    assert controller.stopped == "the policy's state is not finite"


def test_an_answer_that_takes_too_long_is_not_sent(controller):
    """The age counts when the policy has answered, not when it was asked."""
    asked = []

    def age():
        asked.append(controller.counts.get('steps', 0))
        return 2 * ARM.freshness * asked[-1]

    assert controller.step(START, SEEN, age).reasons == Reason.SENSOR_STALE
    assert asked == [0, 1]


def test_a_policy_that_raises_stops_the_robot_and_not_the_process(controller):
    controller.step(START, SEEN)
    command = controller.step(START + PERIOD, np.zeros(3, dtype=np.float32))
    assert command.reasons == Reason.POLICY_FAILED
    assert command.action.tolist() == SAFE
    assert 'expected (1, 2)' in controller.stopped
    assert controller.step(START + 2 * PERIOD, SEEN).reasons == Reason.STOPPED


def test_the_operator_stops_it_once(controller):
    controller.step(START, SEEN)
    assert controller.stop('first').tolist() == SAFE
    controller.stop('second')
    assert controller.stopped == 'first'
    assert controller.counts['stops'] == 1


def test_two_runs_are_one(path):
    rng = np.random.default_rng(1)
    controller = Controller(PolicyRunner(path), ARM)
    stamps = START + np.cumsum(rng.integers(-PERIOD, 8 * PERIOD, 100))
    observations = rng.normal(0, 2, (100, 2)).astype(np.float32)
    observations[rng.random((100, 2)) < 0.1] = np.nan

    def run():
        controller.reset()
        return [
            (c.action.tobytes(), c.reasons, c.elapsed)
            for c in map(controller.step, stamps.tolist(), observations)
        ]

    assert run() == run()


def test_a_policy_of_another_robot_is_refused(path):
    other = Contract.from_dict(arm(robot='leg', rate=50.0), 'leg.yaml')
    with pytest.raises(ContractError, match=r'arm\.onnx does not fit leg\.yaml: robot: .*rate:'):
        Controller(PolicyRunner(path), other)


def test_a_held_command_is_never_older_than_freshness_however_its_age_is_made_up(controller):
    last = controller.step(START, SEEN)
    part = round(0.6 * ARM.freshness * 1e9)
    held = controller.step(START + part, BROKEN, age=lambda: 0.3 * ARM.freshness)
    assert held.action.tolist() == last.action.tolist()
    stale = controller.step(START + part, BROKEN, age=lambda: 0.6 * ARM.freshness)
    assert Reason.SENSOR_STALE in stale.reasons
    assert stale.action.tolist() == SAFE
