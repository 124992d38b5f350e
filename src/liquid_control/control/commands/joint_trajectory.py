"""Commands as a trajectory_msgs/msg/JointTrajectory of one point; they can only be read."""

from typing import Any

from liquid_control.control.action import Action
from liquid_control.control.commands.base import CommandError, CommandReader
from liquid_control.control.commands.joint_state import EFFORT, POSITION, VELOCITY, quantity

_FIELDS = {POSITION: 'positions', VELOCITY: 'velocities', EFFORT: 'effort'}


class JointTrajectoryCommand(CommandReader):
    """One field of the only point: the action's ``field``, or else the one its unit tells."""

    types = ('trajectory_msgs/msg/JointTrajectory',)
    fields = tuple(_FIELDS)

    def __init__(self, action: Action, kind: str):
        super().__init__(action, kind)
        self._field = _FIELDS[quantity(action)]

    def _values(self, message: Any) -> list[float]:
        if len(message.points) != 1:
            raise CommandError(f'has {len(message.points)} points: a plan, not a command')
        names, values = message.joint_names, getattr(message.points[0], self._field)
        if len(values) != len(names):
            raise CommandError(f'{self._field} has {len(values)} values for {len(names)} names')
        index = {name: number for number, name in enumerate(names)}
        for joint in self.joints:
            if joint not in index:
                raise CommandError(f'has no joint {joint}; there are: {", ".join(names)}')
        return [float(values[index[joint]]) for joint in self.joints]
