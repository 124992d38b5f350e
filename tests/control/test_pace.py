"""Readings that come faster than the contract's rate are thinned out, by their stamps."""

from dataclasses import replace

import numpy as np
import pytest
from support import ROBOT, arm, describe, make_bundle, step_graph

from liquid_control.control import Contract, Controller, PolicyRunner, Reason
from liquid_control.control.follower import Follower
from liquid_control.control.pace import AnsweredPace, paced_ns
from liquid_control.control.timeline import Advance, Timeline
from liquid_control.faults import SimulationFaults, parse

PERIOD = 10_000_000
START = 10**18


def used(stamps, trained=None):
    """Elapsed times of the stamps that a timeline lets through."""
    timeline = Timeline(PERIOD, 0.2, trained=trained)
    found = [timeline.advance(int(stamp)) for stamp in stamps]
    return np.array([elapsed for advance, elapsed in found if advance.used])


def uneven(spread, apart, count, seed=0):
    rng = np.random.default_rng(seed)
    return START + np.cumsum(PERIOD * apart * (1 + spread * rng.uniform(-1, 1, count))).astype(int)


@pytest.mark.parametrize('times', [2, 4, 10, 100])
@pytest.mark.parametrize('spread', [0.0, 0.1, 0.5])
def test_of_readings_that_come_too_fast_about_one_a_period_is_used(times, spread):
    known = 35 if times == 2 else 6  # far too fast is seen at once, a little too fast is not
    elapsed = used(uneven(spread, 1 / times, 100 * times))[known:]
    assert elapsed.mean() == pytest.approx(1.0, abs=0.1)
    assert elapsed.min() > 0.7


@pytest.mark.parametrize('times', [1.7, 2.5])
def test_a_rate_that_is_no_multiple_is_thinned_out_as_well(times):
    elapsed = used(uneven(0.05, 1 / times, 400))[40:]
    assert elapsed.min() > 0.7
    assert elapsed.max() < 1.4


@pytest.mark.parametrize('spread', [0.0, 0.2, 0.9])
@pytest.mark.parametrize('apart', [0.9, 1.0, 3.0])
def test_at_the_right_rate_or_a_lower_one_every_reading_is_used(spread, apart):
    stamps = uneven(spread, apart, 3000)
    assert len(used(stamps)) == len(stamps)


@pytest.mark.parametrize('sigma', ['0.25', '0.5', '1.0'])
def test_uneven_control_periods_are_not_taken_for_a_higher_rate(sigma):
    for seed in range(20):
        clock = SimulationFaults(parse(f'jitter:{sigma}'), seed, ROBOT.action)
        stamp, stamps = START, []
        for _ in range(1000):
            stamps.append(stamp)
            stamp += round(clock.period(stamp, len(stamps) - 1) * PERIOD)
        assert len(used(stamps)) == len(stamps)


@pytest.mark.parametrize('size', [2, 4, 8, 10, 16])
def test_of_bursts_at_the_right_rate_nearly_every_reading_is_used(size):
    sent = PERIOD * size * np.repeat(np.arange(500), size)
    stamps = START + sent + PERIOD // 10 * np.tile(np.arange(size), 500)
    assert len(used(stamps)) > 0.98 * len(stamps)


def test_lost_readings_at_the_right_rate_lose_no_others():
    kept = np.random.default_rng(1).random(2000) > 0.5
    stamps = (START + PERIOD * np.arange(2000))[kept]
    assert len(used(stamps)) == len(stamps)


def test_when_the_rate_becomes_right_again_every_reading_is_used():
    fast = START + PERIOD // 10 * np.arange(500)
    right = fast[-1] + PERIOD * np.arange(1, 200)
    elapsed = used([*fast, *right])[-150:]
    assert elapsed.tolist() == [1.0] * 150


def test_a_step_back_among_the_surplus_is_harmless():
    timeline = Timeline(PERIOD, 0.2)
    stamps = START + PERIOD // 10 * np.arange(40)
    for stamp in stamps:
        timeline.advance(int(stamp))
    advance, _ = timeline.advance(int(stamps[-2]))
    assert advance in (Advance.SURPLUS, Advance.SKIP)


@pytest.mark.parametrize(('apart', 'expected'), [(0.5, 0.5), (0.7, 0.7), (2.0, 2.0), (0.1, 0.5)])
def test_trained_periods_are_not_thinned_out(apart, expected):
    elapsed = used(uneven(0.02, apart, 600), trained=(0.48, 2.5))
    assert elapsed[30:].mean() == pytest.approx(expected, abs=0.03)
    if apart == expected:
        assert len(elapsed) == 600


