"""The monitor's jobs, each by itself: neither a graph nor rclpy is needed."""

import json
import subprocess
import sys
from collections import Counter
from types import SimpleNamespace

import pytest
from support import arm

from liquid_control.control import Contract, ObservationError
from liquid_control.control.topics import EPISODE, FLOAT64_MULTI_ARRAY, PREDICTION, SHADOW
from liquid_control.nodes.run_end import RunEnd, every_step
from liquid_control.nodes.run_progress import RunProgress
from liquid_control.nodes.run_topics import run_topics
from liquid_control.nodes.trust_watch import TrustWatch


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def settings(**more):
    given = {'mode': 'lockstep', 'seconds': 0.0, 'silence': 15.0, 'start_timeout': 60.0,
             'faulty': False, **more}  # fmt: skip
    return SimpleNamespace(simulated=given['mode'] in ('lockstep', 'realtime'), **given)


def live(**more):
    given = {'last_row': {}, 'withheld': set(), 'observed': 0, 'bag_ended': None, **more}
    return SimpleNamespace(
        sensor=lambda topic: print, on_prediction=print, on_row=print, on_dropped=print,
        on_bag_ended=print, **given,
    )  # fmt: skip


def ending(counts=None, known=None, **more):
    clock, one = Clock(), settings(**more)
    needed = every_step(one, 'commands', ['joint_states'])
    return RunEnd(one, known or live(), Counter(counts), needed, clock), clock


def passing(end, clock, seconds):
    """Let time pass in loops of a tenth of a second; return why the run is over."""
    why = None
    for _ in range(round(10 * seconds)):
        clock.now += 0.1
        why = why or end.why()
    return why


def test_a_run_is_done_when_its_last_step_is():
    known = live()
    end, clock = ending(known=known)
    end.take(streamed=True, clock=False)
    assert passing(end, clock, 5.0) is None
    known.last_row['done'] = 1.0
    assert end.why() == 'done'


def test_a_run_without_a_message_is_given_up():
    assert passing(*ending(start_timeout=3.0), 2.9) is None
    assert passing(*ending(start_timeout=3.0), 3.2) == 'no message within 3 s'
    assert passing(*ending(start_timeout=3.0, mode='robot'), 9.0) is None
    assert passing(*ending(seconds=5.0, mode='robot'), 5.2) == 'done'


@pytest.mark.parametrize(('mode', 'what'), [('realtime', 'simulation'), ('replay', 'recording')])
def test_silence_ends_a_run_but_no_pause(mode, what):
    end, clock = ending(mode=mode, silence=2.0)
    end.take(streamed=True, clock=False)
    for _ in range(5):
        assert passing(end, clock, 1.5) is None
        end.take(streamed=False, clock=True)
    assert passing(end, clock, 2.2).startswith(f'the {what} fell silent 2.')


def test_time_while_suspended_is_no_silence():
    end, clock = ending(silence=2.0)
    end.take(streamed=True, clock=False)
    clock.now += 60.0
    assert end.why() is None


def test_what_is_missing_is_waited_for_longer():
    counts = {EPISODE: 10, PREDICTION: 10, 'commands': 10, 'joint_states': 10}
    for lacking in (None, 'commands', 'joint_states', PREDICTION):
        end, clock = ending({**counts, **({lacking: 9} if lacking else {})})
        assert end.settled(), 'nothing has come at all'
        end.take(streamed=True, clock=False)
        assert not end.settled()
        clock.now += 1.0
        assert end.settled() == (lacking is None)
        clock.now += 4.0
        assert end.settled()


def test_samples_that_a_fault_withheld_are_not_missing():
    counts = {EPISODE: 10, PREDICTION: 8, 'commands': 8, 'joint_states': 8}
    end, clock = ending(counts, live(withheld={1, 2}))
    end.take(streamed=True, clock=False)
    clock.now += 1.0
    assert end.settled()


def test_a_replay_waits_for_its_answers():
    end, clock = ending({PREDICTION: 5, SHADOW: 4}, live(observed=5), mode='replay')
    end.take(streamed=True, clock=False)
    clock.now += 1.0
    assert not end.settled()


def test_progress_comes_at_its_pace(capsys):
    clock, said = Clock(), []
    so_far = {'episode': 1, 'step': 20, 'return': 12.4, 'ratio': None}
    for how in ('log', 'json', 'none'):
        progress = RunProgress(how, said.append, clock)
        for _ in range(20):
            clock.now += 0.1
            progress.tell(lambda: so_far, simulated=True)
    assert said == ['episode 1, step 20, return 12, prediction error / persistence none yet'] * 2
    lines = capsys.readouterr().out.splitlines()
    assert 6 < len(lines) <= 10
    assert all(json.loads(line) == so_far for line in lines)


@pytest.mark.parametrize('mode', ['lockstep', 'realtime', 'robot', 'replay'])
@pytest.mark.parametrize('faulty', [False, True])
def test_every_topic_of_a_run_is_recorded_once(mode, faulty):
    robot = Contract.from_dict(arm())
    found = list(run_topics(robot, settings(mode=mode, faulty=faulty), live()))
    topics = [one.topic for one in found]
    assert len(topics) == len(set(topics))
    assert {*robot.topics, robot.action.topic, PREDICTION, 'policy/status'} <= set(topics)
    followed = {one.topic for one in found if one.follow}
    sources = {f'faulty/{topic}' if faulty else topic for topic in robot.topics}
    assert followed & {one.topic for one in found if 'joint_states' in one.topic} <= sources
    kinds = {one.topic: one.type for one in found}
    assert kinds.get(SHADOW, FLOAT64_MULTI_ARRAY) == FLOAT64_MULTI_ARRAY
    assert (SHADOW in kinds) == (mode in ('robot', 'replay'))


class Alarm:
    """A trust alarm that is raised by the value 1."""

    topics = ('joint_states',)

    def __init__(self):
        self.scored, self.alarm = 0, SimpleNamespace(raised=False)

    def take(self, topic, message):
        if message is None:
            raise ObservationError('nothing')
        self.scored += 1
        self.alarm.raised = message == 1

    @property
    def status(self):
        return {'alarm': self.alarm.raised, 'score': 0.0, 'joints': 'knee'}


def test_the_alarm_says_when_it_is_raised_or_blind():
    clock, said = Clock(), []
    watch = TrustWatch(Alarm(), said.append, clock)
    for value in (0, 1, 1, 0, 1):
        watch.take('joint_states', value)
    assert said == ['the robot does not behave as the model knows it: knee'] * 2
    found = watch.trust()
    assert (found.problem, found.state, found.blind) == (
        'not as the model knows it: knee',
        'watching',
        False,
    )
    clock.now += 6.0
    with pytest.raises(ObservationError):
        watch.take('joint_states', None)
    assert watch.trust().blind
    assert watch.trust().state == 'no score for 6.0 s'


def test_none_of_these_needs_rclpy():
    code = (
        'import sys\n'
        'from liquid_control.nodes import live_run, run_end, run_progress, run_results, '
        'run_topics, trust_watch\n'
        'assert "rclpy" not in sys.modules\n'
    )
    subprocess.run([sys.executable, '-c', code], check=True)
