"""Header stamps of messages, whatever library they come from."""

from typing import Any


class ObservationError(ValueError):
    """A message lacks something that the contract asks for."""


class IncompleteError(ObservationError):
    """A message lacks a joint that the contract asks for; another one may have it."""


def time_ns(time: Any) -> int:
    """Convert a ROS time (``sec`` and ``nanosec``) to nanoseconds."""
    return time.sec * 1_000_000_000 + time.nanosec


def set_time(time: Any, nanoseconds: int) -> None:
    """Set a ROS time (``sec`` and ``nanosec``) to nanoseconds, in place."""
    time.sec, time.nanosec = divmod(nanoseconds, 1_000_000_000)


def stamp_ns(message: Any) -> int:
    """Header stamp of a message in nanoseconds.

    Raises:
        ObservationError: the message has no header.
    """
    try:
        return time_ns(message.header.stamp)
    except AttributeError:
        raise ObservationError(f'a {type(message).__name__} has no header.stamp') from None
