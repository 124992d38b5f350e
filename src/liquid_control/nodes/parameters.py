"""Parameters of the nodes: each declared once, with type, range and description."""

from typing import Any

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.node import Node

from liquid_control.control.schema import unknown
from liquid_control.nodes.session import NodeError


class Parameters:
    """Declares the read-only parameters of one node and hands out their values."""

    def __init__(self, node: Node):
        self._node = node
        self._names = {'use_sim_time', 'start_type_description_service'}

    def get(
        self,
        name: str,
        default: Any,
        description: str,
        *,
        low: float | None = None,
        high: float | None = None,
        choices: tuple[str, ...] = (),
    ) -> Any:
        """Declare a parameter and return its value.

        Raises:
            NodeError: the value has the wrong type, or is outside its range or choices.
        """
        self._names.add(name)
        if choices:
            description += f' One of: {", ".join(choices)}.'
        descriptor = ParameterDescriptor(name=name, description=description, read_only=True)
        if isinstance(default, int) and not isinstance(default, bool) and low is not None:
            top = 2**62 if high is None else int(high)
            descriptor.integer_range = [IntegerRange(from_value=int(low), to_value=top, step=0)]
        elif isinstance(default, float) and low is not None:
            top = 1e12 if high is None else float(high)
            descriptor.floating_point_range = [
                FloatingPointRange(from_value=float(low), to_value=top, step=0.0)
            ]
        try:
            value = self._node.declare_parameter(name, default, descriptor).value
        except Exception as error:  # rclpy raises a different class for each problem
            raise NodeError(f'parameter {name}: {error}') from error
        if choices and value not in choices:
            raise NodeError(f'parameter {name}: {unknown("value", str(value), choices)}')
        return value

    def done(self) -> None:
        """Refuse parameters that were given but not declared.

        Raises:
            NodeError: a name is unknown; the message gives the nearest known one.
        """
        for name in getattr(self._node, '_parameter_overrides', {}):
            if name not in self._names:
                raise NodeError(unknown('parameter', name, self._names))
