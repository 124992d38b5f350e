"""In-process, recorded and replayed numbers are the same; differences are found and named."""

import dataclasses
import json

import numpy as np
import pytest
from recording import Recorder, imu, joint_state, make_bundle
from support import arm

from liquid_control.bags.bag import Bag, BagError
from liquid_control.control import Contract, Controller, PolicyRunner
from liquid_control.evaluation.episodes import run_episodes
from liquid_control.evaluation.recorded_trace import recorded_trace
from liquid_control.evaluation.trace import Trace, compare
from liquid_control.faults import parse
from liquid_control.replay.trace import replay
from liquid_control.sim import simulated_robot
from liquid_control.sim.world import World

SENSED = World(simulated_robot('walker2d')).messages()['imu/data']
FAULTS = ('none', 'gaussian:0.1', 'gaussian:0.2+dropped:0.15')


def joined(episodes) -> Trace:
    fields = {
        f.name: np.concatenate([getattr(e.trace, f.name) for e in episodes])
        for f in dataclasses.fields(Trace)
        if f.name != 'channels'
    }
    return Trace(channels=episodes[0].trace.channels, **fields)


@pytest.mark.parametrize('fault', FAULTS)
def test_three_ways_one_answer(walks, robot, bundle, fault):
    walk = walks(fault)
    live = joined(walk.episodes)
    bag, runner = Bag(walk.folder), PolicyRunner(bundle)
    recorded = recorded_trace(bag, runner.contract, walk.run['observed'])
    replayed = replay(bag, Controller(runner, robot), walk.run['observed'])
    assert len(live) > 40
    assert compare(live, recorded) is None
    assert compare(live, replayed) is None
    assert live.observations.tobytes() == replayed.observations.tobytes()
    assert live.actions.tobytes() == recorded.actions.tobytes() == replayed.actions.tobytes()
    assert live.predictions.tobytes() == replayed.predictions.tobytes()


def test_dropped_samples_are_dropped_everywhere(walks, bundle):
    walk = walks(FAULTS[2])
    bag = Bag(walk.folder)
    assert bag.counts['fault/dropped'] > 0
    answered = sum(len(e.trace) for e in walk.episodes)
    assert answered == bag.counts['faulty/joint_states'] == bag.counts['commands']


def test_replaying_twice_is_the_same(walks, robot, bundle):
    walk = walks(FAULTS[1])
    controller = Controller(PolicyRunner(bundle), robot)
    first, second = (replay(Bag(walk.folder), controller, walk.run['observed']) for _ in range(2))
    assert compare(first, second) is None


@pytest.mark.parametrize(('freshness', 'complete'), [(0.05, 20), (0.02, 0)])
def test_the_robots_time_limits_are_in_force(tmp_path, freshness, complete):
    """A second sensor whose stamps are 30 ms ahead; the policy's own contract allows 50 ms."""
    asked = Contract.from_dict(arm()).asking('angle', 'rate')
    bundle = make_bundle(tmp_path / 'arm.onnx', asked, seed=0)
    recorder = Recorder(tmp_path / 'bag')
    for step in range(20):
        stamp = 10**9 + step * asked.period_ns * 10
        joints = joint_state(stamp, ['hip', 'knee'], [0.1, 0.2])
        recorder.write('/joint_states', 'sensor_msgs/msg/JointState', joints)
        turn = imu(stamp + 30_000_000, SENSED)
        recorder.write('/imu/data', 'sensor_msgs/msg/Imu', turn)
    recorder.close()
    strict = Contract.from_dict(arm(freshness=freshness))
    trace = replay(Bag(tmp_path), Controller(PolicyRunner(bundle), strict))
    assert len(trace) == complete


def test_second_policy_sees_the_sent_commands(walks, robot, bundle, other):
    walk = walks()
    bag, told = Bag(walk.folder), []
    runner = PolicyRunner(other)
    sent = runner.sent

    def spy(command):
        told.append(np.array(command))
        sent(command)

    runner.sent = spy
    replayed = replay(bag, Controller(runner, robot), walk.run['observed'])
    live = joined(walk.episodes)
    assert compare(live, replayed).split(': ')[1].startswith(('actions', 'predictions'))
    assert (live.observations == replayed.observations).all()
    # the controller reports its own command, then the replay the one actually sent
    assert (np.array(told[0::2]) == replayed.actions).all()
    assert (np.array(told[1::2]) == live.actions).all()


