"""The monitor on a robot: no simulation, and topics under other names."""

import json
import re
import signal

import pytest

pytest.importorskip('rclpy')

from peer import UPRIGHT, Peer
from rclpy.serialization import serialize_message
from sensor_msgs.msg import JointState

from liquid_control.bags.bag import Bag

REMAPPED = ['-r', 'joint_states:=/arm/joint_states', '-r', 'commands:=/arm/commands']


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_on_a_robot_it_records_until_it_is_told_to_end(start_node, tmp_path, number):
    peer, folder = Peer('/arm/'), tmp_path / 'run'
    try:
        monitor = start_node('monitor', *REMAPPED, mode='robot', run_folder=folder, progress='json')
        start_node('policy', *REMAPPED, sensor_timeout=5.0)
        peer.heard_by(2)
        peer.drive()

        def monitor_hears_predictions():  # a robot that stood still would have no ratio
            for height in (1.25, 1.26):
                peer.walk(5, position=[0.0, height, *UPRIGHT[2:]])
            return re.search(r'"ratio": [0-9]', monitor.said)

        peer.until(monitor_hears_predictions, 60.0)
        peer.walk_until_answered(60)
        assert monitor.end(number) == 0, monitor.said
    finally:
        peer.close()
    metrics = json.loads((folder / 'metrics.json').read_text())
    assert metrics['why'] == 'interrupted'
    assert metrics['counts']['answered'] > 30
    assert metrics['figures']['prediction_scored'] is not None
    assert metrics['run']['observed']['joint_states'] == 'arm/joint_states'
    assert Bag(folder).counts['arm/commands'] > 30


def test_a_simulation_that_never_comes_is_reported(start_node, tmp_path):
    monitor = start_node('monitor', mode='realtime', run_folder=tmp_path / 'run', start_timeout=0.5)
    assert monitor.wait() == 1
    assert 'no message within 0.5 s' in monitor.said
    assert (tmp_path / 'run' / 'metrics.json').exists()


def test_a_time_that_runs_out_before_anything_is_heard_ends_in_good_order(start_node, tmp_path):
    folder = tmp_path / 'run'
    monitor = start_node('monitor', mode='lockstep', run_folder=folder, seconds=0.5)
    assert monitor.wait() == 1
    assert 'Traceback' not in monitor.said
    assert json.loads((folder / 'metrics.json').read_text())['complete'] is False


def test_a_simulation_that_falls_silent_is_given_up(start_node, tmp_path):
    peer, folder = Peer(), tmp_path / 'run'
    try:
        monitor = start_node('monitor', mode='realtime', run_folder=folder, silence=2.0)
        peer.heard_by(1)
        peer.walk(20)
        assert monitor.wait() == 1
    finally:
        peer.close()
    assert 'the simulation fell silent 2.' in monitor.said
    assert Bag(folder).counts['joint_states'] > 0


def test_a_killed_monitor_loses_no_more_than_the_last_seconds(start_node, tmp_path):
    peer, folder = Peer(), tmp_path / 'run'
    try:
        monitor = start_node('monitor', mode='robot', run_folder=folder)
        start_node('policy', sensor_timeout=5.0)
        peer.heard_by(2)
        peer.drive()
        peer.walk(300)
        monitor.process.kill()
        monitor.process.wait()
    finally:
        peer.close()
    bag = Bag(folder)
    assert bag.damage
    assert bag.counts['joint_states'] > 60


def test_a_message_that_cannot_be_followed_ends_no_recording(start_node, tmp_path):
    peer, folder = Peer(), tmp_path / 'run'
    predictions = peer.node.create_publisher(JointState, 'policy/prediction', 10)
    try:
        monitor = start_node('monitor', mode='robot', run_folder=folder)
        cut_off = serialize_message(JointState(name=['knee']))[:20]

        def told():
            peer.publisher.publish(cut_off)
            peer.spin(0.05)
            return 'joint_states: recorded, but not followed' in monitor.said

        peer.until(told)
        for _ in range(100):
            predictions.publish(JointState(name=['elbow'], position=[0.0]))  # from another policy
            peer.walk(1)
        assert monitor.end() == 0, monitor.said
    finally:
        peer.close()
    assert 'Traceback' not in monitor.said
    counts = Bag(folder).counts
    assert counts['joint_states'] > 50
    assert counts['policy/prediction'] > 0
