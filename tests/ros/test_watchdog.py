"""When a robot that is driven blindly is stopped, and when it is not."""

import pytest

pytest.importorskip('rclpy')

from types import SimpleNamespace

from liquid_control.nodes.watchdog import Watchdog

TIMEOUT, FRESHNESS = 0.5, 0.1
FRESH = {'used': True, 'stale': False}
STALE = {'used': True, 'stale': True}
BROKEN = {'used': False, 'stale': False}


@pytest.fixture
def steady():
    """A steady clock that moves only when told."""
    return SimpleNamespace(now=1000.0)


@pytest.fixture(params=[False, True], ids=['wall clock', 'simulated'])
def dog(request, steady):
    return Watchdog(TIMEOUT, FRESHNESS, request.param, clock=lambda: steady.now)


@pytest.fixture
def simulated(steady):
    return Watchdog(TIMEOUT, FRESHNESS, True, clock=lambda: steady.now)


def run(dog, steady, answers, seconds, period=0.01):
    """Give answers in turn, one a period, while the node's clock runs; returns the first alarm."""
    end, count = steady.now + seconds, 0
    while steady.now < end:
        steady.now += period
        dog.tick(round(steady.now * 1e9))
        why = dog.alarm()
        if why:
            return why
        dog.answered(**answers[count % len(answers)])
        count += 1
    return dog.alarm()


def test_fresh_readings_never_stop_it(dog, steady):
    assert run(dog, steady, [FRESH], 10.0) is None


@pytest.mark.parametrize('period', [0.02, 0.49])
def test_it_waits_for_the_whole_timeout(dog, steady, period):
    assert run(dog, steady, [FRESH], 5.0, period) is None


@pytest.mark.parametrize('answer', [STALE, BROKEN])
def test_readings_that_the_policy_cannot_use_are_no_readings(dog, steady, answer):
    dog.answered(**FRESH)
    began = steady.now
    assert run(dog, steady, [answer], 5.0).startswith('no observation for 0.5')
    assert steady.now - began == pytest.approx(TIMEOUT, abs=0.02)


@pytest.mark.parametrize('answers', [[STALE], [BROKEN], [STALE, BROKEN]])
def test_before_the_first_fresh_reading_nothing_counts(dog, steady, answers):
    dog.aged(-9.0)
    assert run(dog, steady, answers, 10.0) is None
    assert not dog.heard
    dog.aged(0.0)
    assert run(dog, steady, [FRESH], 10.0) is None
    assert dog.heard


def test_stale_readings_between_fresh_ones_stop_it(dog, steady):
    """As when a second source sends old readings between the robot's own."""
    began = steady.now
    why = run(dog, steady, [FRESH, STALE], 5.0)
    assert why == 'stale observations have come again and again for 0.5 s'
    assert steady.now - began == pytest.approx(TIMEOUT, abs=0.1)


def test_stale_readings_now_and_then_do_not(dog, steady):
    """Further apart than the freshness they make no row, however long the timeout."""
    assert run(dog, steady, [STALE] + [FRESH] * 11, 20.0) is None
    patient = Watchdog(30.0, FRESHNESS, False, clock=lambda: steady.now)
    assert run(patient, steady, [STALE] + [FRESH] * 11, 120.0) is None


def test_a_clock_that_stands_still_stops_it(simulated, steady):
    simulated.tick(5)
    simulated.answered(**FRESH)
    for _ in range(6):
        steady.now += 0.1
        simulated.tick(5)
        simulated.answered(**FRESH)
    assert simulated.alarm() == '/clock has stood still for 0.600 s, limit 0.5 s'


def test_a_clock_that_stood_before_the_first_reading_does_not(simulated, steady):
    simulated.tick(5)
    steady.now += 9.0
    simulated.tick(5)
    simulated.answered(**FRESH)
    assert simulated.alarm() is None


def test_stamps_that_stay_ahead_of_the_clock_stop_it(simulated, steady):
    simulated.aged(-0.2)
    assert run(simulated, steady, [FRESH], 0.4) is None
    simulated.aged(-0.2)
    why = run(simulated, steady, [FRESH], 0.4)
    assert why == '/clock has been behind the stamps of the sensors for 0.5 s'


@pytest.mark.parametrize('age', [-0.09, 0.0, 3.0])
def test_stamps_that_are_ahead_for_a_moment_do_not(simulated, steady, age):
    """``/clock`` follows the sensors when time jumps forward."""
    for _ in range(10):
        simulated.aged(-0.2)
        assert run(simulated, steady, [FRESH], 0.3) is None
        simulated.aged(age)


def test_armed_again_it_waits_for_a_first_reading(dog, steady):
    assert run(dog, steady, [FRESH, STALE], 5.0)
    dog.aged(-9.0)
    dog.arm()
    assert not dog.heard
    assert dog.alarm() is None
    assert run(dog, steady, [STALE], 5.0) is None
    assert run(dog, steady, [FRESH], 5.0) is None


def test_a_clock_runs_once_it_has_shown_two_times(simulated, steady):
    assert not simulated.clock_runs
    simulated.tick(0)  # nobody publishes it
    simulated.tick(5)
    assert not simulated.clock_runs
    simulated.tick(5)
    assert not simulated.clock_runs
    simulated.tick(6)
    assert simulated.clock_runs
    steady.now += 0.6
    assert not simulated.clock_runs, 'that was too long ago'


def test_the_system_clock_runs(steady):
    assert Watchdog(TIMEOUT, FRESHNESS, False, clock=lambda: steady.now).clock_runs
