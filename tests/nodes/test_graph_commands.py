"""A run whose commands cannot be sent is refused before anything starts."""

import pytest
from support import commanded_by

from liquid_control import paths
from liquid_control.control import ContractError
from liquid_control.nodes.graph import Graph, RunSettings


def test_commands_that_cannot_be_sent_start_nothing(tmp_path):
    robot, policy = commanded_by('geometry_msgs/msg/Twist', 'cfc', tmp_path)
    settings = RunSettings(tmp_path / 'run', policy=str(policy), robot=str(robot))
    with pytest.raises(ContractError, match='not be sent; those that can: sensor_msgs'):
        Graph(settings)
    assert not (tmp_path / 'run').exists()


def test_a_policy_of_another_robot_starts_nothing(tmp_path):
    policy = str(paths.policy('expert', 'hopper'))
    with pytest.raises(ContractError, match=r'expert.onnx does not fit .*walker2d/contract.yaml'):
        RunSettings(tmp_path / 'run', policy=policy, robot='walker2d')


def test_a_robot_without_its_model_starts_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr('liquid_control.sim.robot.gymnasium_asset', lambda file: tmp_path / file)
    with pytest.raises(ValueError, match=r'hopper.xml: .*'):
        RunSettings(tmp_path / 'run', policy='expert', robot='hopper')
