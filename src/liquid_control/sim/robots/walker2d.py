"""Walker2d-v5 of Gymnasium: a torso on two legs of three hinges each, in a plane."""

from liquid_control.sim.robot import SimulatedRobot
from liquid_control.sim.start import NoisyStart
from liquid_control.sim.task import MoveForward

_LEGS = (
    'thigh_joint', 'leg_joint', 'foot_joint',
    'thigh_left_joint', 'leg_left_joint', 'foot_left_joint',
)  # fmt: skip

ROBOT = SimulatedRobot(
    name='walker2d',
    model_file='gymnasium:walker2d_v5.xml',
    joints=('rootx', 'rootz', 'rooty', *_LEGS),
    actuated=_LEGS,
    base='torso',
    step_ns=2_000_000,
    frame_skip=4,
    task=MoveForward(
        control_cost=1e-3,
        healthy_reward=1.0,
        healthy_z=(0.8, 2.0),
        healthy_angle=(-1.0, 1.0),
    ),
    start=NoisyStart(5e-3),
)
