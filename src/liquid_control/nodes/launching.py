"""What the launch files share: checked arguments, nodes, and how a run ends.

Only launch files import this module: it needs ``launch`` and ``launch_ros``.
"""

import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from launch import LaunchContext
from launch.actions import (
    DeclareLaunchArgument,
    OpaqueFunction,
    RegisterEventHandler,
    SetEnvironmentVariable,
    Shutdown,
    TimerAction,
)
from launch.event_handlers import OnProcessExit
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import LifecycleNode, Node

from liquid_control import paths
from liquid_control.control.schema import unknown
from liquid_control.evaluation.runs import ended, note_end
from liquid_control.nodes import discovery

_MONITOR_END_S = '60'
_AFTER_S = 1.0
_LAUNCH_OWN = ('launch-prefix', 'launch-prefix-filter')


def declare(arguments: Mapping[str, tuple]) -> list[DeclareLaunchArgument]:
    """Declare arguments: name → (default, description) or (default, description, choices)."""
    return [
        DeclareLaunchArgument(
            name,
            default_value=default,
            description=description,
            choices=choices[0] if choices else None,
        )
        for name, (default, description, *choices) in arguments.items()
    ]


def values(context: LaunchContext, file: str, arguments: Mapping[str, tuple]) -> dict[str, str]:
    """Return the value of each argument.

    Raises:
        ValueError: ros2 launch was told to launch ``file`` with an argument it does not have;
            launch itself would silently ignore it.
    """
    if any(Path(word).name == Path(file).name for word in sys.argv):
        for word in context.argv:
            name = word.split(':=')[0]
            if name not in arguments and name not in _LAUNCH_OWN:
                raise ValueError(unknown('launch argument', name, arguments))
    return {name: LaunchConfiguration(name).perform(context) for name in arguments}


def number(name: str, text: str, kind: type) -> Any:
    """Convert an argument to a number.

    Raises:
        ValueError: it is not a number of this kind.
    """
    try:
        return kind(text)
    except ValueError:
        expected = 'a whole number' if kind is int else 'a number'
        raise ValueError(f'{name}: expected {expected}, found {text!r}') from None


def command(file: str, context: LaunchContext) -> str:
    """The command line to write into the run folder."""
    return shlex.join(['ros2', 'launch', 'liquid_control', Path(file).name, *context.argv])


def node(
    name: str, config: str, parameters: Mapping, remappings: list[tuple[str, str]]
) -> Node | LifecycleNode:
    """One of this package's nodes, with ``config/<config>`` and the run's own parameters."""
    kind, options = Node, {}
    if name == 'policy':
        kind, options = LifecycleNode, {'namespace': ''}
    if name == 'monitor':
        # It measures the run when it ends, and must not be killed in the meantime.
        options = {'sigterm_timeout': _MONITOR_END_S}
    return kind(
        package=paths.PACKAGE,
        executable=f'{name}_node',
        name=name,
        output='both',
        parameters=[str(paths.share() / 'config' / config), dict(parameters)],
        remappings=remappings,
        **options,
    )


def end_with(
    nodes: Mapping[str, Node], final: str, folder: Path | None = None
) -> list[RegisterEventHandler]:
    """End the launch with the ``final`` node, or with an error if any node fails.

    A run ``folder``, if given, is told which node failed.

    The simulation or the recording may end before the monitor, which then still has the last of
    it to write, or just after it.
    """

    def handler(name: str, action: Node) -> RegisterEventHandler:
        def react(event: Any, context: LaunchContext) -> Any:
            if context.is_shutdown:
                return None
            if event.returncode == 0 and name == 'policy':  # told to, by ros2 lifecycle or a signal
                return Shutdown(reason='the policy node was ended')
            if event.returncode != 0 or name not in (final, 'sim', 'bag'):
                return OpaqueFunction(function=_fail, args=[name, event.returncode, folder])
            if name != final:
                return None
            return TimerAction(period=_AFTER_S, actions=[Shutdown(reason='the run is over')])

        return RegisterEventHandler(OnProcessExit(target_action=action, on_exit=react))

    return [handler(name, action) for name, action in nodes.items()]


def _fail(context: LaunchContext, name: str, code: int, folder: Path | None) -> None:
    what = f'the {name} node {ended(code)}'
    if folder is not None and (name != 'monitor' or code < 0):  # a monitor says itself why it ends
        note_end(folder, what)
    raise RuntimeError(f'{what}; see its output above')


def local_discovery() -> list[SetEnvironmentVariable]:
    """Keep a simulated graph on this machine, unless the environment says otherwise."""
    return [SetEnvironmentVariable(*item) for item in discovery.local_discovery(os.environ).items()]
