"""Parameters of the nodes: each declared once, with type, range and description."""

import inspect
import sys
import textwrap
from typing import Any

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.node import Node

from liquid_control.control.schema import unknown
from liquid_control.nodes.session import HelpAsked, NodeError, help_asked


class Parameters:
    """Declares the read-only parameters of one node and hands out their values."""

    def __init__(self, node: Node):
        self._node = node
        self._names = {'use_sim_time', 'start_type_description_service'}
        self._lines: list[str] = []

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
        self._lines.append(_described(name, default, description, low, high))
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

    def priority(self) -> int:
        """Declare ``priority``, which :meth:`Session.raise_priority` takes."""
        return self.get(
            'priority', 0,
            "Real-time priority (SCHED_FIFO) of all the node's threads; 0: none.", low=0, high=99,
        )  # fmt: skip

    def done(self) -> None:
        """Refuse parameters that were given but not declared.

        Raises:
            HelpAsked: the command line asks for help.
            NodeError: a name is unknown; the message gives the nearest known one.
        """
        if help_asked():
            raise HelpAsked(self._help())
        for name in getattr(self._node, '_parameter_overrides', {}):
            if name not in self._names:
                raise NodeError(unknown('parameter', name, self._names))

    def _help(self) -> str:
        """The node's documentation and its parameters."""
        module = inspect.getdoc(sys.modules[type(self._node).__module__]) or ''
        lines = [
            module,
            '',
            'Parameters, each given as --ros-args -p NAME:=VALUE, or in a file as --ros-args '
            '--params-file FILE:',
            *self._lines,
            'and use_sim_time (bool, false), as for every ROS node.',
        ]
        return '\n'.join(lines)


def _described(
    name: str, default: Any, description: str, low: float | None, high: float | None
) -> str:
    """One parameter in the help: name, type, default, range, description."""
    shown = str(default).lower() if isinstance(default, bool) else repr(default)
    facts = [type(default).__name__, shown]
    if low is not None:
        facts.append(f'at least {low:g}' if high is None else f'{low:g} to {high:g}')
    text = textwrap.fill(description, width=76, initial_indent=' ' * 6, subsequent_indent=' ' * 6)
    return f'  {name} ({", ".join(facts)})\n{text}'
