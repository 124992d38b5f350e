"""Decode JointStates faster than a general decoder, by reading what repeats only once.

Successive messages of one publisher have the same frame and the same names, byte for byte.
Anything unusual goes to the general decoder, so that both always agree.
"""

import struct
from collections.abc import Callable
from typing import Any

import numpy as np
from rosbags.interfaces import Nodetype

from liquid_control.control.topics import JOINT_STATE

_HEADER, _TIME = 'std_msgs/msg/Header', 'builtin_interfaces/msg/Time'
_FLOATS = (Nodetype.SEQUENCE, ((Nodetype.BASE, ('float64', 0)), 0))
_STANDARD = {
    JOINT_STATE: [
        ('header', (Nodetype.NAME, _HEADER)),
        ('name', (Nodetype.SEQUENCE, ((Nodetype.BASE, ('string', 0)), 0))),
        ('position', _FLOATS),
        ('velocity', _FLOATS),
        ('effort', _FLOATS),
    ],
    _HEADER: [('stamp', (Nodetype.NAME, _TIME)), ('frame_id', (Nodetype.BASE, ('string', 0)))],
    _TIME: [('sec', (Nodetype.BASE, ('int32', 0))), ('nanosec', (Nodetype.BASE, ('uint32', 0)))],
}
_LITTLE_ENDIAN = b'\x00\x01'
_STAMP, _FRAME = 4, 12
_stamp = struct.Struct('<iI').unpack_from
_count = struct.Struct('<I').unpack_from


def is_standard(store: Any) -> bool:
    """Whether a type store defines JointState and its parts as ROS 2 does."""
    return all(
        kind in store.fielddefs and list(store.fielddefs[kind][1]) == fields
        for kind, fields in _STANDARD.items()
    )


class JointStates:
    """Decodes JointStates into a type store's own classes.

    Args:
        store: the type store.
        general: the general decoder of JointStates, for anything unusual.
    """

    def __init__(self, store: Any, general: Callable[[bytes], Any]):
        self._general = general
        self._message, self._header, self._time = (
            store.types[kind] for kind in (JOINT_STATE, _HEADER, _TIME)
        )
        self._repeats = b'\xff'
        self._frame = ''
        self._names: list[str] = []

    def decode(self, data: bytes) -> Any:
        """Decode one message; raises whatever the general decoder raises."""
        offset = _FRAME + len(self._repeats)
        if data[_FRAME:offset] != self._repeats or data[:2] != _LITTLE_ENDIAN:
            return self._learn(data)
        fields = []
        try:
            for _ in range(3):
                offset = (offset + 3) & -4
                (count,) = _count(data, offset)
                offset += 4
                if count:
                    offset = ((offset + 3) & -8) + 4  # aligned to 8 after the first 4 bytes
                fields.append(np.frombuffer(data, '<f8', count, offset) if count else _EMPTY)
                offset += 8 * count
            if offset > len(data) or offset + 3 < len(data):
                return self._general(data)
        except (ValueError, struct.error):
            return self._general(data)
        header = self._header(self._time(*_stamp(data, _STAMP)), self._frame)
        return self._message(header, self._names[:], *fields)

    def _learn(self, data: bytes) -> Any:
        message = self._general(data)
        if data[:2] == _LITTLE_ENDIAN:
            offset = _FRAME + 4 + _count(data, _FRAME)[0]
            offset = (offset + 3) & -4
            (names,) = _count(data, offset)
            offset += 4
            for _ in range(names):
                offset = (offset + 3) & -4
                offset += 4 + _count(data, offset)[0]
            self._repeats = data[_FRAME:offset]
            self._frame, self._names = message.header.frame_id, list(message.name)
        return message


_EMPTY = np.zeros(0)
_EMPTY.flags.writeable = False
