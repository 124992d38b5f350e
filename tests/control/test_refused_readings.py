"""A reading that is refused leaves no trace: neither in the policy's memory nor in its clock."""

from types import SimpleNamespace

import numpy as np
import pytest
from support import arm, make_bundle

from liquid_control.control import Contract, Controller, PolicyRunner, Reason

ARM = Contract.from_dict(arm(freshness=0.1, max_gap=0.3))
PERIOD = ARM.period_ns
START = 10**18
SAFE = [0.0, 0.5]
RNG = np.random.default_rng(0)
SEEN = RNG.normal(0, 0.3, (80, 2)).astype(np.float32)
ODD = np.array([3.0, -3.0], dtype=np.float32)


@pytest.fixture(scope='module')
def path(tmp_path_factory):
    asked = ARM.asking('angle', 'previous_action')
    return make_bundle(tmp_path_factory.mktemp('bundle') / 'arm.onnx', asked)


class Live:
    """A controller with a clock that moves one period a step."""

    def __init__(self, path):
        self.steady = SimpleNamespace(now=50.0)
        self.controller = Controller(PolicyRunner(path), ARM, clock=lambda: self.steady.now)
        self.now = START

    def tick(self):
        self.now += PERIOD
        self.steady.now += PERIOD * 1e-9

    def reading(self, seen, off_s=0.0):
        """Answer a reading whose stamp is off by some seconds."""
        stamp = self.now + round(off_s * 1e9)
        return self.controller.step(stamp, seen, lambda: (self.now - stamp) * 1e-9)


OFF = [-1.0, -0.31, -0.25, -0.12, -0.06, -0.02, 0.101, 0.2, 0.29, 0.31, 1.0]


@pytest.mark.parametrize('off_s', OFF)
def test_one_wrong_stamp_changes_nothing_that_follows(path, off_s):
    right, odd = Live(path), Live(path)
    last = None
    for step, seen in enumerate(SEEN):
        right.tick()
        odd.tick()
        if step == 40:  # the other one gets nothing here
            wrong = odd.reading(ODD, off_s)
            assert not wrong.used
            assert wrong.action.tolist() == last.tolist(), 'the last command is held'
            continue
        expected, found = right.reading(seen), odd.reading(seen)
        assert found.used
        assert found.elapsed == expected.elapsed
        assert found.action.tobytes() == expected.action.tobytes()
        last = found.action
    assert right.controller.counts['steps'] == odd.controller.counts['steps'] == 79
    assert odd.controller.counts['resets'] == 1


@pytest.mark.parametrize('off_s', [-0.2, 0.2])
def test_wrong_stamps_that_go_on_are_safe_once_the_last_right_one_is_old(path, off_s):
    live = Live(path)
    for seen in SEEN[:20]:
        live.tick()
        last = live.reading(seen).action.tolist()
    assert last != SAFE
    for period in range(1, 20):
        live.tick()
        command = live.reading(ODD, off_s)
        assert Reason.OFF_THE_CLOCK in command.reasons
        old = period * PERIOD * 1e-9 > ARM.freshness + 1e-9
        assert command.action.tolist() == (SAFE if old else last)
        assert (Reason.SENSOR_STALE in command.reasons) == old
    live.tick()
    again = live.reading(SEEN[20])
    assert again.used
    assert again.elapsed == pytest.approx(20.0)


def test_before_the_first_right_reading_the_answer_is_safe(path):
    command = Live(path).reading(ODD, 5.0)
    assert command.action.tolist() == SAFE
    assert Reason.SENSOR_STALE in command.reasons


def test_one_stopped_during_a_step_answers_with_the_safe_action(path):
    """As by a watchdog in another thread."""
    live = Live(path)
    step = live.controller.runner.step

    def interrupted(*arguments):
        live.controller.stop('the watchdog')
        return step(*arguments)

    live.controller.runner.step = interrupted
    command = live.reading(SEEN[0])
    assert command.reasons == Reason.STOPPED
    assert command.action.tolist() == SAFE


def test_a_command_that_is_withdrawn_is_the_safe_one_that_the_policy_sees(path):
    live = Live(path)
    command = live.controller.withdraw(live.reading(SEEN[0]))
    assert command.used
    assert Reason.SENSOR_STALE in command.reasons
    assert command.action.tolist() == SAFE
    live.tick()
    live.reading(SEEN[1])
    assert live.controller.runner._observation[0, 2:].tolist() == SAFE
