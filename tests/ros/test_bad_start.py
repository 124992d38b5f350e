"""What cannot run says why in one line and exits with a non-zero code."""

import signal
import time

import pytest

pytest.importorskip('rclpy')

from peer import Peer


@pytest.mark.parametrize(
    ('node', 'parameters', 'said'),
    [
        ('policy', {'policy': 'cfd'}, "did you mean 'cfc'?"),
        ('policy', {'polcy': 'cfc'}, "did you mean 'policy'?"),
        ('policy', {'robot': 'walker3d'}, "did you mean 'walker2d'?"),
        ('policy', {'policy': '/nowhere/x.onnx'}, '/nowhere/x.onnx'),
        ('policy', {'sensor_timeout': -1.0}, 'sensor_timeout'),
        ('sim', {'mode': 'lokstep'}, "did you mean 'lockstep'?"),
        ('sim', {'episodes': -1}, 'episodes'),
        ('sim', {'start_timeout': 0.5}, 'is a policy node running in this ROS domain?'),
        ('fault', {'fault': 'gausian:0.1'}, "did you mean 'gaussian'?"),
        ('fault', {'fault': 'gaussian:much'}, "expected a number in [0, 1000], found 'much'"),
        ('fault', {'fault': "'"}, 'fault_node: '),
        ('fault', {'fault': 'jitter'}, 'expected at least one sensor fault, found jitter'),
        ('sim', {'fault': 'mass:2:torsi'}, "did you mean 'torso'?"),
    ],
)
def test_a_wrong_parameter_is_named(start_node, node, parameters, said):
    process = start_node(node, **parameters)
    assert process.wait() != 0
    assert said in process.said
    assert 'Traceback' not in process.said


def test_a_bundle_for_another_robot_is_refused_with_the_differences(start_node, tmp_path):
    from liquid_control import paths

    text = paths.robot('walker2d').read_text()
    contract = tmp_path / 'other.yaml'
    contract.write_text(text.replace('upper: 1.0', 'upper: 0.5').replace('125.0', '100.0'))
    process = start_node('policy', policy=paths.policy('cfc', 'walker2d'), robot=contract)
    assert process.wait() != 0
    assert 'does not fit' in process.said
    assert 'rate: the policy' in process.said
    assert 'upper' in process.said


def test_a_damaged_bundle_is_refused(start_node, tmp_path):
    from liquid_control import paths

    content = bytearray(paths.policy('cfc', 'walker2d').read_bytes())
    content[len(content) // 3] ^= 0x10
    damaged = tmp_path / 'damaged.onnx'
    damaged.write_bytes(bytes(content))
    process = start_node('policy', policy=damaged)
    assert process.wait() != 0
    assert str(damaged) in process.said
    assert 'damaged' in process.said


@pytest.mark.parametrize('name', ['policy', 'fault', 'sim'])
def test_of_two_nodes_of_one_name_one_at_least_is_refused(start_node, name):
    first = start_node(name)
    second = start_node(name)
    end = time.monotonic() + 90.0
    while first.process.poll() != 1 and second.process.poll() != 1:
        assert time.monotonic() < end
        time.sleep(0.1)
    said = first.said + second.said
    assert f'another node named /{name} runs in this ROS domain' in said


def test_the_second_is_refused_also_where_it_hears_of_the_first_late(start_node):
    watcher = Peer()

    def there(count):
        watcher.until(lambda: watcher.node.get_node_names().count('fault') == count)
        watcher.spin(1.0)

    try:
        first = start_node('fault')
        watcher.until(lambda: watcher.node.count_publishers('fault/dropped'))  # it has begun
        there(1)
        first.process.send_signal(signal.SIGSTOP)  # it answers no one who looks for it
        second = start_node('fault')
        there(2)
        first.process.send_signal(signal.SIGCONT)
        assert second.wait() == 1
        assert first.process.poll() is None
    finally:
        watcher.close()
    assert 'another node named /fault runs in this ROS domain' in second.said
