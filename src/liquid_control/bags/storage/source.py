"""Read a file's bytes from the beginning, decompressed on the way, with a running checksum."""

import zlib
from pathlib import Path

import zstandard

_PIECE = 1 << 20


class CutShortError(Exception):
    """The file ended in the middle of a read; ``rest`` holds the bytes that were left."""

    def __init__(self, rest: bytes):
        super().__init__('cut short')
        self.rest = rest


class Source:
    """A file that is read once, from beginning to end.

    Args:
        path: a file; decompressed on the way if its name ends in ``.zstd`` or ``.zst``.
        check: keep ``crc``, the CRC-32 of all bytes since :meth:`restart`.
    """

    def __init__(self, path: Path, check: bool):
        self._file = path.open('rb')
        self._size = path.stat().st_size
        self.compressed = path.suffix in ('.zstd', '.zst')
        self._stream = self._file
        if self.compressed:
            decompressor = zstandard.ZstdDecompressor()
            self._stream = decompressor.stream_reader(self._file, read_across_frames=True)
        self._check = check
        self.crc = 0
        self.position = 0

    def __enter__(self) -> 'Source':
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def restart(self) -> None:
        """Restart the checksum."""
        self.crc = 0

    def read(self, size: int) -> bytes:
        """Read exactly ``size`` bytes.

        Raises:
            CutShortError: there are fewer.
        """
        if not self.compressed:  # do not allocate memory for a length corrupted by flipped bits
            size_there = min(size, self._size - self.position)
            data = self._stream.read(size_there)
        else:
            data = self._pieces(size)
        self.position += len(data)
        if self._check:
            self.crc = zlib.crc32(data, self.crc)
        if len(data) < size:
            raise CutShortError(data)
        return data

    def skip(self, size: int) -> None:
        """Skip ``size`` bytes."""
        if not self._check and not self.compressed and size <= self._size - self.position:
            self._file.seek(size, 1)
            self.position += size
            return
        while size > 0:
            size -= len(self.read(min(size, _PIECE)))

    def _pieces(self, size: int) -> bytes:
        pieces = []
        while size > 0:
            piece = self._stream.read(min(size, _PIECE))
            if not piece:
                break
            pieces.append(piece)
            size -= len(piece)
        return b''.join(pieces)
