"""Progress of jobs, and the one estimate of the time that is left."""

import pytest

from liquid_control.jobs import Progress, Size, progress, seconds_left


class Clock:
    """Stands in for the time module."""

    def __init__(self):
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(progress, 'time', clock)
    return clock


def jobs(workers: int = 1, **sizes: Size) -> Progress:
    found = Progress(workers)
    for name, size in sizes.items():
        found.add(name, size)
    return found


def test_the_rest_takes_as_long_as_its_share():
    assert seconds_left(0.5, 0.0, 10.0) == 10.0
    assert seconds_left(0.75, 0.5, 10.0) == 10.0, 'half of it had been done before'
    assert seconds_left(0.5, 0.5, 10.0) is None
    assert seconds_left(1.0, 0.0, 10.0) == 0.0


def test_nothing_is_estimated_before_a_measure(clock):
    work = jobs(a=Size(), b=Size())
    assert work.left_s is None
    work.start('a')
    clock.now += 5.0
    assert work.left_s is None
    assert work.share == 0.0


def test_waiting_jobs_take_the_usual_time(clock):
    work = jobs(2, a=Size(), b=Size(), c=Size(), d=Size())
    for name in 'ab':
        work.start(name)
    clock.now += 10.0
    work.finish('a')
    work.finish('b')
    assert work.left_s == 10.0, 'two at a time'
    assert work.share == 0.5
    for name in 'cd':
        work.start(name)
        work.update(name, 0.0, 'started')
    clock.now += 5.0
    work.update('c', 0.5, 'half')
    work.update('d', 0.25, 'slower')
    assert work.left_s == 15.0, 'the slower one ends last'
    assert work.text('runs') == '2/4 runs; c 50% half; d 25% slower'


def test_sizes_and_kinds_count(clock):
    work = jobs(small=Size(10, 'gru'), large=Size(30, 'gru'), other=Size(10, 'ltc'))
    work.start('small')
    clock.now += 10.0
    work.finish('small')
    assert work.left_s == 30.0 + 10.0, 'an unknown kind is like the known ones'
    work.start('other')
    clock.now += 1.0
    work.update('other', 0.0, 'started')
    clock.now += 29.0
    work.update('other', 0.5, 'half')
    assert work.left_s == 30.0 + 30.0


def test_a_resumed_job_counts_from_where_it_was(clock):
    work = jobs(a=Size(), b=Size())
    work.start('a')
    work.update('a', 0.8, 'resumed')
    clock.now += 10.0
    work.update('a', 0.9, 'later')
    assert work.left_s == pytest.approx(10.0 + 100.0)
    clock.now += 10.0
    work.finish('a')
    assert work.finished['a'] == 20.0
    assert work.left_s == pytest.approx(100.0), 'a whole one takes five times as long'


def test_earlier_results_are_measures():
    work = jobs(a=Size(2), b=Size(4))
    work.keep('a', 6.0)
    assert work.left_s == 12.0
    assert work.finished == {'a': 0.0}


def test_failed_jobs_are_done_and_measure_nothing(clock):
    work = jobs(a=Size(), b=Size(), c=Size())
    work.start('a')
    clock.now += 10.0
    work.fail('a', 'no good')
    work.fail('b', 'its model is missing')
    assert (work.done, work.total, work.left_s) == (2, 3, None)
    work.start('c')
    clock.now += 3.0
    work.finish('c')
    assert (work.share, work.left_s) == (1.0, 0.0)
    assert set(work.failed) == {'a', 'b'}