def test_two_topic_policy_replays_the_same(walks, robot, tmp_path):
    data = robot.to_dict()
    data['observation'].append(
        {
            'name': 'spin',
            'topic': 'imu/data',
            'type': 'sensor_msgs/msg/Imu',
            'field': 'angular_velocity',
            'components': ['x', 'y', 'z'],
            'unit': 'rad/s',
        }
    )
    wide = Contract.from_dict(data)
    path = make_bundle(tmp_path / 'wide.onnx', wide.asking('joint_position', 'spin'), seed=2)
    walk = walks()
    # the recorded walk, observed by another policy: its observations must be the world's
    trace = replay(Bag(walk.folder), Controller(PolicyRunner(path), wide), {})
    live = joined(walk.episodes)
    assert (trace.stamps == live.stamps).all()
    assert (trace.observations[:, :8] == live.observations).all()
    assert np.abs(trace.observations[:, 8:]).max() > 0


def test_without_commands_all_is_replayed(robot, bundle, tmp_path):
    recorder = Recorder(tmp_path / 'bag')
    names = ['rootx', *robot.terms[0].channels]
    for index in range(20):
        message = joint_state(10**9 + index * 8_000_000, names, np.arange(9) * 0.01, np.zeros(9))
        recorder.write('/joint_states', 'sensor_msgs/msg/JointState', message)
    recorder.close()
    runner = PolicyRunner(bundle)
    trace = replay(Bag(tmp_path), Controller(runner, robot))
    assert len(trace) == 20
    assert np.isfinite(trace.predictions).all()
    assert np.isnan(recorded_trace(Bag(tmp_path), runner.contract).actions).all()


def test_non_finite_reading_is_held(robot, bundle, tmp_path):
    runner = PolicyRunner(bundle)
    walked = run_episodes(Controller(runner, robot), robot, parse('none'), 1, 0, 10)[0].trace
    recorder = Recorder(tmp_path / 'bag')
    for row, stamp in enumerate(walked.stamps):
        values = walked.observations[row].astype(float)
        if row == 4:
            values[2] = np.nan
        message = joint_state(int(stamp), robot.terms[0].channels, values)
        recorder.write('/joint_states', 'sensor_msgs/msg/JointState', message)
    recorder.close()
    trace = replay(Bag(tmp_path), Controller(runner, robot))
    assert np.isnan(trace.predictions[4]).all()
    assert (trace.actions[4] == trace.actions[3]).all()
    assert np.isfinite(trace.actions).all()
    assert trace.elapsed[5] == 2.0


def test_a_missing_topic_is_named(walks, robot, bundle):
    controller = Controller(PolicyRunner(bundle), robot)
    with pytest.raises(BagError, match=r"unknown topic 'join_states'.*did you mean 'joint_states'"):
        replay(Bag(walks().folder), controller, {'joint_states': 'join_states'})
    with pytest.raises(
        BagError, match=r'expected sensor_msgs/msg/JointState, found sensor_msgs/ms'
    ):
        replay(Bag(walks().folder), controller, {'joint_states': '/imu/data'})


def test_compare_names_the_first_difference(walks):
    trace = walks().episodes[0].trace
    assert compare(trace, trace) is None
    predictions = trace.predictions.copy()
    predictions[7, 3] += 1e-6
    text = compare(trace, dataclasses.replace(trace, predictions=predictions))
    assert f'row 7, stamp {trace.stamps[7]}: predictions[leg_joint.position]' in text
    cut = dataclasses.replace(
        trace, **{f.name: getattr(trace, f.name)[:-1] for f in dataclasses.fields(trace)
                  if f.name != 'channels'}
    )  # fmt: skip
    assert str(trace.stamps[-1]) in compare(trace, cut)
    assert json.dumps(text)
