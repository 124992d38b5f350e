"""Hopper-v5 of Gymnasium: a torso on one leg of three hinges, in a plane."""

import math

from liquid_control.sim.robot import SimulatedRobot
from liquid_control.sim.start import NoisyStart
from liquid_control.sim.task import MoveForward

_LEG = ('thigh_joint', 'leg_joint', 'foot_joint')

ROBOT = SimulatedRobot(
    name='hopper',
    model_file='gymnasium:hopper.xml',
    joints=('rootx', 'rootz', 'rooty', *_LEG),
    actuated=_LEG,
    base='torso',
    step_ns=2_000_000,
    frame_skip=4,
    task=MoveForward(
        control_cost=1e-3,
        healthy_reward=1.0,
        healthy_z=(0.7, math.inf),
        healthy_angle=(-0.2, 0.2),
        healthy_state=(-100.0, 100.0),
    ),
    start=NoisyStart(5e-3),
)
