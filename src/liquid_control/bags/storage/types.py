"""Message types: from a bag's own definitions, from given files, or from a named distribution."""

import struct
from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from rosbags.interfaces import Nodetype
from rosbags.typesys import Stores, get_typestore

from liquid_control.bags.storage import BagError, Channel, first_line
from liquid_control.bags.storage.definitions import (
    Definitions,
    contained,
    control_definitions,
    definitions,
    folder_definitions,
)
from liquid_control.bags.storage.joint_state import JointStates, is_standard
from liquid_control.bags.storage.lenient import lenient
from liquid_control.control.schema import unknown
from liquid_control.control.stamps import stamp_ns
from liquid_control.control.topics import JOINT_STATE

DISTRO = 'kilted'
"""The distribution where neither the person nor the bag names one."""
_MSGS, _CONTROL = 'the folder of --msgs', 'control_msgs'
_HEADER = 'std_msgs/msg/Header'
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

    A type is taken from the bag's own definition; where that is missing or cannot be used, from the
    files of ``msgs``, from ``control_msgs``, or from a distribution. So is a type that a definition
    contains without defining it.

    Args:
        distro: distribution in which to look up types that the bag does not define.
        note: called about definitions that cannot be used or conflict.
        msgs: folder of ``.msg`` files; None for none.

    Raises:
        BagError: the distribution is unknown, or the folder has no ``.msg`` file.
    """

    def __init__(self, distro: str, note: Callable[[str], None], msgs: Path | None = None):
        if distro not in distros():
            raise BagError(unknown('distribution', distro, distros()))
        self.distro, self._note = distro, note
        self._own = get_typestore(Stores.EMPTY)
        self._defined: Definitions = {}
        self._given = folder_definitions(msgs, note) if msgs else {}
        self._origins: dict[str, str] = {}
        self._learnt: set[str] = set()
        self._reasons: dict[str, str] = {}
        self._decoders: dict[tuple[str, str], Callable[[bytes], Any]] = {}

    def learn(self, channel: Channel, sample: bytes) -> None:
        """Take in a channel's type definition; only the first definition of each type counts.

        Args:
            channel: the channel.
            sample: one of its messages, which shows which of several definitions it has.
        """
        kind = channel.type
        if kind in self._learnt:
            return
        self._learnt.add(kind)
        found = self._defined_by(channel)
        if kind in found and self._register(kind, found, 'bag'):
            return
        if kind in self._given:
            self._register(kind, self._given, _MSGS)
        elif kind.startswith('control_msgs/') and kind in control_definitions():
            self._choose(kind, sample)

    def _defined_by(self, channel: Channel) -> Definitions:
        """What a channel's definition defines that was not defined before."""
        if not channel.language:
            return {}
        found = definitions(channel, self._note)
        for kind in found.keys() & self._defined.keys():
            if found[kind][1] != self._defined[kind][1]:
                self._note(f'{kind} has two different definitions; the first is used')
        if not channel.definition.strip() and self._elsewhere(channel.type)[0]:
            self._note(f'the definition of {channel.type} is empty')
            found.pop(channel.type, None)
        for kind, fields in found.items():
            self._defined.setdefault(kind, fields)
        return {kind: self._defined[kind] for kind in found}

    def _elsewhere(self, kind: str) -> tuple[Any, str]:
        """A definition of a type from other sources than the bag, or None, and the source."""
        if kind in self._given:
            return self._given[kind], _MSGS
        if kind in (known := control_definitions()):
            return known[kind][0][kind], _CONTROL
        return _distribution(self.distro).fielddefs.get(kind), self.distro

    def _register(self, kind: str, found: Definitions, origin: str) -> bool:
        """Register a type and all that it contains; say why where that is not possible."""
        needed: Definitions = {}
        missing, waiting = [], [kind]
        while waiting:
            name = waiting.pop()
            fields = found.get(name) or self._defined.get(name)
            if fields is None:
                fields, source = self._elsewhere(name)
                if fields is None:
                    return self._unusable(kind, f'it contains {name}, which is defined nowhere')
                missing.append(f'{name} (taken from {source})')
            needed[name] = fields
            waiting += contained(fields[1]) - needed.keys()
        known = self._own.fielddefs
        try:
            self._own.register({name: f for name, f in needed.items() if name not in known})
            self._own.get_msgdef(kind)
        except Exception as error:  # a damaged definition can make the compiler raise anything
            return self._unusable(kind, first_line(error))
        self._origins[kind] = origin
        if missing and origin == 'bag':
            self._note(f'the definition of {kind} lacks {", ".join(sorted(missing))}')
        return True

    def _unusable(self, kind: str, why: str) -> bool:
        self._reasons[kind] = why
        self._note(f'the definition of {kind} cannot be used: {why}')
        return False

    def _choose(self, kind: str, sample: bytes) -> None:
        """Take the first definition in ``control_msgs`` that fits a message."""
        for found in control_definitions()[kind]:
            trial = Types(self.distro, lambda text: None)
            if not trial._register(kind, found, ''):
                continue
            try:
                trial._own.deserialize_cdr(sample, kind)
            except Exception as error:  # damaged bytes can make the decoder raise anything
                self._reasons[kind] = f'no known definition fits its messages: {first_line(error)}'
                continue
            self._register(kind, found, _CONTROL)
            return

    def why_unknown(self, kind: str) -> str:
        """Why the messages of a type cannot be decoded, and what would help."""
        why = self._reasons.get(kind, 'the bag does not define it')
        return (
            f'type {kind or "without a name"} is unknown: {why}, and {self.distro} has no such '
            'type: give its .msg files with --msgs FOLDER'
        )

    def store(self, kind: str) -> Any | None:
        """Return the type store that has a type; None if the type is unknown."""
        if kind in self._origins:
            return self._own
        found = _distribution(self.distro)
        return found if kind in found.fielddefs else None

    def origin(self, kind: str) -> str:
        """``bag``, where else a type is from, or ``unknown``."""
        if kind in self._origins:
            return self._origins[kind]
        return 'unknown' if self.store(kind) is None else self.distro

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
            store = self.store(channel.type)
            if channel.encoding != 'cdr':
                raise BagError(f'expected messages in cdr, found {channel.encoding!r}')
            if store is None:
                raise BagError(self.why_unknown(channel.type))
            note = partial(self._note_of, channel.topic)
            found = self._decoders[channel[:2]] = _decoder(store, channel.type, note)
        return found

    def encoded(self, message: Any) -> bytes:
        """Encode a message that a decoder of these types returned."""
        kind = message.__msgtype__
        store = self.store(kind)
        if store is None:
            raise BagError(self.why_unknown(kind))
        return bytes(store.serialize_cdr(message, kind))

    def _note_of(self, topic: str, text: str) -> None:
        self._note(f'{topic}: {text}')


def _first_stamp(data: bytes) -> int | None:
    if len(data) < _STAMP + 8:
        return None
    sec, nanosec = (_LITTLE if data[1] & 1 else _BIG)(data, _STAMP)
    return sec * 1_000_000_000 + nanosec


def _decoder(store: Any, kind: str, note: Callable[[str], None]) -> Callable[[bytes], Any]:
    general = lenient(lambda data: store.deserialize_cdr(data, kind), note)
    if kind == JOINT_STATE and is_standard(store):
        return JointStates(store, general).decode
    return general
