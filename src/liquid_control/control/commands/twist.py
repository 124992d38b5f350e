"""Commands as a geometry_msgs/msg/Twist or TwistStamped; they can only be read.

The action's joints are the twist's components, such as ``linear.x`` and ``angular.z``.
"""

from operator import attrgetter
from typing import Any

from liquid_control.control.action import Action
from liquid_control.control.commands.base import CommandReader
from liquid_control.control.term import ContractError

_PATHS = {'geometry_msgs/msg/Twist': '', 'geometry_msgs/msg/TwistStamped': 'twist.'}
"""Message type → path of its twist."""
_AXES = tuple(f'{part}.{axis}' for part in ('linear', 'angular') for axis in 'xyz')


class TwistCommand(CommandReader):
    """Some components of a twist."""

    types = tuple(_PATHS)

    def __init__(self, action: Action, kind: str):
        super().__init__(action, kind)
        strange = [joint for joint in action.joints if joint not in _AXES]
        if strange:
            raise ContractError(
                f'joints {", ".join(strange)} are no fields of a Twist; expected '
                f'names such as {_AXES[0]} and {_AXES[-1]}'
            )
        self._getters = [attrgetter(_PATHS[kind] + joint) for joint in action.joints]

    def _values(self, message: Any) -> list[float]:
        return [float(get(message)) for get in self._getters]
