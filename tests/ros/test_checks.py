"""Rate, load and publishers against the contract: each check alone, with made-up times."""

from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip('rclpy')

from liquid_control.nodes.neighbours import Neighbours
from liquid_control.nodes.overload import Overload
from liquid_control.nodes.rate_monitor import RateMonitor

RATE, START = 50.0, 10**18


def monitor(apart, seconds=4.0, tolerance=0.25, keep=lambda rng: True, spread=0.0):
    """A monitor that has seen readings a number of periods apart."""
    seen, rng, stamp = RateMonitor('joint_states', RATE, tolerance), np.random.default_rng(0), START
    while stamp < START + seconds * 1e9:
        stamp += round(apart * (1 + spread * rng.uniform(-1, 1)) * 1e9 / RATE)
        if keep(rng):
            seen.seen(stamp)
    return seen


@pytest.mark.parametrize('spread', [0.0, 0.3, 0.9])
@pytest.mark.parametrize('apart', [0.9, 1.0, 1.1])
def test_the_right_rate_is_right_however_uneven(apart, spread):
    assert monitor(apart, spread=spread).problem is None


@pytest.mark.parametrize('lost', [0.1, 0.5])
def test_lost_readings_are_no_other_rate(lost):
    assert monitor(1.0, 10.0, keep=lambda rng: rng.random() > lost).problem is None


def test_readings_that_are_too_few_are_named_within_the_first_second():
    seen = monitor(5.0, seconds=1.1)
    assert seen.problem == (
        'joint_states comes at 10 Hz; the contract says 50 Hz, and rate_tolerance allows 25%'
    )
    assert seen.measured == pytest.approx(10.0)


@pytest.mark.parametrize('times', [2, 2.5, 10, 20])
def test_readings_that_can_be_thinned_out_are_right(times):
    assert monitor(1.0 / times).problem is None


def test_readings_a_little_too_fast_cannot_be_thinned_out():
    assert 'comes at 70 Hz' in monitor(1.0 / 1.4).problem


def test_no_tolerance_allows_any_rate_and_a_large_one_a_low_rate():
    assert monitor(5.0, tolerance=0.0).problem is None
    assert monitor(5.0, tolerance=0.9).problem is None


def test_readings_that_a_busy_node_did_not_see_do_not_count():
    seen = RateMonitor('joint_states', RATE, 0.25)
    for step in range(0, 1000, 5):
        seen.seen(START + round(step * 1e9 / RATE), waited=True)
    assert seen.problem is None


def test_the_rate_is_judged_anew():
    seen = monitor(5.0)
    for step in range(200):
        seen.seen(START + 10**11 + round(step * 1e9 / RATE))
    assert seen.problem is None


def loaded(step, period, seconds, pause=None):
    """A verdict on readings that come each period, or at once if a step takes longer."""
    load, now = Overload(0.01), 100.0
    end, problems = now + seconds, []
    while now < end:
        load.handled(now, now + step)
        now += max(step + 2e-5, period) if pause is None else step + pause
        problems.append((now - 100.0, load.problem))
    return problems


def test_a_step_longer_than_the_period_is_overload_after_half_a_second():
    problems = loaded(step=0.02, period=0.01, seconds=2.0)
    since = next(when for when, why in problems if why)
    assert 0.5 <= since <= 0.6
    assert problems[-1][1] == 'overloaded: a step takes 20 ms, a period is 10 ms'


def test_readings_that_leave_no_pause_are_overload():
    why = loaded(step=0.001, period=0.0, seconds=1.0)[-1][1]
    assert why.startswith('overloaded: ')
    assert 'readings a second take 1 ms each' in why


@pytest.mark.parametrize('step', [0.0001, 0.005, 0.009])
def test_a_policy_that_keeps_up_is_not_overloaded(step):
    assert not any(why for _, why in loaded(step, period=0.01, seconds=3.0))


