"""Simulated robots in MuJoCo: their descriptions, one world that emits messages, and many at once.

``liquid_control.sim.world.World`` and ``liquid_control.sim.batch.WorldBatch`` need MuJoCo; what is
named here does not.
"""

from liquid_control.sim.actuation import Actuation, Direct, PositionGains
from liquid_control.sim.registry import (
    register,
    robot_of,
    simulated_contract,
    simulated_robot,
    simulated_robots,
)
from liquid_control.sim.robot import SimulatedRobot
from liquid_control.sim.start import NoisyStart, Start
from liquid_control.sim.task import MoveForward, Task

__all__ = [
    'Actuation',
    'Direct',
    'MoveForward',
    'NoisyStart',
    'PositionGains',
    'SimulatedRobot',
    'Start',
    'Task',
    'register',
    'robot_of',
    'simulated_contract',
    'simulated_robot',
    'simulated_robots',
]
