"""Commands as a sensor_msgs/msg/JointState: joints by name, the stamp answered in the header."""

from typing import Any

import numpy as np

from liquid_control.control.action import Action
from liquid_control.control.commands.base import (
    CommandCodec,
    CommandError,
    MakeMessage,
    numbers,
)
from liquid_control.control.observe import ObservationError, TermAccess
from liquid_control.control.stamps import set_time
from liquid_control.control.term import ContractError, Term
from liquid_control.control.topics import JOINT_STATE

POSITION, VELOCITY, EFFORT = 'position', 'velocity', 'effort'
_QUANTITIES = {
    'rad': POSITION, 'm': POSITION, 'rad/s': VELOCITY, 'm/s': VELOCITY, 'N·m': EFFORT, 'N': EFFORT,
}  # fmt: skip


class JointStateCommand(CommandCodec):
    """One field of a JointState: the action's ``field``, or else the one that its unit tells."""

    types = (JOINT_STATE,)
    fields = (POSITION, VELOCITY, EFFORT)

    def __init__(self, action: Action, kind: str):
        super().__init__(action, kind)
        self._field = quantity(action)
        self._access = TermAccess(
            Term('command', action.topic, kind, self._field, action.joints, action.units)
        )

    def _values(self, message: Any) -> list[float]:
        try:
            return self._access.read(message)
        except ObservationError as error:
            raise CommandError(str(error)) from None

    def empty(self, make: MakeMessage) -> Any:
        message = make(self.kind)()
        message.name = list(self.joints)
        return message

    def fill(self, message: Any, stamp_ns: int, values: np.ndarray) -> Any:
        set_time(message.header.stamp, stamp_ns)
        found = getattr(message, self._field)
        setattr(message, self._field, numbers(found, values))
        return message


def quantity(action: Action) -> str:
    """Position, velocity or effort: what an action says, or else what its unit tells.

    Raises:
        ContractError: neither says it.
    """
    if action.field is not None:
        return action.field
    found = {_QUANTITIES.get(unit) for unit in action.units}
    known = found.pop() if len(found) == 1 else None
    if known is not None:
        return known
    units = ', '.join(dict.fromkeys(action.units))
    raise ContractError(
        f'unit {units} does not tell position, velocity and effort apart; expected '
        f'one of {", ".join(_QUANTITIES)}, or a field: {POSITION}, {VELOCITY} or {EFFORT}'
    )
