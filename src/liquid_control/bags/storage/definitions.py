"""Message definitions as text, part by part: what cannot be parsed costs only its own type."""

import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from rosbags.interfaces import Nodetype
from rosbags.typesys import get_types_from_idl, get_types_from_msg

from liquid_control.bags.storage import BagError, Channel, first_line
from liquid_control.bags.storage.control_msgs import DEFINITIONS

_RULE = '=' * 80 + '\n'
_SEPARATOR = re.compile(r'^={40,}[ \t]*\n', re.MULTILINE)
_NAMED = re.compile(r'MSG:[ \t]*(\S+)[ \t]*\n')

Definitions = dict[str, tuple]
"""Message type → its constants and fields, as rosbags describes them."""


def full_name(kind: str) -> str:
    """Return a message type with its ``msg``, which some recorders leave out."""
    package, slash, name = kind.partition('/')
    return f'{package}/msg/{name}' if slash and name and '/' not in name else kind


def definitions(channel: Channel, fault: Callable[[str], None]) -> Definitions:
    """Parse a channel's definition: its own type and those that it contains.

    Args:
        channel: the channel; lines may end in CR LF.
        fault: called with every part that cannot be used, and the reason.
    """
    text = re.sub('\r\n?', '\n', channel.definition)
    if channel.language == 'ros2idl':
        texts = text.split(_RULE)[1:] if text.startswith(f'{_RULE}IDL: ') else [f'\n{text}']
        parts = [(channel.type, part.split('\n', 1)[-1]) for part in texts]
    else:
        first, *others = _SEPARATOR.split(text)
        parts = [(channel.type, first)]
        for part in others:
            named = _NAMED.match(part)
            if named:
                parts.append((full_name(named[1]), part[named.end() :]))
            else:
                fault(f'the definition of {channel.type}: a part without "MSG: TYPE" before it')
    defined: Definitions = {}
    for kind, part in parts:
        try:
            if channel.language == 'ros2idl':
                defined.update(get_types_from_idl(part))
            else:
                parsed = get_types_from_msg(part, kind)
                defined.update(parsed)
                defined[kind] = next(
                    iter(parsed.values())
                )  # rosbags has no name for services' parts
        except Exception as error:  # a damaged text can make the parser raise anything
            fault(f'the definition of {kind} cannot be used: {_reason(error)}')
    return defined


def _reason(error: Exception) -> str:
    """Where a parser stopped, instead of the whole text that it was given."""
    lines = str(error).split('\n')
    if lines[0] != 'Could not parse:' or len(lines) < 3 or not lines[2].isdigit():
        return first_line(error)
    rest = next((line.strip() for line in '\n'.join(lines[3:]).split('\n') if line.strip()), '')
    return f'it cannot be parsed from {rest[:60]!r} on'


def folder_definitions(folder: Path, fault: Callable[[str], None]) -> Definitions:
    """Read the ``.msg`` files of a folder, at any depth.

    A file's package is the folder that it lies in, or the one above if that is named ``msg``.

    Raises:
        BagError: there is no such folder, or no ``.msg`` file in it.
    """
    if not folder.is_dir():
        raise BagError(f'--msgs {folder}: no such folder')
    files = sorted(folder.resolve().rglob('*.msg'))
    if not files:
        raise BagError(f'--msgs {folder}: expected .msg files, found none')
    defined: Definitions = {}
    for file in files:
        above = file.parent.parent if file.parent.name == 'msg' else file.parent
        kind = f'{above.name}/msg/{file.stem}'
        text = file.read_bytes().decode(errors='replace')
        for name, fields in definitions(Channel('', kind, 'cdr', 'ros2msg', text), fault).items():
            if name in defined and defined[name][1] != fields[1]:
                fault(f'--msgs: {name} has two different definitions; the first is used')
            defined.setdefault(name, fields)
    return defined


@lru_cache(maxsize=1)
def control_definitions() -> dict[str, list[Definitions]]:
    """Message type → its definitions in ``control_msgs``, newest first."""
    return {
        f'control_msgs/msg/{name}': [
            get_types_from_msg(text, f'control_msgs/msg/{name}') for text in texts
        ]
        for name, texts in DEFINITIONS.items()
    }


def contained(fields: list) -> set[str]:
    """The message types that a type's fields have directly."""
    defined = set()
    for _, (node, about) in fields:
        if node in (Nodetype.ARRAY, Nodetype.SEQUENCE):
            node, about = about[0]
        if node == Nodetype.NAME:
            defined.add(about)
    return defined
