"""A recording on the graph gives a policy in the shadow what a replay without ROS gives it."""

import pytest

from liquid_control import paths
from liquid_control.control import Contract, Controller, PolicyRunner
from liquid_control.evaluation.bag import Bag
from liquid_control.evaluation.metrics import load_metrics
from liquid_control.evaluation.replay import compare, recorded_trace, replay
from liquid_control.evaluation.runs import observed_topics, read_run
from liquid_control.nodes.graph import Graph, RunSettings

ROBOT = Contract.load(paths.robot('walker2d'))


@pytest.fixture(scope='module')
def recording(tmp_path_factory):
    """What an LSTM saw and did under faults."""
    folder = tmp_path_factory.mktemp('recording')
    settings = RunSettings(
        folder, policy='lstm', fault='gaussian:0.1+dropped:0.1', seed=3, seconds=1.2,
        mode='lockstep',
    )  # fmt: skip
    with Graph(settings) as graph:
        graph.follow(lambda line: None)
    return folder


def start_replay(start_node, recording, folder, policy='cfc'):
    shared = {'robot': 'walker2d', 'policy': policy}
    policy_node = start_node(
        'policy', use_sim_time=True, shadow=True, lockstep=True, sensor_timeout=60.0, **shared
    )
    monitor = start_node('monitor', mode='replay', run_folder=folder, **shared)
    observed = observed_topics(recording)
    bag = start_node('bag', bag=recording, observed=f"'{observed}'", wait_for=2, **shared)
    return policy_node, monitor, bag


def test_in_the_shadow_of_a_recording_a_policy_gives_the_same_numbers(
    start_node, recording, tmp_path
):
    folder = tmp_path / 'replay'
    policy_node, monitor, bag = start_replay(start_node, recording, folder)
    assert bag.wait() == 0, bag.said
    assert monitor.wait() == 0, monitor.said
    assert policy_node.end() == 0, policy_node.said
    assert load_metrics(folder)['complete']

    driver = Controller(PolicyRunner(paths.policy('cfc', 'walker2d')), ROBOT)
    offline = replay(Bag(recording), driver, read_run(recording)['observed'])
    observed = {**read_run(folder)['observed'], 'commands': 'policy/command'}
    online = recorded_trace(Bag(folder), driver.runner.contract, observed)
    assert len(online) > 60
    assert compare(online, offline) is None


def test_a_recording_that_is_not_there_is_named(start_node, tmp_path):
    bag = start_node('bag', bag=tmp_path / 'nothing')
    assert bag.wait() == 1
    assert 'nothing: no such folder or file' in bag.said


def test_without_a_policy_in_the_shadow_nothing_is_played(start_node, recording):
    bag = start_node('bag', bag=recording, start_timeout=1.0)
    assert bag.wait() == 1
    assert 'is a policy node with shadow: true active' in bag.said
