"""Walker2d as a robot on the graph: its joints by name, and its timing."""

from liquid_control.sim.environment import WALKER2D

JOINTS = (
    'rootx', 'rootz', 'rooty',
    'thigh_joint', 'leg_joint', 'foot_joint',
    'thigh_left_joint', 'leg_left_joint', 'foot_left_joint',
)  # fmt: skip
ACTUATED = JOINTS[3:]
FRAME_SKIP = WALKER2D.frame_skip
PERIOD_NS = FRAME_SKIP * WALKER2D.step_ns
PERIOD_S = WALKER2D.period_s
EPISODE_STEPS = WALKER2D.episode_steps
