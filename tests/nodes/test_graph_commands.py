"""Which nodes a run starts, and what is refused before it starts any."""

import pytest
from support import commanded_by

from liquid_control import paths
from liquid_control.control import ContractError
from liquid_control.nodes.graph import Graph
from liquid_control.nodes.run_settings import RunSettings


def test_commands_that_cannot_be_sent_start_nothing(tmp_path):
    robot, policy = commanded_by('geometry_msgs/msg/Twist', 'cfc', tmp_path)
    settings = RunSettings(tmp_path / 'run', policy=str(policy), robot=str(robot))
    with pytest.raises(ContractError, match='not be sent; those that can: sensor_msgs'):
        Graph(settings)
    assert not (tmp_path / 'run').exists()


@pytest.mark.parametrize(
    ('fault', 'starts'),
    [
        ('none', False), ('gaussian:0+delay:0+dropped:0', False), ('command_delay:2', False),
        ('delay:0+gaussian:0.1', True), ('dropped:0.1', True), ('delay:1@500', True),
    ],
)  # fmt: skip
def test_only_faults_that_act_start_a_node(tmp_path, fault, starts):
    settings = RunSettings(tmp_path, policy='cfc', fault=fault)
    assert ('fault' in settings.names) == starts
    assert bool(settings.remappings()) == starts


def test_a_policy_of_another_robot_starts_nothing(tmp_path):
    policy = str(paths.policy('expert', 'hopper'))
    with pytest.raises(ContractError, match=r'expert.onnx does not fit .*walker2d/contract.yaml'):
        RunSettings(tmp_path / 'run', policy=policy, robot='walker2d')
    with pytest.raises(ContractError, match='it was made for hopper: give --robot hopper'):
        RunSettings(tmp_path / 'run', policy=policy, robot='walker2d')


def test_a_robot_without_its_model_starts_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr('liquid_control.sim.robot.gymnasium_asset', lambda file: tmp_path / file)
    with pytest.raises(ValueError, match=r'hopper.xml: .*'):
        RunSettings(tmp_path / 'run', policy='expert', robot='hopper')
