"""The monitor on a robot: no simulation, and topics under other names."""

import json
import re
import signal

import pytest

pytest.importorskip('rclpy')

import yaml
from alarmed import alarmed
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from peer import UPRIGHT, Peer
from rclpy.serialization import serialize_message
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray
from support import arm, make_bundle

from liquid_control.bags.bag import Bag
from liquid_control.control import Contract
from liquid_control.evaluation.metrics import load_metrics
from liquid_control.evaluation.runs import INCOMPLETE

REMAPPED = ['-r', 'joint_states:=/arm/joint_states', '-r', 'commands:=/arm/commands']


@pytest.mark.parametrize(
    'number', [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)]
)
def test_on_a_robot_it_records_until_it_is_told_to_end_and_reports(start_node, tmp_path, number):
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

        peer.until(monitor_hears_predictions)
        peer.walk_until_answered(60)
        peer.spin(3.0)  # until all have discovered each other
        peer.walk_until_answered(60)
        assert monitor.end(number) == 0, monitor.said
    finally:
        peer.close()
    metrics = json.loads((folder / 'metrics.json').read_text())
    assert metrics['complete'], metrics['why']
    assert metrics['counts']['answered'] > 30
    assert metrics['counts']['lost']['joint_states']['sent'] > 30
    assert metrics['timing']['sensor_to_command_ms_p50'] > 0, 'latency from stamps'
    assert metrics['timing']['periods'] > 30
    assert 'observations' in (folder / 'report.html').read_text()
    for text in ('cfc answered', f'{folder / "metrics.json"}', f'{folder / "report.html"}'):
        assert text in monitor.said
    assert metrics['figures']['prediction_scored'] is not None
    assert metrics['run']['observed']['joint_states'] == 'arm/joint_states'
    assert Bag(folder).counts['arm/commands'] > 30


def test_messages_that_are_lost_are_counted_and_said(start_node, tmp_path):
    """While the monitor's process stands still, its queues overflow."""
    peer, folder, told = Peer(), tmp_path / 'run', []
    try:
        peer.node.create_subscription(
            DiagnosticArray, '/diagnostics', lambda m: told.extend(m.status), 10
        )
        monitor = start_node('monitor', mode='robot', run_folder=folder)
        peer.heard_by(1)
        peer.walk(50)
        monitor.process.send_signal(signal.SIGSTOP)
        for _ in range(8000):
            peer.send()
        monitor.process.send_signal(signal.SIGCONT)
        peer.until(lambda: peer.walk(5) or any('were lost' in s.message for s in told))
        peer.walk(20)
        assert monitor.end() == 0, monitor.said
    finally:
        peer.close()
    metrics = json.loads((folder / 'metrics.json').read_text())
    count = metrics['counts']['lost']['joint_states']
    assert count['lost'] > 1000
    assert Bag(folder).counts['joint_states'] == count['sent'] - count['lost']
    assert not metrics['complete']
    warned = next(s for s in told if 'were lost' in s.message)
    assert warned.level == DiagnosticStatus.WARN
    for text in (monitor.said, (folder / 'report.html').read_text()):
        assert f'{count["lost"]:,} of {count["sent"]:,} of joint_states' in text


def test_beside_another_driver_it_records_what_the_policy_would_have_sent(start_node, tmp_path):
    peer, folder, sent = Peer(), tmp_path / 'run', []
    drive = peer.node.create_publisher(Float64MultiArray, 'commands', 10)
    try:
        peer.node.create_subscription(Float64MultiArray, 'policy/command', sent.append, 10)
        monitor = start_node('monitor', mode='robot', run_folder=folder)
        start_node('policy', shadow=True, sensor_timeout=5.0)
        peer.heard_by(2)

        def answered(count):
            peer.walk(1)
            drive.publish(Float64MultiArray(data=[0.1] * 6))
            return len(sent) > count

        peer.until(lambda: answered(10))
        peer.spin(3.0)  # until all have discovered each other
        peer.until(lambda: answered(80))
        assert monitor.end() == 0, monitor.said
    finally:
        peer.close()
    counts = Bag(folder).counts
    assert counts['policy/command'] > 30
    assert counts['commands'] > 30
    assert load_metrics(folder)['counts']['shadow']
    assert 'steps in the shadow of another driver' in monitor.said
    assert {tuple(message.data) for message in Bag(folder).messages('commands')} == {(0.1,) * 6}


def test_a_simulation_that_never_comes_is_reported(start_node, tmp_path):
    monitor = start_node('monitor', mode='realtime', run_folder=tmp_path / 'run', start_timeout=0.5)
    assert monitor.wait() == 1
    assert 'no message within 0.5 s' in monitor.said
    assert (tmp_path / 'run' / 'metrics.json').exists()


def test_a_time_that_runs_out_before_anything_is_heard_ends_in_good_order(start_node, tmp_path):
    folder = tmp_path / 'run'
    monitor = start_node('monitor', mode='lockstep', run_folder=folder, seconds=0.5)
    assert monitor.wait() == INCOMPLETE
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


def test_its_alarm_says_when_it_watches_nothing(start_node, tmp_path):
    """Whatever is heard, and however progress is reported."""
    robot = arm()
    del robot['observation'][1]
    (tmp_path / 'arm.yaml').write_text(yaml.safe_dump(robot))
    contract = Contract.from_dict(robot)
    policy = make_bundle(tmp_path / 'arm.onnx', contract.asking('angle'))
    predictor = alarmed(tmp_path, contract, threshold=1e6).path
    peer, told = Peer(), []

    def take(message):
        told.extend(s for s in message.status if s.name == 'monitor: trust')

    try:
        peer.node.create_subscription(DiagnosticArray, '/diagnostics', take, 10)
        start_node(
            'monitor', robot=tmp_path / 'arm.yaml', policy=policy, predictor=predictor,
            run_folder=tmp_path / 'run', progress='none',
        )  # fmt: skip

        def watching():
            peer.send(position=[0.1, 0.2], names=['hip', 'knee'])
            peer.spin(0.01)
            scores = [v.value for status in told for v in status.values if v.key == 'score']
            return any(score not in ('None', '0.0') for score in scores)

        peer.until(watching)
        peer.until(lambda: told[-1].message.startswith('no score for'))
        assert told[-1].level == DiagnosticStatus.WARN
    finally:
        peer.close()


def test_a_killed_monitor_loses_no_more_than_the_last_seconds(start_node, tmp_path):
    peer, folder = Peer(), tmp_path / 'run'
    try:
        monitor = start_node('monitor', mode='robot', run_folder=folder)
        start_node('policy', sensor_timeout=5.0)
        peer.heard_by(2)
        peer.drive()
        peer.spin(3.0)  # until all have discovered each other
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

        def told_too():
            predictions.publish(JointState(name=['elbow'], position=[0.0]))  # from another policy
            peer.walk(1)
            return 'policy/prediction: recorded, but not followed' in monitor.said

        peer.until(told_too)
        peer.walk(100)
        assert monitor.end() == 0, monitor.said
    finally:
        peer.close()
    assert 'Traceback' not in monitor.said
    counts = Bag(folder).counts
    assert counts['joint_states'] > 50
    assert counts['policy/prediction'] > 0