@pytest.mark.parametrize('trained', [None, (0.92, 1.28), (0.8, 1.0), (1.5, 2.0)])
def test_usual_trainings_keep_the_nominal_pace(trained):
    assert paced_ns(PERIOD, trained) == PERIOD
    stamps = uneven(0.1, 0.5, 300)
    assert used(stamps, trained).tolist() == used(stamps).tolist()


def test_one_policy_alone_or_followed_uses_the_same(tmp_path):
    robot = Contract.from_dict(arm())
    student = robot.asking('angle')
    bundle = replace(describe(student), trained_elapsed=(0.48, 2.5))
    runner = PolicyRunner(bundle.write(tmp_path / 'arm.onnx', step_graph(student)))
    controller, follower = Controller(runner.twin(), robot), Follower(runner.twin(), robot)
    for stamp in uneven(0.02, 0.5, 200):
        seen = np.zeros(2, dtype=np.float32)
        assert controller.step(int(stamp), seen).used
        assert follower.step(int(stamp), seen).used


@pytest.fixture(scope='module')
def path(tmp_path_factory):
    robot = Contract.from_dict(arm())
    return make_bundle(tmp_path_factory.mktemp('bundle') / 'arm.onnx', robot.asking('angle'))


def test_the_surplus_leaves_no_trace(path):
    """A policy that is given ten times as many readings drives as one given every tenth."""
    robot = Contract.from_dict(arm())
    seen = np.random.default_rng(0).normal(0, 0.3, (3000, 2)).astype(np.float32)
    stamps = START + PERIOD // 10 * np.arange(3000)
    many = Controller(PolicyRunner(path), robot)
    commands = [many.step(int(stamp), one) for stamp, one in zip(stamps, seen, strict=True)]
    taken = [place for place, command in enumerate(commands) if command.used]
    few = Controller(PolicyRunner(path), robot)
    for place in taken:
        alone = few.step(int(stamps[place]), seen[place])
        if place > 30:
            assert alone.elapsed == 1.0
    assert commands[taken[-1]].prediction.tolist() == alone.prediction.tolist()
    assert many.counts['surplus'] == 3000 - len(taken)
    assert all(c.reasons & Reason.SURPLUS for c in commands if not c.used)


def test_a_predictor_leaves_out_the_same_readings(path):
    robot = Contract.from_dict(arm())
    seen = np.random.default_rng(0).normal(0, 0.3, (400, 2)).astype(np.float32)
    stamps = (START + PERIOD // 5 * np.arange(400)).tolist()
    one_by_one, at_once = (Follower(PolicyRunner(path), robot) for _ in range(2))
    stepped = [
        one_by_one.step(stamp, values).used for stamp, values in zip(stamps, seen, strict=True)
    ]
    places = [place for part in at_once.run(stamps, seen) for place in part.places]
    assert places == np.flatnonzero(stepped).tolist()
    assert one_by_one.events == at_once.events
    assert one_by_one.events['surplus'] == 400 - len(places)


def test_a_gap_is_as_good_as_a_jump_of_the_clock():
    """A node hears of jumps, a replay does not: both must use the same readings afterwards."""
    told, untold = Timeline(PERIOD, 0.2), Timeline(PERIOD, 0.2)
    stamps = [START + PERIOD // 2 * index for index in range(100)]
    found = []
    for first in (0, 10**9):
        told.forget()
        found = [(told.advance(s + first), untold.advance(s + first)) for s in stamps]
    assert all(one == other for one, other in found)
    assert any(one[0] is Advance.SURPLUS for one, _ in found)


@pytest.mark.parametrize('times', [1, 2, 2.5, 10])
@pytest.mark.parametrize('spread', [0.0, 0.5])
@pytest.mark.parametrize('missed', [(), (101, 102, 103, 150)])
@pytest.mark.parametrize('trained', [None, (0.2, 2.5)])
def test_an_answer_is_owed_to_what_the_policy_uses(times, spread, missed, trained):
    """Also where it misses some answers: those it owes, and no other."""
    contract = Contract.from_dict(arm())
    timeline = Timeline(PERIOD, contract.max_gap, trained=trained)
    pace = AnsweredPace(contract, trained=trained)
    owed, used = [], []
    for index, stamp in enumerate(uneven(spread, 1 / times, 200) - START + PERIOD):
        pace.expect(int(stamp))
        owed.append(pace.due())
        if index in missed and owed[-1]:
            used.append(True)  # the policy was busy, and never saw it
            continue
        used.append(timeline.advance(int(stamp))[0].used)
        if used[-1]:
            pace.answered(int(stamp))
    assert sum(o != u for o, u in zip(owed, used, strict=True)) <= 3 * len(missed)
    assert all(owed) == (times == 1 or (trained is not None and times < 5))
