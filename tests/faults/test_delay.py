"""Delay: readings from some samples ago, the same for one robot's messages and for many."""

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import arm, joints

from liquid_control.control import Contract
from liquid_control.faults import BatchFaults, FaultInjector, SensorFault, Signal, parse

ARM = Contract.from_dict(arm())
LIMITS = SimpleNamespace(lower=[-1.0], upper=[1.0], safe=[0.0])
PERIOD = 10_000_000
STAMPS = [PERIOD * i for i in range(200)]


def batch(faults, has, std=1.0):
    return BatchFaults(faults, has, Signal(np.array([std])), LIMITS)


def delivered(faults, stamps, seed=0, injector=None):
    """Hip position of each message after the faults, None if lost; without faults it counts up."""
    faults = parse(faults) if isinstance(faults, str) else faults
    injector = injector or FaultInjector(ARM, faults, seed)
    found = []
    for number, stamp in enumerate(stamps):
        message = joints(stamp, hip=float(number), knee=0.0)
        arrived = injector.apply('joint_states', message)
        found.append(float(message.position[0]) if arrived else None)
    return found


def delivered_to_many(faults, count, seed=0):
    """As :func:`delivered`, by the sensors of many robots, of which one has the faults."""
    faults = parse(faults) if isinstance(faults, str) else faults
    has, rng = np.array([[True] * len(faults), [False] * len(faults)]), np.random.default_rng(seed)
    sensors, found = batch(faults, has, 0.5), []
    for number in range(count):
        values, arrived = sensors.read(np.full((2, 1), float(number)), rng)
        assert values[1, 0] == number
        assert arrived[1]
        found.append(float(values[0, 0]) if arrived[0] else None)
    return found


@given(st.integers(0, 5), st.integers(1, 12))
def test_the_first_reading_is_repeated_until_it_is_as_old_as_the_delay(late, count):
    found = delivered(f'delay:{late}', STAMPS[:count])
    assert found == [float(max(0, i - late)) for i in range(count)]


@given(st.integers(0, 5), st.integers(0, 20))
def test_a_delay_that_begins_in_mid_walk_repeats_the_reading_with_which_it_begins(late, start):
    expected = [float(i if i < start else max(start, i - late)) for i in range(30)]
    assert delivered(f'delay:{late}@{start}', STAMPS[:30]) == expected
    assert delivered_to_many(f'delay:{late}@{start}', 30) == expected


def test_a_delay_withholds_nothing():
    assert None not in delivered('delay:3', STAMPS)
    assert None not in delivered('delay:1+delay:2@50', STAMPS)


def test_delays_add_up_and_a_lost_sample_is_missing_when_it_is_due():
    lost = delivered('dropped:0.3', STAMPS, seed=1)
    assert lost[0] is not None
    late = delivered('dropped:0.3+delay:1+delay:2', STAMPS, seed=1)
    assert late == [lost[0]] * 3 + lost[:-3]


def test_if_the_first_messages_are_lost_the_first_that_arrives_is_repeated():
    seed = next(seed for seed in range(100) if delivered('dropped:0.3', [0], seed) == [None])
    lost = delivered('dropped:0.3', STAMPS, seed)
    first = next(place for place, value in enumerate(lost) if value is not None)
    late = delivered('dropped:0.3+delay:3', STAMPS, seed)
    assert late[:first] == [None] * first
    assert late[first : first + 4] == [float(first)] * 4
    assert late[first + 4 :] == lost[first + 1 : -3]


def test_the_delay_begins_anew_after_a_gap_and_when_stamps_go_back():
    stamps = [0, PERIOD, 10**9, 10**9 + PERIOD, 5 * PERIOD, 6 * PERIOD]
    assert delivered('delay:1', stamps) == [0.0, 0.0, 2.0, 2.0, 4.0, 4.0]
    assert delivered('delay:1@1', stamps) == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]


def test_noise_is_that_of_the_moment_of_the_reading():
    stamps = STAMPS[:20]
    assert delivered('gaussian:1+delay:2', stamps)[2:] == delivered('gaussian:1', stamps)[:-2]