@pytest.mark.parametrize('long', [0.3, 9.0])
def test_a_single_long_step_is_no_overload(long):
    load = Overload(0.01)
    now = 0.0
    for count in range(200):
        step = long if count == 50 else 0.001
        load.handled(now, now + step)
        now += max(0.01, step)
        assert load.problem is None


class Graph:
    """What a node is asked about the graph."""

    def __init__(self, *senders):
        self.senders = senders

    def get_name(self):
        return 'policy'

    def get_namespace(self):
        return '/'

    def get_publishers_info_by_topic(self, topic):
        names = self.senders if topic == '/joint_states' else ()
        return [SimpleNamespace(node_name=name, node_namespace='/') for name in names]

    def count_publishers(self, topic):
        return len(self.get_publishers_info_by_topic(topic))

    def get_subscriptions_info_by_topic(self, topic):
        return []


def neighbours(*senders):
    steady = SimpleNamespace(now=0.0)
    found = Neighbours(
        Graph(*senders), {'joint_states': '/joint_states'}, {'joint_states': frozenset('abc')},
        '/commands', clock=lambda: steady.now,
    )  # fmt: skip
    found.look()
    return found, steady


LEFT, RIGHT, BOTH, GRIPPER = (
    SimpleNamespace(name=list(names)) for names in ('ab', 'c', 'abc', 'xy')
)


def hear(found, *messages):
    for message in messages * 3:
        found.take('joint_states', message)
    return found.conflict()


def test_one_publisher_is_right():
    found, _ = neighbours('robot')
    assert hear(found, BOTH) is None


@pytest.mark.parametrize('messages', [[BOTH], [BOTH, LEFT], [SimpleNamespace()]])
def test_two_publishers_of_the_same_joints_are_named(messages):
    found, steady = neighbours('robot', 'ghost')
    assert found.conflict() is None, 'they have sent nothing yet'
    hear(found, *messages)
    steady.now += 0.6
    assert hear(found, *messages) == (
        'joint_states has 2 publishers that name the same joints: /ghost, /robot; end all but '
        'one, or set several_publishers'
    )


def test_two_publishers_of_joints_of_their_own_are_right():
    found, _ = neighbours('left', 'right')
    assert hear(found, LEFT) is None, 'the other one is still silent'
    assert hear(found, LEFT, RIGHT) is None


def test_two_publishers_that_share_a_joint_are_named():
    found, _ = neighbours('left', 'right')
    assert hear(found, LEFT, SimpleNamespace(name=['b', 'c']))


def test_a_gripper_beside_an_arm_is_right():
    found, steady = neighbours('arm', 'gripper')
    assert hear(found, BOTH) is None, 'the gripper is still silent'
    for _ in range(20):
        steady.now += 0.3
        found.look()
        assert hear(found, BOTH, GRIPPER) is None
    found._node.senders = ('arm', 'ghost', 'gripper')
    steady.now += 1.1
    found.look()
    assert hear(found, BOTH, GRIPPER) is None, 'the third is still silent'
    steady.now += 0.6
    assert '3 publishers' in hear(found, BOTH, GRIPPER)


def test_another_publisher_is_seen_at_once():
    found, steady = neighbours('robot')
    found._node.senders = ('ghost', 'robot')
    steady.now += 0.02
    found.look()
    hear(found, BOTH)
    steady.now += 0.51
    assert '2 publishers' in hear(found, BOTH)


def test_what_is_not_read_may_come_from_two_publishers():
    found, steady = neighbours('left', 'right')
    steady.now += 0.6
    both = [SimpleNamespace(name=[*one.name, 'base']) for one in (LEFT, RIGHT)]
    assert hear(found, *both) is None


def test_one_that_has_gone_is_forgotten():
    found, steady = neighbours('robot', 'ghost')
    steady.now += 0.6
    assert hear(found, BOTH)
    found._node.senders = ('robot',)
    steady.now += 1.1
    found.look()
    assert hear(found, BOTH) is None
