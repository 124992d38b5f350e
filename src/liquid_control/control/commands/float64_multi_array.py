"""Commands as a std_msgs/msg/Float64MultiArray: one value per joint, in the action's order.

The stamp of the observation answered is the label of the first dimension, in ns.
"""

from typing import Any

import numpy as np

from liquid_control.control.commands.base import (
    CommandCodec,
    CommandError,
    MakeMessage,
    numbers,
)
from liquid_control.control.topics import FLOAT64_MULTI_ARRAY

_MOST_DIGITS = 19


class Float64MultiArrayCommand(CommandCodec):
    """What ros2_control's ``forward_command_controller`` takes."""

    types = (FLOAT64_MULTI_ARRAY,)
    labelled = True

    def _values(self, message: Any) -> list[float]:
        values = message.data.tolist()
        if len(values) != len(self.joints):
            raise CommandError(f'has {len(values)} values for {len(self.joints)} joints')
        return values

    def answered(self, message: Any) -> int | None:
        dimensions = message.layout.dim
        label = dimensions[0].label if dimensions else ''
        known = label.isascii() and label.isdigit() and len(label) <= _MOST_DIGITS
        return int(label) if known else None

    def empty(self, make: MakeMessage) -> Any:
        message = make(self.kind)()
        dimension = make('std_msgs/msg/MultiArrayDimension')()
        dimension.size = dimension.stride = len(self.joints)
        message.layout.dim = [dimension]
        return message

    def fill(self, message: Any, stamp_ns: int, values: np.ndarray) -> Any:
        message.layout.dim[0].label = str(stamp_ns)
        message.data = numbers(message.data, values)
        return message
