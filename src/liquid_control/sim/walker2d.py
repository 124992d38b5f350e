"""Walker2d as a robot on the graph: its joints by name, and its timing."""

from liquid_control.control.contract import Contract
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
TOPICS = ('joint_states', 'imu/data', 'odom')


def require_simulated(robot: Contract) -> None:
    """Raise ValueError if the simulation cannot play a robot: it has Walker2d's joints alone."""
    topics = [topic for topic in robot.topics if topic not in TOPICS]
    joints = [joint for joint in robot.action.joints if joint not in ACTUATED]
    if topics or joints:
        what = f'joints {", ".join(joints)}' if joints else f'topics {", ".join(topics)}'
        raise ValueError(
            f'{robot.source}: robot {robot.robot} is not simulated: the simulation is Walker2d '
            f'and has no {what}; on a robot that runs: robot.launch.py robot:=…'
        )