def test_topics_are_late_by_themselves():
    injector = FaultInjector(ARM, parse('delay:1'), 0)
    for number in range(4):
        message = joints(number, hip=float(number), knee=0.0)
        injector.apply('joint_states', message)
        assert message.position[0] == max(0, number - 1)
        assert injector.apply('elsewhere', joints(number, hip=1.0))


def test_a_message_that_is_sent_again_is_the_same_sample():
    """The simulation repeats its first observation until it is answered."""
    injector = FaultInjector(ARM, parse('gaussian:1+delay:2@1'), 0)
    once = delivered('gaussian:1+delay:2@1', STAMPS[:6])
    found = []
    for number, times in enumerate((3, 1, 2, 1, 1, 1)):
        for _ in range(times):
            message = joints(STAMPS[number], hip=float(number), knee=0.0)
            assert injector.apply('joint_states', message)
        found.append(float(message.position[0]))
    assert found == once


@dataclass(frozen=True)
class Marks(SensorFault):
    """Marks every third reading, by its value: a fault without chance."""

    def corrupt(self, values, scale, draws):
        return np.where(values % 3 == 1, values + 100.0, values)


@pytest.mark.parametrize('start', [0, 7])
@pytest.mark.parametrize('order', [(0, 1, 2), (0, 2, 1), (2, 1, 0), (1, 0, 2)])
def test_one_robot_and_many_meet_the_same_faults_in_the_same_order(order, start):
    faults = [Marks(start=start), *parse(f'delay:2@{start}'), *parse('delay:1@12')]
    faults = tuple(faults[place] for place in order)
    assert delivered(faults, STAMPS[:30]) == delivered_to_many(faults, 30)


def test_a_loss_after_a_delay_is_no_loss_before_it():
    """In one order the lost sample is the one of now, in the other the one of two samples ago."""
    for faults in ('dropped:1@5+delay:2', 'delay:2+dropped:1@5'):
        found = delivered(faults, STAMPS[:9])
        assert found == delivered_to_many(faults, 9)
        there = 7 if faults.endswith('delay:2') else 5
        assert [value is not None for value in found] == [i < there for i in range(9)]


def test_many_robots_have_only_their_own_faults():
    faults = parse('gaussian:0.5+dropped:1+delay:2')
    has = np.eye(4, 3, dtype=bool)  # noise, loss, delay, nothing
    sensors, rng = batch(faults, has, 2.0), np.random.default_rng(0)
    noise = []
    for number in range(400):
        read, arrived = sensors.read(np.full((4, 1), float(number)), rng)
        assert arrived.tolist() == [True, False, True, True]
        assert read[3] == number
        assert read[2] == max(0, number - 2)
        noise.append(read[0, 0] - number)
    assert 0.9 < np.std(noise) < 1.1


def test_a_robot_that_begins_anew_repeats_its_own_first_reading():
    sensors, rng = batch(parse('delay:2'), np.ones((2, 1))), None
    for number in range(3):
        sensors.read(np.full((2, 1), float(number)), rng)
    sensors.restart(0, np.array([True]))
    for number in range(3, 8):
        read, arrived = sensors.read(np.full((2, 1), float(number)), rng)
        assert arrived.all()
        assert read[:, 0].tolist() == [max(3, number - 2), number - 2]


@pytest.mark.parametrize('spec', ['delay:2', 'delay:2@3', 'delay:1+delay:1@2'])
def test_what_follows_a_late_reading_is_foretold(spec):
    faults = parse(spec)
    has = np.array([[True] * len(faults), [False] * len(faults)])
    sensors = batch(faults, has)
    for number in range(8):
        read, _ = sensors.read(np.full((2, 1), float(number)), None)
        following, known = sensors.foretold(np.full((2, 1), number + 1.0), np.ones(2, bool))
        assert known.all()
        assert (following - read).tolist() == [[1.0], [1.0]]


def test_nothing_is_foretold_from_a_reading_that_did_not_arrive_or_whose_period_does_not_count():
    sensors = batch(parse('delay:1+dropped:1@2'), np.ones((1, 2)))
    found = []
    for number in range(4):
        sensors.read(np.full((1, 1), float(number)), np.random.default_rng(0))
        counts = np.array([number != 0])
        found.append(sensors.foretold(np.full((1, 1), number + 1.0), counts)[1][0])
    assert found == [False, False, False, False]
