"""Delay: readings from some samples ago, the same for one robot's messages and for many."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from support import arm, joints

from liquid_control.control import Contract
from liquid_control.faults import DelayLine, FaultInjector, FaultySensors, parse

ARM = Contract.from_dict(arm())
PERIOD = 10_000_000


def delivered(spec, stamps, seed=0, injector=None):
    """Hip position of each message after the faults, None if lost; without faults it counts up."""
    injector = injector or FaultInjector(ARM, parse(spec), seed)
    found = []
    for number, stamp in enumerate(stamps):
        message = joints(stamp, hip=float(number), knee=0.0)
        arrived = injector.apply('joint_states', message)
        found.append(float(message.position[0]) if arrived else None)
    return found


@given(st.integers(0, 5), st.integers(1, 12))
def test_every_message_brings_the_readings_of_some_samples_ago(late, count):
    found = delivered(f'delay:{late}', [PERIOD * i for i in range(count)])
    assert found == [None if i < late else float(i - late) for i in range(count)]


def test_delays_add_up_and_a_lost_sample_is_missed_when_it_is_due():
    stamps = [PERIOD * i for i in range(200)]
    lost = delivered('dropped:0.3', stamps)
    late = delivered('dropped:0.3+delay:1+delay:2', stamps)
    assert late == [None] * 3 + lost[:-3]


def test_the_wait_begins_anew_after_a_gap_and_when_stamps_go_back():
    stamps = [0, PERIOD, 10**9, 10**9 + PERIOD, 5 * PERIOD, 6 * PERIOD]
    assert delivered('delay:1', stamps) == [None, 0.0, None, 2.0, None, 4.0]


def test_noise_is_that_of_the_moment_of_the_reading():
    stamps = [PERIOD * i for i in range(20)]
    assert delivered('gaussian:1+delay:2', stamps)[2:] == delivered('gaussian:1', stamps)[:-2]


def test_topics_wait_for_themselves():
    injector = FaultInjector(ARM, parse('delay:1'), 0)
    for number in range(4):
        assert injector.apply('joint_states', joints(number, hip=1.0, knee=0.0)) == (number > 0)
        if number % 2:
            continue
        other = joints(number, hip=1.0)
        assert injector.apply('elsewhere', other) == (number > 0)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=4), st.integers(1, 8))
def test_many_sources_wait_each_for_itself(steps, count):
    line = DelayLine(np.array(steps), width=1)
    for number in range(count):
        values = np.full((len(steps), 1), float(number))
        late, arrived = line.push(values, np.ones(len(steps), dtype=bool))
        for source, wait in enumerate(steps):
            assert arrived[source] == (number >= wait)
            if arrived[source]:
                assert late[source, 0] == number - wait


def test_many_robots_meet_what_one_meets():
    """Delay and loss of many robots at once: each robot has only its own faults."""
    faults = parse('gaussian:0.5+dropped:1+delay:2')
    has = np.eye(4, 3, dtype=bool)  # noise, loss, delay, nothing
    sensors, rng = FaultySensors(faults, has, np.array([2.0])), np.random.default_rng(0)
    noise = []
    for number in range(400):
        read, arrived = sensors.read(np.full((4, 1), float(number)), rng)
        assert arrived.tolist() == [True, False, number >= 2, True]
        assert read[3] == number
        assert number < 2 or read[2] == number - 2
        noise.append(read[0, 0] - number)
    assert 0.9 < np.std(noise) < 1.1


def test_a_robot_that_begins_anew_waits_for_its_own_new_readings():
    sensors, rng = FaultySensors(parse('delay:2'), np.ones((2, 1)), np.ones(1)), None
    for number in range(3):
        sensors.read(np.full((2, 1), float(number)), rng)
    sensors.restart(0, np.array([True]))
    for number in range(3, 6):
        read, arrived = sensors.read(np.full((2, 1), float(number)), rng)
        assert arrived.tolist() == [number >= 5, True]
        assert read[1] == number - 2
    assert read[0] == 3


def test_what_follows_a_late_reading_is_foretold():
    sensors, rng = FaultySensors(parse('delay:2'), np.array([[True], [False]]), np.ones(1)), None
    for number in range(6):
        read, arrived = sensors.read(np.full((2, 1), float(number)), rng)
        following, known = sensors.foretold(np.full((2, 1), number + 1.0), np.ones(2, bool))
        assert known.tolist() == arrived.tolist()
        assert (following - read)[known].tolist() == [[1.0]] * int(known.sum())
