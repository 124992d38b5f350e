"""How recordings are stored: find files, read records from MCAP and SQLite, learn types."""

from collections.abc import Callable
from typing import NamedTuple


class BagError(ValueError):
    """A bag cannot be read, or lacks what is asked of it. The message says what and where."""


class Channel(NamedTuple):
    """One stream of messages in a file.

    Attributes:
        topic: its name without the leading slash.
        type: message type, for example ``sensor_msgs/msg/JointState``.
        encoding: encoding of its messages: ``cdr`` in ROS 2.
        language: language of its definition: ``ros2msg``, ``ros2idl``, or empty if it has none.
        definition: the message definition in the file.
    """

    topic: str
    type: str
    encoding: str = 'cdr'
    language: str = ''
    definition: str = ''


def utf8(data: bytes, what: str, note: Callable[[str], None]) -> str:
    """Decode text; where it is not UTF-8, replace those bytes and say so.

    Args:
        data: the text's bytes.
        what: what the text is.
        note: called with the first line with bytes that were replaced.
    """
    try:
        return data.decode()
    except UnicodeDecodeError:
        text = data.decode(errors='replace')
        line = next(line for line in text.splitlines() if '\ufffd' in line)
        note(f'{what} is not UTF-8: read with the bytes replaced, as {line.strip()[:60]!r}')
        return text


ZSTD_MAGIC = b'\x28\xb5\x2f\xfd'


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, at most 200 characters, or else its type."""
    return (str(error) or type(error).__name__).splitlines()[0][:200]
