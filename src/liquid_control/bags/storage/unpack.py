"""What rosbag2 compressed by file or by message, unpacked."""

from collections.abc import Callable
from pathlib import Path

import zstandard

from liquid_control.bags.storage.source import CutShortError, Source

_LARGEST_MESSAGE = 1 << 30
_PIECE = 1 << 20
_decompressor = zstandard.ZstdDecompressor()


def unpack_message(data: bytes) -> bytes | None:
    """A message that was compressed on its own; None where it does not decompress."""
    try:
        return _decompressor.decompress(data, max_output_size=_LARGEST_MESSAGE)
    except (zstandard.ZstdError, MemoryError):
        return None


def unpack_file(file: Path, folder: Path, fault: Callable[[str], None]) -> Path:
    """Unpack a compressed database, of which SQLite needs a file, into a folder for the while."""
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
