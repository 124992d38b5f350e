"""What travels between the nodes: quality of service, message types, and how to fill them."""

import importlib
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rosgraph_msgs.msg import Clock

from liquid_control.control.stamps import set_time

LOCKSTEP_DEPTH = 2000


def qos(*, lockstep: bool, reliable: bool, depth: int) -> QoSProfile:
    """Quality of service of one topic.

    In lockstep nothing may be lost, not even messages sent before a subscriber was discovered, so
    the profile is reliable and transient local. Otherwise it is volatile, and reliable if asked.
    """
    if lockstep:
        return QoSProfile(
            depth=LOCKSTEP_DEPTH,
            reliability=ReliabilityPolicy.RELIABLE,
            durability=DurabilityPolicy.TRANSIENT_LOCAL,
        )
    reliability = ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT
    return QoSProfile(depth=depth, reliability=reliability)


def message_type(name: str) -> Any:
    """Return the Python class of a message type such as ``sensor_msgs/msg/JointState``.

    Raises:
        ValueError: no such type is installed.
    """
    try:
        package, kind = name.split('/msg/')
        return getattr(importlib.import_module(f'{package}.msg'), kind)
    except (ValueError, ImportError, AttributeError):
        raise ValueError(
            f'message type {name}: not installed here; expected package/msg/Type'
        ) from None


def set_stamp(message: Any, stamp_ns: int) -> None:
    """Set a message's header stamp."""
    set_time(message.header.stamp, stamp_ns)


def clock_message(now_ns: int) -> Clock:
    """Return the ``/clock`` message for a time in ns."""
    message = Clock()
    set_time(message.clock, now_ns)
    return message


def diagnostic(
    name: str,
    hardware: str,
    problem: str,
    values: dict[str, Any],
    state: str = 'running',
    *,
    warn: bool = False,
) -> DiagnosticStatus:
    """Build one status: an error if there is a problem, else the state as OK or a warning."""
    calm = DiagnosticStatus.WARN if warn else DiagnosticStatus.OK
    return DiagnosticStatus(
        level=DiagnosticStatus.ERROR if problem else calm,
        name=name,
        message=problem or state,
        hardware_id=hardware,
        values=[KeyValue(key=key, value=str(value)) for key, value in values.items()],
    )


def diagnostics(*statuses: DiagnosticStatus) -> DiagnosticArray:
    """Put statuses into one message, stamped by the system clock.

    Diagnostics tell about processes: all nodes' share one clock, simulated time or not.
    """
    message = DiagnosticArray(status=list(statuses))
    set_stamp(message, time.time_ns())
    return message
