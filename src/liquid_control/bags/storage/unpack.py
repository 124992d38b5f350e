"""Decompress what rosbag2 compressed by file or by message."""

from collections.abc import Callable
from pathlib import Path

import zstandard

from liquid_control.bags.storage.source import CutShortError, Source

_LARGEST_MESSAGE = 1 << 30
_PIECE = 1 << 20
_decompressor = zstandard.ZstdDecompressor()


def unpack_message(data: bytes) -> bytes | None:
    """Decompress a message that was compressed on its own; None if that fails."""
    try:
        return _decompressor.decompress(data, max_output_size=_LARGEST_MESSAGE)
    except (zstandard.ZstdError, MemoryError):
        return None


def unpack_file(file: Path, folder: Path, fault: Callable[[str], None]) -> Path:
    """Decompress a database into a temporary folder, because SQLite can only read a file."""
    target = folder / file.stem
    try:
        with Source(file, check=False) as source, target.open('wb') as out:
            while True:
                out.write(source.read(_PIECE))
    except CutShortError as end:
        with target.open('ab') as out:
            out.write(end.rest)
    except zstandard.ZstdError as error:
        fault(f'{file.name} is damaged: {error}')
    return target
