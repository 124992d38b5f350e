"""Live graphs: every worker has its own ROS domain, and nothing leaves the machine."""

import os
import signal
import subprocess
import sys
import time

import pytest
from support import arm, interruptible, make_bundle, ros_domain

pytest.importorskip('rclpy', reason='needs ROS 2: the [ros] extra, or a sourced installation')

os.environ['ROS_DOMAIN_ID'] = str(ros_domain())
os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
os.environ['FASTDDS_BUILTIN_TRANSPORTS'] = 'UDPv4'
os.environ['ROS_PYTHON_CHECK_FIELDS'] = '1'


class NodeProcess:
    """A node in its own process, with its output."""

    def __init__(self, name, log, arguments):
        self.log = log
        with open(log, 'wb') as out:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    '-m',
                    f'liquid_control.nodes.{name}_node',
                    '--ros-args',
                    *arguments,
                ],
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=interruptible,
            )

    def end(self, number=signal.SIGINT, timeout=60.0):
        """Signal the node and wait; returns its exit code."""
        self.process.send_signal(number)
        return self.process.wait(timeout)

    def wait(self, timeout=90.0):
        return self.process.wait(timeout)

    @property
    def said(self):
        return self.log.read_text(errors='replace')

    def wait_for(self, text, timeout=90.0):
        """Wait until the node has printed a text."""
        end = time.monotonic() + timeout
        while text not in self.said:
            assert time.monotonic() < end, f'{text!r} not in: {self.said}'
            time.sleep(0.05)


@pytest.fixture
def start_node(tmp_path):
    """start_node(name, parameter=value, …) → a node, which is always ended after the test."""
    started = []

    def start(name, *more, **parameters):
        arguments = list(more)
        if name == 'policy':
            parameters.setdefault('autostart', True)
            parameters.setdefault('rate_tolerance', 0.0)  # a busy machine sends more slowly
            parameters.setdefault('on_overload', 'report')  # and takes longer for a step
        for key, value in parameters.items():
            text = str(value).lower() if isinstance(value, bool) else str(value)
            arguments += ['-p', f'{key}:={text}']
        node = NodeProcess(name, tmp_path / f'{name}{len(started)}.log', arguments)
        started.append(node)
        return node

    yield start
    for node in started:
        if node.process.poll() is None:
            node.process.kill()
            node.process.wait()


@pytest.fixture
def start():
    """start(argument, …) → a ``liquid-control run``, which is always ended after the test."""
    from started_run import starting_runs

    with starting_runs() as begin:
        yield begin


@pytest.fixture
def in_process():
    """in_process(argument, …, parameter=value, …) → a policy node here, not yet configured."""
    import rclpy

    from liquid_control.nodes.policy_node import PolicyNode

    nodes = []

    def make(*more, **parameters):
        given = [*more, *(part for k, v in parameters.items() for part in ('-p', f'{k}:={v}'))]
        # In its own domain, so that leftovers of this process do not affect other tests.
        rclpy.init(args=['policy', '--ros-args', *given], domain_id=50)
        nodes.append(PolicyNode())
        return nodes[-1]

    yield make
    for node in nodes:
        if not node.finalized:
            node.trigger_shutdown()
        node.destroy_node()
    rclpy.try_shutdown()


@pytest.fixture
def told(in_process, tmp_path):
    """A policy node in this process, driving an arm with a held target angle."""
    import yaml

    from liquid_control.control import Contract

    robot = arm(freshness=5.0)
    robot['observation'][1] = {
        'name': 'target', 'topic': 'targets', 'type': 'sensor_msgs/msg/JointState',
        'field': 'position', 'joints': ['hip'], 'unit': 'rad', 'hold': True, 'std': 1.0,
    }  # fmt: skip
    contract = tmp_path / 'arm.yaml'
    contract.write_text(yaml.safe_dump(robot))
    bundle = tmp_path / 'arm.onnx'
    make_bundle(bundle, Contract.from_dict(robot).asking('angle', 'target'))
    node = in_process(robot=contract, policy=bundle, rehearsals=0)
    node.trigger_configure()
    node.trigger_activate()
    return node
