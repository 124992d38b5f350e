"""HalfCheetah-v5 of Gymnasium: a trunk on two legs of three hinges each, in a plane; no fall."""

from liquid_control.sim.robot import SimulatedRobot
from liquid_control.sim.start import NoisyStart
from liquid_control.sim.task import MoveForward

_LEGS = ('bthigh', 'bshin', 'bfoot', 'fthigh', 'fshin', 'ffoot')

ROBOT = SimulatedRobot(
    name='halfcheetah',
    model_file='gymnasium:half_cheetah.xml',
    joints=('rootx', 'rootz', 'rooty', *_LEGS),
    actuated=_LEGS,
    base='torso',
    step_ns=10_000_000,
    frame_skip=5,
    task=MoveForward(control_cost=0.1),
    start=NoisyStart(0.1, normal_velocity=True),
)
