"""Decode messages with strings that are not UTF-8, as rclpy does: the bytes are replaced."""

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

_SUBSTITUTE = 0x1A
"""ASCII's own sign for a character that cannot be represented."""


def lenient(decode: Callable[[bytes], Any], note: Callable[[str], None]) -> Callable[[bytes], Any]:
    """Return a decoder that reads bytes that are not UTF-8 as U+FFFD.

    Args:
        decode: decodes a message, and raises an error caused by a UnicodeDecodeError where a string
            is not UTF-8.
        note: called with the field and its bytes.
    """

    def read(data: bytes) -> Any:
        try:
            return decode(data)
        except Exception as error:
            if not isinstance(error.__cause__, UnicodeDecodeError):
                raise
            bad = bytes(error.__cause__.object)
        replaced: dict[str, bytes] = {}
        while True:  # each round mends one string; a string that is mended cannot fail again
            mended = bytes(byte if byte < 128 else _SUBSTITUTE for byte in bad)
            replaced[mended.decode()] = bad
            data = data.replace(bad + b'\0', mended + b'\0')
            try:
                message = decode(data)
            except Exception as error:
                again = error.__cause__
                if not isinstance(again, UnicodeDecodeError) or bytes(again.object) == bad:
                    raise
                bad = bytes(again.object)
                continue
            for where, text, put in _strings(message, ''):
                if text in replaced:
                    put(replaced[text].decode(errors='replace'))
                    note(f'{where}: {replaced[text]!r} is not UTF-8: read with the bytes replaced')
            return message

    return read


def _strings(message: Any, path: str) -> Iterator[tuple[str, str, Callable[[str], None]]]:
    """Yield (field path, text, setter) of every string in a message."""
    for field in dataclasses.fields(message):
        value, where = getattr(message, field.name), f'{path}{field.name}'
        if field.name == '__msgtype__':
            continue
        if isinstance(value, str):
            yield where, value, lambda text, name=field.name: setattr(message, name, text)
        elif isinstance(value, list):
            for index, item in enumerate(value):
                if isinstance(item, str):
                    yield f'{where}[]', item, lambda text, v=value, i=index: v.__setitem__(i, text)
                elif dataclasses.is_dataclass(item):
                    yield from _strings(item, f'{where}[].')
        elif dataclasses.is_dataclass(value):
            yield from _strings(value, f'{where}.')
