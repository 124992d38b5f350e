"""The simulation on the graph: Gymnasium's physics, without added delay."""

import math
import time

import numpy as np
import pytest

pytest.importorskip('rclpy')

from peer import Participant
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray
from std_srvs.srv import SetBool, Trigger

from liquid_control import paths
from liquid_control.bags.bag import Bag
from liquid_control.control import Contract
from liquid_control.control.commands import command_codec
from liquid_control.control.stamps import stamp_ns
from liquid_control.nodes.wire import message_type, qos
from liquid_control.sim import simulated_robot
from liquid_control.sim.world import World

WALKER2D = simulated_robot('walker2d')
EPISODE_GAP_NS = 1_500_000_000 + WALKER2D.period_ns
CODEC = command_codec(Contract.load(paths.robot('walker2d')))


class Driver(Participant):
    """Answers every observation with ``act(count)``, if any, after ``delay(count)`` seconds."""

    def __init__(self, lockstep, act, delay=lambda count: 0.0):
        super().__init__('driver')
        profile = qos(lockstep=lockstep, reliable=True, depth=10)
        self.act, self.delay = act, delay
        self.message = CODEC.empty(message_type)
        self.seen, self.sent, self.rows = {}, {}, []
        self.commands = self.node.create_publisher(Float64MultiArray, 'commands', profile)
        # The simulation starts once joint_states is heard: that comes last.
        rows = qos(lockstep=lockstep, reliable=True, depth=1000)
        self.node.create_subscription(JointState, 'sim/episode', self.on_row, rows)
        self.node.create_subscription(JointState, 'joint_states', self.on_joints, profile)

    def on_joints(self, message):
        stamp = stamp_ns(message)
        count = len(self.seen)
        if stamp not in self.seen:
            self.seen[stamp] = (np.array(message.position), np.array(message.velocity))
            time.sleep(self.delay(count))
        else:
            count -= 1
        action = self.act(count)
        if action is not None:
            self.sent[stamp] = np.asarray(action, float)
            self.commands.publish(CODEC.fill(self.message, stamp, self.sent[stamp]))

    def on_row(self, message):
        row = dict(zip(message.name, message.position, strict=True))
        self.rows.append({**row, 'stamp': stamp_ns(message) - WALKER2D.period_ns})

    def found(self):
        return f'{len(self.seen)} observations'


@pytest.fixture
def drive():
    drivers = []

    def make(*arguments, **more):
        drivers.append(Driver(*arguments, **more))
        return drivers[-1]

    yield make
    for driver in drivers:
        driver.close()


def actions(seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (2000, 6))


def in_process(seed, commands):
    """Positions and rewards of the same walk in process, without ROS."""
    world, positions, rewards = World(WALKER2D), [], []
    world.reset(seed)
    for command in commands:
        positions.append(world.data.qpos.copy())
        reward, terminated = world.step(command)
        rewards.append(reward)
        if terminated:
            break
    return positions, rewards


def test_lockstep_equals_the_physics_without_ros(start_node, drive):
    table = actions()
    driver = drive(True, lambda count: table[count])
    node = start_node('sim', mode='lockstep', seed=5)
    driver.until(lambda: driver.rows and driver.rows[-1]['done'])
    assert node.wait() == 0
    positions, rewards = in_process(5, table)
    seen = [position for position, _ in driver.seen.values()]
    assert [row['reward'] for row in driver.rows] == rewards
    np.testing.assert_array_equal(seen, positions)
    assert driver.rows[-1]['return'] == pytest.approx(sum(rewards))
    assert next(iter(driver.seen)) == 1_000_000_000
    assert set(np.diff(list(driver.seen))) == {WALKER2D.period_ns}


def test_realtime_applies_a_command_in_the_period_that_it_answers(start_node, drive):
    table = actions(1)
    driver = drive(False, lambda count: table[count], delay=lambda count: 0.001)
    start_node('sim', mode='realtime', seed=6, episodes=0)
    driver.until(lambda: sum(not row['late'] for row in driver.rows) > 10)
    world = World(WALKER2D)
    world.reset(6)
    for row in driver.rows:
        if not row['late']:
            world.data.qpos[:], world.data.qvel[:] = driver.seen[row['stamp']]
            reward, _ = world.step(driver.sent[row['stamp']])
            assert row['reward'] == pytest.approx(reward, abs=1e-6)


def test_realtime_counts_late_commands(start_node, drive):
    driver = drive(
        False, lambda count: np.full(6, 0.01 * count), delay=lambda count: 0.5 * (count == 5)
    )
    start_node('sim', mode='realtime', steps=100)
    driver.until(lambda: driver.rows and driver.rows[-1]['done'])
    slowly_answered = list(driver.seen)[5]
    assert slowly_answered in [row['stamp'] for row in driver.rows if row['late']]
    assert all(math.isnan(r['command_latency']) == bool(r['late']) for r in driver.rows)


