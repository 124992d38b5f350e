"""How recordings are stored: files found, records read from MCAP and SQLite, types learnt."""

from typing import NamedTuple


class BagError(ValueError):
    """A bag that cannot be read, or lacks what is asked of it. Its text says what and where."""


class Channel(NamedTuple):
    """One stream of messages in a file.

    Attributes:
        topic: its name without the leading slash.
        type: message type, for example ``sensor_msgs/msg/JointState``.
        encoding: of its messages: ``cdr`` in ROS 2.
        language: of its definition: ``ros2msg``, ``ros2idl``, or empty where it has none.
        definition: the message definition that the file carries.
    """

    topic: str
    type: str
    encoding: str = 'cdr'
    language: str = ''
    definition: str = ''


ZSTD_MAGIC = b'\x28\xb5\x2f\xfd'


def said(error: BaseException) -> str:
    """The first line of what an error says, whatever raised it."""
    return (str(error) or type(error).__name__).splitlines()[0][:200]
