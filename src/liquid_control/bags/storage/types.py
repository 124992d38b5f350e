"""Message types, from a bag's own definitions or else from a named distribution."""

import struct
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from rosbags.interfaces import Nodetype
from rosbags.typesys import Stores, get_types_from_idl, get_types_from_msg, get_typestore

from liquid_control.bags.storage import BagError, Channel, said
from liquid_control.bags.storage.joint_state import JOINT_STATE, JointStates, is_standard
from liquid_control.control.observe import stamp_ns
from liquid_control.control.schema import unknown

DISTRO = 'kilted'
_HEADER = 'std_msgs/msg/Header'
_RULE = '=' * 80 + '\n'
_LITTLE = struct.Struct('<iI').unpack_from
_BIG = struct.Struct('>iI').unpack_from
_STAMP = 4


def distros() -> dict[str, Stores]:
    """Return name → store of every ROS 2 distribution whose standard types are known."""
    prefix = 'ROS2_'
    return {s.name[len(prefix) :].lower(): s for s in Stores if s.name.startswith(prefix)}


@lru_cache(maxsize=4)
def _distribution(name: str) -> Any:
    return get_typestore(distros()[name])


class Types:
    """The types of one bag.

    Args:
        distro: distribution in which to look up types that the bag does not define.
        note: called about definitions that cannot be used or conflict.

    Raises:
        BagError: the distribution is unknown.
    """

    def __init__(self, distro: str, note: Callable[[str], None]):
        if distro not in distros():
            raise BagError(unknown('distribution', distro, distros()))
        self._distro, self._note = distro, note
        self._own = get_typestore(Stores.EMPTY)
        self._learnt: set[str] = set()
        self._decoders: dict[tuple[str, str], Callable[[bytes], Any]] = {}

    def learn(self, channel: Channel) -> None:
        """Take in a channel's type definition; only the first definition of each type counts."""
        if channel.type in self._learnt:
            return
        self._learnt.add(channel.type)
        if not channel.language:
            return
        try:
            found = _parse(channel)
            known = self._own.fielddefs
            for kind in found.keys() & known.keys():
                if found[kind][1] != known[kind][1]:
                    self._note(f'{kind} has two different definitions; the first is used')
            self._own.register({k: v for k, v in found.items() if k not in known})
        except Exception as error:  # a damaged text can make the parser raise anything
            self._note(f'the definition of {channel.type} cannot be used: {said(error)}')

    def store(self, kind: str) -> Any | None:
        """Return the type store that has a type; None if the type is unknown."""
        if kind in self._own.fielddefs:
            return self._own
        found = _distribution(self._distro)
        return found if kind in found.fielddefs else None

    def origin(self, kind: str) -> str:
        """``bag``, the distribution's name, or ``unknown``."""
        if kind in self._own.fielddefs:
            return 'bag'
        return 'unknown' if self.store(kind) is None else self._distro

    def fields(self, kind: str) -> list[tuple[str, Any]]:
        """(name, description) of a type's fields, as rosbags describes them."""
        store = self.store(kind)
        return [] if store is None else store.fielddefs[kind][1]

    def stamp_reader(self, channel: Channel) -> Callable[[bytes], int | None] | None:
        """Return a reader of the header stamp in ns from a message's bytes; None without a header.

        If the header comes first, as it nearly always does, only its stamp is decoded.
        """
        fields = self.fields(channel.type)
        header = ('header', (Nodetype.NAME, _HEADER))
        if header not in fields:
            return None
        if fields[0] == header:
            return _first_stamp
        decode = self.decoder(channel)

        def read(data: bytes) -> int | None:
            try:
                return stamp_ns(decode(data))
            except Exception:  # damaged bytes can make the decoder raise anything
                return None

        return read

    def decoder(self, channel: Channel) -> Callable[[bytes], Any]:
        """Return a decoder from bytes to messages; on damaged bytes it may raise any error.

        Each topic has its own decoder, since its messages resemble each other.

        Raises:
            BagError: the type is unknown, or the messages are not in CDR.
        """
        found = self._decoders.get(channel[:2])
        if found is None:
            kind = channel.type
            store = self.store(kind)
            if channel.encoding != 'cdr':
                raise BagError(f'expected messages in cdr, found {channel.encoding!r}')
            if store is None:
                raise BagError(
                    f'type {kind!r}: the bag has no usable definition, and '
                    f'{self._distro} has no such type'
                )
            found = self._decoders[channel[:2]] = _decoder(store, kind)
        return found


def _first_stamp(data: bytes) -> int | None:
    if len(data) < _STAMP + 8:
        return None
    sec, nanosec = (_LITTLE if data[1] & 1 else _BIG)(data, _STAMP)
    return sec * 1_000_000_000 + nanosec


def _decoder(store: Any, kind: str) -> Callable[[bytes], Any]:
    if kind == JOINT_STATE and is_standard(store):
        return JointStates(store).decode
    decode = store.deserialize_cdr
    return lambda data: decode(data, kind)


def _parse(channel: Channel) -> dict:
    if channel.language == 'ros2msg':
        return get_types_from_msg(channel.definition, channel.type)
    if not channel.definition.startswith(f'{_RULE}IDL: '):
        return get_types_from_idl(channel.definition)
    found: dict = {}
    for part in channel.definition.split(_RULE)[1:]:
        found.update(get_types_from_idl(part.split('\n', 1)[1]))
    return found
