"""A real-time priority is in force for every thread, or the reason why not is said."""

import os
import threading

import pytest

pytest.importorskip('rclpy')

from liquid_control.nodes import priority

needs_fifo = pytest.mark.skipif(not hasattr(os, 'sched_setscheduler'), reason='no SCHED_FIFO here')


def test_zero_asks_for_nothing(monkeypatch):
    monkeypatch.setattr(priority, '_threads', lambda: pytest.fail('asked'))
    assert priority.raise_priority(0) == 'none'


@needs_fifo
def test_every_thread_gets_it(monkeypatch):
    asked = {}
    monkeypatch.setattr(os, 'sched_setscheduler', lambda *a: asked.update({a[0]: a[1:]}))
    over = threading.Event()
    other = threading.Thread(target=over.wait)
    other.start()
    assert priority.raise_priority(10) == '10 in force'
    over.set()
    other.join()
    assert {threading.get_native_id(), other.native_id} <= set(asked)
    assert all(policy == os.SCHED_FIFO for policy, _ in asked.values())
    assert all(given.sched_priority == 10 for _, given in asked.values())


@needs_fifo
def test_where_it_is_not_permitted_the_reason_is_said(monkeypatch):
    def refuse(*arguments):
        raise PermissionError(1, 'Operation not permitted')

    monkeypatch.setattr(os, 'sched_setscheduler', refuse)
    said = priority.raise_priority(10)
    assert said.startswith('asked for 10, not permitted: Operation not permitted; allow it with')