def test_realtime_holds_the_last_command_while_none_comes(start_node, drive):
    held = np.full(6, 0.1)
    driver = drive(False, lambda count: held if count == 0 else None)
    start_node('sim', mode='realtime', seed=5, steps=200)
    driver.until(lambda: driver.rows and driver.rows[-1]['done'])
    assert [row['late'] for row in driver.rows] == [0.0] + [1.0] * (len(driver.rows) - 1)
    _, rewards = in_process(5, [held] * 200)
    assert len(rewards) > 20
    assert [row['reward'] for row in driver.rows] == rewards


def test_paused_it_waits_and_steps_when_asked(start_node, drive):
    driver = drive(True, lambda count: np.zeros(6))
    start_node('sim', mode='lockstep', start_paused=True, steps=50)
    assert driver.services.call(Trigger, 'sim/step').success
    driver.until(lambda: len(driver.rows) == 1)
    assert driver.services.call(Trigger, 'sim/step').success
    driver.until(lambda: len(driver.rows) == 2)
    assert driver.services.call(SetBool, 'sim/pause', data=False).success
    driver.until(lambda: driver.rows[-1]['done'])
    assert len(driver.rows) == 50


def test_a_pause_of_any_length_does_not_end_the_recording(start_node, drive, tmp_path):
    driver = drive(True, lambda count: np.zeros(6))
    monitor = start_node('monitor', mode='lockstep', run_folder=tmp_path / 'run', silence=4.0)
    start_node('sim', mode='lockstep', start_paused=True, steps=30, wait_for=2)
    for steps in (1, 2):
        assert driver.services.call(Trigger, 'sim/step').success
        driver.until(lambda steps=steps: len(driver.rows) == steps)
    time.sleep(6.0)
    assert monitor.process.poll() is None, monitor.said
    assert driver.services.call(SetBool, 'sim/pause', data=False).success
    driver.until(lambda: driver.rows[-1]['done'])
    monitor.wait()
    assert 'silent' not in monitor.said
    assert Bag(tmp_path / 'run').counts['joint_states'] == 30


def test_a_reset_starts_the_next_episode_after_a_gap(start_node, drive):
    driver = drive(True, lambda count: np.zeros(6))
    start_node('sim', mode='lockstep', episodes=2, steps=100, start_paused=True)
    assert driver.services.call(Trigger, 'sim/step').success
    driver.until(lambda: len(driver.rows) == 1)
    assert driver.services.call(Trigger, 'sim/reset').success
    assert driver.services.call(SetBool, 'sim/pause', data=False).success
    driver.until(lambda: driver.rows[-1]['done'])
    assert [row['truncated'] for row in driver.rows if row['episode'] == 0] == [False, True]
    assert max(np.diff(list(driver.seen))) == EPISODE_GAP_NS
    assert {row['seed'] for row in driver.rows} == {0, 1}


def test_commands_that_make_no_sense_are_refused(start_node, drive):
    driver = drive(True, lambda count: np.full(6, math.nan) if count == 3 else np.zeros(6))
    node = start_node('sim', mode='lockstep', command_timeout=4.0)
    driver.until(lambda: node.process.poll() is not None)
    assert node.wait() == 1, 'nothing answered the fourth observation'
    assert 'commands: refused: expected 6 finite values' in node.said
    assert len(driver.rows) == 3


def test_no_command_in_lockstep_ends_the_run_with_the_step(start_node, drive):
    driver = drive(True, lambda count: np.zeros(6) if count < 4 else None)
    node = start_node('sim', mode='lockstep', command_timeout=4.0)
    driver.until(lambda: node.process.poll() is not None)
    assert node.wait() == 1
    assert 'no command for stamp 1032000000 within 4 s (step 4)' in node.said


def test_in_real_time_steps_that_are_asked_for_one_by_one_wait_for_their_command(start_node, drive):
    driver = drive(False, lambda count: np.zeros(6))
    node = start_node('sim', mode='realtime', start_paused=True, steps=30)
    for steps in range(1, 31):
        assert driver.services.call(Trigger, 'sim/step').success
        driver.until(lambda steps=steps: len(driver.rows) == steps)
        time.sleep(0.02)
    assert node.wait() == 0
    late = [row['late'] for row in driver.rows[1:]]
    assert sum(late) < len(late), 'a busy machine may miss many, not all'


def test_a_command_before_the_first_observation_is_survived(start_node, drive):
    driver = drive(False, lambda count: np.zeros(6))
    node = start_node('sim', mode='realtime', wait_for=2, start_timeout=5.0)

    def ended():
        driver.commands.publish(Float64MultiArray(data=[0.0] * 6))
        return node.process.poll() is not None

    driver.until(ended)
    assert node.wait() == 1
    assert 'subscribers of 2, commands has 1 publishers of 1' in node.said
    assert 'Traceback' not in node.said
