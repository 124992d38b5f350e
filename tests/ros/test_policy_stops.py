"""A policy node in this process: when it stops, and what its status says."""

import math
import time

import pytest

pytest.importorskip('rclpy')

from types import SimpleNamespace

from diagnostic_msgs.msg import DiagnosticStatus
from policy_here import hear, status, watched
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import JointState


def test_a_policy_that_hears_nothing_does_not_say_that_it_runs(told):
    assert status(told) == (DiagnosticStatus.WARN, 'armed, but no observation yet')
    hear(told, 'targets', hip=1.0)
    hear(told, 'joint_states', hip=0.4, knee=-0.3)
    assert status(told) == (DiagnosticStatus.OK, 'running')
    told._outlet.stop('the operator')
    assert status(told)[0] == DiagnosticStatus.ERROR
    told._outlet.arm()
    told.trigger_deactivate()


def test_a_policy_that_hears_only_old_readings_does_not_say_that_it_runs(told):
    hear(told, 'targets', hip=1.0)
    hear(told, 'joint_states', late_s=2.0, hip=0.4, knee=-0.3)
    assert status(told)[1] == 'running'
    hear(told, 'joint_states', late_s=1.0, hip=0.4, knee=-0.3)
    hear(told, 'joint_states', late_s=-20.0, hip=0.4, knee=-0.3)
    assert status(told)[1] == 'running', 'the last used reading is still fresh'
    told.controller._used_at -= 5.0
    hear(told, 'joint_states', late_s=-20.0, hip=0.4, knee=-0.3)
    level, message = status(told)
    assert level == DiagnosticStatus.WARN
    assert message == 'no usable reading younger than 5 s: are the clocks synchronised?'


def test_messages_of_other_joints_are_logged_once(told, monkeypatch):
    said = []
    log = SimpleNamespace(error=lambda text, **more: said.append(text))
    monkeypatch.setattr(told, 'get_logger', lambda: log)
    for _ in range(3):
        hear(told, 'joint_states', finger=0.1)
    assert len(said) == 1
    assert "'hip'" in said[0]
    assert told.controller.counts['messages_refused'] == 3


@pytest.mark.parametrize('simulated', [True, False])
@pytest.mark.parametrize('ended', [True, False])
def test_the_end_of_a_simulation_is_no_error(told, monkeypatch, simulated, ended):
    said = []
    steady = watched(told, 0.1)
    hear(told, 'targets', hip=1.0)
    hear(told, 'joint_states', hip=0.4, knee=-0.3)
    log = SimpleNamespace(
        info=lambda text: said.append(('info', text)),
        error=lambda text: said.append(('error', text)),
    )
    monkeypatch.setattr(told._guard, '_log', log)
    told.create_publisher(JointState, 'joint_states', 1)  # as a fault node, which does not end
    if not ended:
        told.create_publisher(Clock, '/clock', 1)
    told._outlet._clock.simulated = simulated
    steady.now += 0.2
    told._guard.watch()
    ((level, text),) = said
    assert 'stopped: no observation for 0.2' in text
    assert level == ('info' if simulated and ended else 'error')


def test_until_the_first_fresh_reading_nothing_is_sent(told, monkeypatch):
    sent = []
    monkeypatch.setattr(told._outlet._publisher, 'publish', sent.append)
    hear(told, 'targets', hip=1.0)
    hear(told, 'joint_states', late_s=9.0, hip=0.4, knee=-0.3)
    hear(told, 'joint_states', hip=math.nan, knee=-0.3)
    assert sent == []
    hear(told, 'joint_states', hip=0.4, knee=-0.3)
    hear(told, 'joint_states', hip=math.nan, knee=-0.3)
    assert len(sent) == 2


def test_one_that_has_sent_nothing_ends_without_a_command(told, monkeypatch):
    sent = []
    monkeypatch.setattr(told._outlet._publisher, 'publish', sent.append)
    hear(told, 'targets', hip=1.0)
    told.end('asked to end')
    assert sent == []


def test_stale_readings_again_and_again_stop_it(told):
    """As when a second source sends old readings between the robot's own."""
    steady = watched(told, 0.1)
    hear(told, 'targets', hip=1.0)
    for _ in range(13):
        hear(told, 'joint_states', hip=0.4, knee=-0.3)
        steady.now += 0.01
        hear(told, 'joint_states', late_s=9.0, hip=0.4, knee=-0.3)
    assert 'stale observations have come again and again' in told.controller.stopped


@pytest.mark.parametrize('bad', [{'late_s': 9.0}, {'hip': math.nan}])
def test_what_came_before_the_first_fresh_reading_does_not_stop_it(told, bad):
    steady = watched(told, 0.1)
    hear(told, 'targets', hip=1.0)
    for _ in range(100):
        hear(told, 'joint_states', **{'hip': 0.4, 'knee': -0.3, **bad})
        steady.now += 0.01
    for _ in range(3):
        hear(told, 'joint_states', hip=0.4, knee=-0.3)
        steady.now += 0.01
    assert told.controller.stopped is None


def test_stamps_that_stay_ahead_of_the_clock_stop_it(told):
    steady = watched(told, 0.1, simulated=True)
    hear(told, 'targets', hip=1.0)
    hear(told, 'joint_states', late_s=-20.0, hip=0.4, knee=-0.3)  # /clock jumps a moment later
    hear(told, 'joint_states', hip=0.4, knee=-0.3)
    for _ in range(3):
        steady.now += 0.04
        hear(told, 'joint_states', hip=0.4, knee=-0.3)
    assert told.controller.stopped is None
    for _ in range(4):
        hear(told, 'joint_states', late_s=-20.0, hip=0.4, knee=-0.3)
        steady.now += 0.04
    told._guard.watch()
    assert '/clock has been behind the stamps of the sensors' in told.controller.stopped


def test_when_time_starts_over_memory_is_reset_once(told):
    hear(told, 'targets', hip=1.0)
    hear(told, 'joint_states', hip=0.4, knee=-0.3)
    told._answering.jumped(time.time_ns())  # the sensors have jumped already
    hear(told, 'joint_states', hip=0.4, knee=-0.3)
    assert told.controller.counts['resets'] == 1
    told._answering.jumped(1)
    hear(told, 'joint_states', hip=0.4, knee=-0.3)
    assert told.controller.counts['resets'] == 2


def test_an_observation_after_too_long_a_silence_does_not_hide_it(told):
    """As when the process was suspended, and message and watchdog come at once."""
    steady = watched(told, 0.05)
    hear(told, 'targets', hip=1.0)
    hear(told, 'joint_states', hip=0.4, knee=-0.3)
    steady.now += 0.1
    hear(told, 'joint_states', hip=0.4, knee=-0.3)
    assert 'no observation for' in told.controller.stopped
