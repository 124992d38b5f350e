"""The launch files, if ``launch`` is installed: a sourced ROS 2 has it, PyPI does not."""

import importlib.util
import os
import subprocess
from pathlib import Path

import pytest

launch = pytest.importorskip('launch')
pytest.importorskip('launch_ros')

from support import ROBOT, STUDENT, make_bundle, ros_domain

ROOT = Path(__file__).resolve().parents[2]
FILES = ('sim', 'robot', 'replay')


def load(name: str):
    """A launch file as a module."""
    path = ROOT / 'launch' / f'{name}.launch.py'
    spec = importlib.util.spec_from_file_location(f'{name}_launch', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize('name', FILES)
def test_every_argument_is_declared_with_a_default_and_a_description(name):
    module = load(name)
    description = module.generate_launch_description()
    arguments = {a.name: a for a in description.get_launch_arguments()}
    assert arguments.keys() == module.ARGUMENTS.keys()
    for argument in arguments.values():
        assert argument.description
        assert argument.default_value is not None


@pytest.mark.parametrize(
    ('given', 'says'),
    [
        ('polcy:=cfc', "unknown launch argument 'polcy' (did you mean 'policy'?)"),
        ('policy:=nosuch', 'nosuch'),
        ('seed:=one', "seed: expected a whole number, found 'one'"),
        ('mode:=fast', 'fast'),
        ('fault:=gausian:0.1', "did you mean 'gaussian'?"),
    ],
)
def test_a_wrong_argument_is_named_and_fails(given, says):
    ended = _launch('sim', given)
    assert ended.returncode == 1
    assert says in ended.stdout + ended.stderr


def test_remap_takes_only_topics_of_the_contract():
    module = load('robot')
    rules = module.renamed('joint_states:=/arm/joint_states commands:=/go', ROBOT)
    assert rules == [('joint_states', '/arm/joint_states'), ('commands', '/go')]
    with pytest.raises(ValueError, match='joint_states'):
        module.renamed('joint_state:=/arm/joint_states', ROBOT)
    with pytest.raises(ValueError, match='topic:=name'):
        module.renamed('joint_states', ROBOT)


def test_a_run_from_launch_to_its_run_folder(tmp_path):
    policy = make_bundle(tmp_path / 'toy.onnx', STUDENT)
    folder = tmp_path / 'run'
    ended = _launch(
        'sim', f'policy:={policy}', 'fault:=gaussian:0.1', 'mode:=lockstep', f'run_folder:={folder}'
    )
    if 'not found' in ended.stderr and 'package' in ended.stderr:
        pytest.skip('liquid_control is not built with colcon and sourced')
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert (folder / 'metrics.json').is_file()
    assert (folder / 'bag' / 'metadata.yaml').is_file()


def _launch(name: str, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        ['ros2', 'launch', str(ROOT / 'launch' / f'{name}.launch.py'), *arguments],
        capture_output=True,
        text=True,
        timeout=90,
        env={
            **os.environ,
            'ROS_DOMAIN_ID': str(ros_domain()),
            'FASTDDS_BUILTIN_TRANSPORTS': 'UDPv4',
        },
    )
