"""A recording played on the graph gives a shadow policy the same as a replay without ROS."""

import numpy as np
import pytest
from peer import Peer
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore
from support import commanded_by

from liquid_control import paths
from liquid_control.bags.bag import Bag
from liquid_control.control import Contract, Controller, PolicyRunner
from liquid_control.control.topics import FLOAT64_MULTI_ARRAY, JOINT_STATE
from liquid_control.evaluation.metrics import load_metrics
from liquid_control.evaluation.recorded_trace import recorded_trace
from liquid_control.evaluation.runs import observed_topics, read_run
from liquid_control.evaluation.trace import compare
from liquid_control.nodes.graph import Graph
from liquid_control.nodes.run_settings import RunSettings
from liquid_control.replay.trace import replay
from liquid_control.sim import simulated_robot
from liquid_control.sim.world import World

WALKER2D = simulated_robot('walker2d')

ROBOT = Contract.load(paths.robot('walker2d'))


@pytest.fixture(scope='module')
def recording(request, tmp_path_factory):
    """A recording of what an LSTM saw and did under faults, with commands of a type."""
    folder = tmp_path_factory.mktemp('recording')
    kind = getattr(request, 'param', FLOAT64_MULTI_ARRAY)
    robot, policy = commanded_by(kind, 'lstm', folder)
    commanded_by(kind, 'cfc', folder)
    settings = RunSettings(
        folder, policy=str(policy), robot=str(robot), fault='gaussian:0.1+dropped:0.1', seed=3,
        seconds=1.2, mode='lockstep',
    )  # fmt: skip
    with Graph(settings) as graph:
        graph.follow(lambda line: None)
    assert Bag(folder).types['commands'] == kind
    return folder


def start_replay(start_node, recording, folder, speed=0.0, robot='walker2d', policy='cfc'):
    shared = {'robot': robot, 'policy': policy}
    waits = {'lockstep': speed == 0.0}
    policy_node = start_node(
        'policy', use_sim_time=True, shadow=True, sensor_timeout=60.0, **waits, **shared
    )
    monitor = start_node('monitor', mode='replay', run_folder=folder, **waits, **shared)
    observed = {'observed': f"'{observed_topics(recording)}'"}
    bag = start_node('bag', bag=recording, wait_for=2, speed=speed, **observed, **shared)
    return policy_node, monitor, bag


@pytest.mark.parametrize(
    'recording',
    [FLOAT64_MULTI_ARRAY, pytest.param(JOINT_STATE, marks=pytest.mark.slow)],
    indirect=True,
)
def test_in_the_shadow_of_a_recording_a_policy_gives_the_same_numbers(
    start_node, recording, tmp_path
):
    folder, robot, policy = tmp_path / 'replay', recording / 'walker2d.yaml', recording / 'cfc.onnx'
    policy_node, monitor, bag = start_replay(
        start_node, recording, folder, robot=robot, policy=policy
    )
    assert bag.wait() == 0, bag.said
    assert monitor.wait() == 0, monitor.said
    assert policy_node.end() == 0, policy_node.said
    assert load_metrics(folder)['complete']

    driver = Controller(PolicyRunner(policy), Contract.load(robot))
    offline = replay(Bag(recording), driver, read_run(recording)['observed'])
    observed = {**read_run(folder)['observed'], 'commands': 'policy/command'}
    online = recorded_trace(Bag(folder), driver.runner.contract, observed)
    assert len(online) > 60
    assert compare(online, offline) is None


def test_at_a_set_speed_it_is_heard_and_measured_too(start_node, recording, tmp_path):
    folder = tmp_path / 'replay'
    policy_node, monitor, bag = start_replay(start_node, recording, folder, speed=0.2)
    assert bag.wait() == 0, bag.said
    assert monitor.wait() == 0, monitor.said
    assert policy_node.end() == 0, policy_node.said
    assert load_metrics(folder)['counts']['answered'] > 30


def test_a_stamp_that_goes_back_a_little_changes_nothing_on_the_graph(start_node, tmp_path):
    bag, folder = tmp_path / 'bag', tmp_path / 'replay'
    write_joint_states(bag, steps=60, back_at=30)
    policy_node, monitor, player = start_replay(start_node, bag, folder)
    assert player.wait() == 0, player.said
    assert monitor.wait() == 0, monitor.said
    assert policy_node.end() == 0, policy_node.said
    driver = Controller(PolicyRunner(paths.policy('cfc', 'walker2d')), ROBOT)
    offline = replay(Bag(bag), driver)
    assert driver.counts['stamp_not_advancing'] == 1
    observed = {**read_run(folder)['observed'], 'commands': 'policy/command'}
    online = recorded_trace(Bag(folder), driver.runner.contract, observed)
    assert compare(online, offline) is None


def write_joint_states(folder, steps, back_at):
    """A bag of Walker2d's joint states with one stamp set back by one and a half steps."""
    types = get_typestore(Stores.ROS2_KILTED)
    header, joint_state, time = (
        types.types[name]
        for name in ('std_msgs/msg/Header', 'sensor_msgs/msg/JointState',
                     'builtin_interfaces/msg/Time')
    )  # fmt: skip
    world = World(WALKER2D)
    world.reset(0)
    with Writer(folder, version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        topic = writer.add_connection('joint_states', JOINT_STATE, typestore=types)
        for step in range(steps):
            seen, stamp = world.messages()['joint_states'], world.stamp_ns
            back = (step == back_at) * WALKER2D.period_ns * 3 // 2
            message = joint_state(
                header(time(*divmod(stamp - back, 10**9)), ''), list(seen.name),
                np.array(seen.position), np.array(seen.velocity), np.zeros(0),
            )  # fmt: skip
            writer.write(topic, stamp, types.serialize_cdr(message, JOINT_STATE))
            world.step(np.zeros(6))


def test_a_recording_that_is_not_there_is_named(start_node, tmp_path):
    bag = start_node('bag', bag=tmp_path / 'nothing')
    assert bag.wait() == 1
    assert 'nothing: no such folder or file' in bag.said


def test_without_a_policy_in_the_shadow_nothing_is_played(start_node, recording):
    bag = start_node('bag', bag=recording, start_timeout=1.0)
    assert bag.wait() == 1
    assert 'is a policy node with shadow: true active' in bag.said


@pytest.mark.parametrize('anyone', [False, True])
def test_a_replay_does_not_drive_a_robot(start_node, recording, tmp_path, anyone):
    robot = Peer()  # hears the commands, as a robot's controller would
    shared = {'robot': 'walker2d', 'policy': 'cfc'}
    try:
        start_node('policy', use_sim_time=True, shadow=True, sensor_timeout=60.0, **shared)
        # slowly: it may take a while until the two know of each other
        bag = start_node('bag', bag=recording, speed=0.2, anyone=anyone, **shared)
        if anyone:
            assert bag.wait() == 0, bag.said
            robot.spin(0.5)
        else:
            assert bag.wait() == 1
            assert 'commands is heard by /peer: a replay must not drive a robot' in bag.said
    finally:
        robot.close()
    assert bool(robot.commands) == anyone
