"""A run whose commands cannot be sent is refused before anything starts."""

import pytest
from support import commanded_by

from liquid_control.control import ContractError
from liquid_control.nodes.graph import Graph, RunSettings


def test_commands_that_cannot_be_sent_start_nothing(tmp_path):
    robot, policy = commanded_by('geometry_msgs/msg/Twist', 'cfc', tmp_path)
    settings = RunSettings(tmp_path / 'run', policy=str(policy), robot=str(robot))
    with pytest.raises(ContractError, match='not be sent; those that can: sensor_msgs'):
        Graph(settings)
    assert not (tmp_path / 'run').exists()
