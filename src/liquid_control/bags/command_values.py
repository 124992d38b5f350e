"""How a command of each message type says its values: joint by joint, by name."""

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from liquid_control.bags.storage.joint_state import JOINT_STATE
from liquid_control.control.contract import Action
from liquid_control.control.observe import ObservationError, TermAccess
from liquid_control.control.term import Term
from liquid_control.control.topics import answered_stamp

TRAJECTORY = 'trajectory_msgs/msg/JointTrajectory'
NUMBERS = 'std_msgs/msg/Float64MultiArray'
TWISTS = {'geometry_msgs/msg/Twist': '', 'geometry_msgs/msg/TwistStamped': 'twist.'}
"""Message type → path of its twist."""
_QUANTITIES = {
    'rad': 'position', 'm': 'position', 'rad/s': 'velocity', 'm/s': 'velocity', 'N·m': 'effort',
    'N': 'effort',
}  # fmt: skip
_TRAJECTORY_FIELDS = {'position': 'positions', 'velocity': 'velocities', 'effort': 'effort'}
_AXES = tuple(f'{part}.{axis}' for part in ('linear', 'angular') for axis in 'xyz')

Reader = Callable[[Any], list[float]]


def command_reader(action: Action) -> Reader:
    """Return a reader of a command's values, one per joint, in the action's order.

    The reader raises ObservationError for a message that lacks a joint or is not one command.

    Raises:
        ValueError: the values cannot be told from the action alone; the message says why.
    """
    if action.type == NUMBERS:
        return _numbers
    if action.type in TWISTS:
        return _twist(action)
    if action.type == JOINT_STATE:
        field = _quantity(action)
        term = Term('command', action.topic, action.type, field, action.joints, action.units)
        return TermAccess(term).read
    if action.type == TRAJECTORY:
        return _trajectory(action, _TRAJECTORY_FIELDS[_quantity(action)])
    known = ', '.join([NUMBERS, JOINT_STATE, TRAJECTORY, *TWISTS])
    raise ValueError(f'commands of type {action.type} cannot be read; expected {known}')


def _quantity(action: Action) -> str:
    """Position, velocity or effort, by the unit of the action."""
    found = {_QUANTITIES.get(unit) for unit in action.units}
    if len(found) == 1 and None not in found:
        return found.pop()
    units = ', '.join(dict.fromkeys(action.units))
    raise ValueError(
        f"the action's unit {units} does not tell position, velocity and effort apart; expected "
        f'one of {", ".join(_QUANTITIES)}'
    )


def _numbers(message: Any) -> list[float]:
    if answered_stamp(message) is not None:  # 0: this package's own stop
        raise ObservationError('answers no observation: a stop')
    return message.data.tolist()


def _twist(action: Action) -> Reader:
    strange = [joint for joint in action.joints if joint not in _AXES]
    if strange:
        raise ValueError(
            f"the action's joints {', '.join(strange)} are no fields of a Twist; expected names "
            f'such as {_AXES[0]} and {_AXES[-1]}'
        )
    getters = [attrgetter(TWISTS[action.type] + joint) for joint in action.joints]
    return lambda message: [float(get(message)) for get in getters]


def _trajectory(action: Action, field: str) -> Reader:
    def read(message: Any) -> list[float]:
        if len(message.points) != 1:
            raise ObservationError(f'has {len(message.points)} points: a plan, not a command')
        names, values = message.joint_names, getattr(message.points[0], field)
        if len(values) != len(names):
            raise ObservationError(f'{field} has {len(values)} values for {len(names)} names')
        place = {name: index for index, name in enumerate(names)}
        missing = [joint for joint in action.joints if joint not in place]
        if missing:
            raise ObservationError(f'has no joint {missing[0]}; there are: {", ".join(names)}')
        return [float(values[place[joint]]) for joint in action.joints]

    return read
