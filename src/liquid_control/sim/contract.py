"""The contract of an expert, from that of its robot or from a Gymnasium environment."""

import mujoco

from liquid_control.control.contract import Contract
from liquid_control.sim.environment import Environment

_TERMS = ('joint_position', 'joint_velocity')


def expert_contract(environment: Environment, robot: Contract | None) -> Contract:
    """A contract for all positions but the horizontal one, and all velocities.

    Args:
        environment: environment in which the expert was trained.
        robot: contract of the robot; None to derive one from the environment's model file.
    """
    if robot is not None:
        return robot.asking(*_TERMS)
    model = mujoco.MjModel.from_xml_path(str(environment.model_path()))
    joints = [model.joint(index).name for index in range(model.njnt)]
    slides = [int(kind) == int(mujoco.mjtJoint.mjJNT_SLIDE) for kind in model.jnt_type]
    units = ['m' if slide else 'rad' for slide in slides]
    actuated = [model.joint(int(joint)).name for joint in model.actuator_trnid[:, 0]]

    def term(name: str, field: str, first: int, suffix: str) -> dict:
        return {
            'name': name,
            'topic': 'joint_states',
            'type': 'sensor_msgs/msg/JointState',
            'field': field,
            'joints': joints[first:],
            'unit': [unit + suffix for unit in units[first:]],
        }

    velocity = term('joint_velocity', 'velocity', 0, '/s')
    if environment.velocity_clip < float('inf'):
        velocity['clip'] = [-environment.velocity_clip, environment.velocity_clip]
    return Contract.from_dict(
        {
            'format': 1,
            'robot': environment.name.lower(),
            'rate': 1.0 / environment.period_s,
            'freshness': 12.5 * environment.period_s,
            'max_gap': 62.5 * environment.period_s,
            'observation': [term('joint_position', 'position', 1, ''), velocity],
            'action': {
                'topic': 'commands',
                'type': 'std_msgs/msg/Float64MultiArray',
                'joints': actuated,
                'unit': '1',
                'lower': -1.0,
                'upper': 1.0,
                'safe': 0.0,
            },
        }
    )
