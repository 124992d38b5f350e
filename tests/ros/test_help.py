"""Every node prints its parameters when asked for help, and refuses arguments it does not know."""

import subprocess
import sys

import pytest

pytest.importorskip('rclpy')

NODES = ('policy', 'sim', 'fault', 'monitor', 'bag')


def called(node, *arguments):
    module = f'liquid_control.nodes.{node}_node'
    command = [sys.executable, '-m', module, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize('node', NODES)
def test_help_names_every_parameter_with_type_default_and_description(node):
    done = called(node, '--help')
    assert done.returncode == 0
    assert done.stdout.startswith(f'{node}_node: ')
    assert "robot (str, 'walker2d')\n      Contract: a name" in done.stdout
    assert not done.stderr


@pytest.mark.parametrize('node', NODES)
def test_an_argument_that_is_not_for_ros_is_refused(node):
    done = called(node, '--robot', 'walker2d')
    assert done.returncode == 1
    assert "unexpected argument '--robot'" in done.stderr
    assert '--help' in done.stderr
