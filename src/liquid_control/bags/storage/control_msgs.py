"""Interfaces of ``control_msgs``, which is in no distribution's standard set of types.

Written from the interface that https://control.ros.org documents, so that bags of ros2_control can
be read without its packages. A type that changed between releases has several definitions, newest
first; the first that fits a bag's messages is used.
"""

_STATE = 'std_msgs/Header header\nstring[] joint_names\n'
_POINT, _DOF_POINT = (f'trajectory_msgs/{kind}JointTrajectoryPoint ' for kind in ('', 'MultiDOF'))


def _trajectory_state(*names: str) -> str:
    """The state of a trajectory controller, for joints and for joints of several axes alike."""
    joints = ''.join(f'{_POINT}{name}\n' for name in names)
    axes = ''.join(f'{_DOF_POINT}multi_dof_{name}\n' for name in names)
    return f'{_STATE}{joints}string[] multi_dof_joint_names\n{axes}'


_CURRENT = ('reference', 'feedback', 'error', 'output')

DEFINITIONS: dict[str, tuple[str, ...]] = {
    'JointTrajectoryControllerState': (
        _trajectory_state(*_CURRENT),
        _trajectory_state(*_CURRENT, 'desired', 'actual'),
        _STATE + ''.join(f'{_POINT}{name}\n' for name in ('desired', 'actual', 'error')),
    ),
    'InterfaceValue': ('string[] interface_names\nfloat64[] values\n',),
    'DynamicJointState': (_STATE + 'InterfaceValue[] interface_values\n',),
    'DynamicInterfaceGroupValues': (
        'std_msgs/Header header\nstring[] interface_groups\nInterfaceValue[] interface_values\n',
    ),
    'DynamicInterfaceValues': (
        'std_msgs/Header header\nInterfaceValue states\nInterfaceValue commands\n',
    ),
    'JointJog': (
        _STATE + 'float64[] displacements\nfloat64[] velocities\nfloat64 duration\n',
        _STATE + 'float64[] deltas\n',
    ),
    'MultiDOFCommand': ('string[] dof_names\nfloat64[] values\nfloat64[] values_dot\n',),
    'SingleDOFState': (
        'string name\nfloat64 reference\nfloat64 feedback\nfloat64 feedback_dot\nfloat64 error\n'
        'float64 error_dot\nfloat64 time_step\nfloat64 output\n',
    ),
    'SingleDOFStateStamped': ('std_msgs/Header header\nSingleDOFState dof_state\n',),
    'MultiDOFStateStamped': ('std_msgs/Header header\nSingleDOFState[] dof_states\n',),
}
"""Name → definitions, newest first."""
