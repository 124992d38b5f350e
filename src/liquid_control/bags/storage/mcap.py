"""Read MCAP files in the order in which they were written; damaged ones as far as possible.

Format: https://mcap.dev/spec. No index is used, so a file whose recorder was killed is read in
the same way as a complete one. Memory use is that of one chunk.
"""

import struct
import zlib
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from io import BytesIO
from pathlib import Path

import lz4.frame
import zstandard

from liquid_control.bags.storage import Channel, first_line, utf8
from liquid_control.bags.storage.definitions import full_name
from liquid_control.bags.storage.source import CutShortError, Source

_MAGIC = b'\x89MCAP0\r\n'
_SCHEMA, _CHANNEL, _MESSAGE, _CHUNK, _STATISTICS = 0x03, 0x04, 0x05, 0x06, 0x0B
_DATA_END, _FOOTER, _OWN = 0x0F, 0x02, 0x80
_LARGEST_CHUNK = 1 << 30
_record = struct.Struct('<BQ').unpack_from
_message = struct.Struct('<HIQQ').unpack_from
_chunk = struct.Struct('<QQQI').unpack_from
_LANGUAGES = {'ros2msg': 'ros2msg', 'ros2idl': 'ros2idl', 'omgidl': 'ros2idl'}


class Mcap:
    """One ``.mcap`` file, compressed as a whole (``.mcap.zstd``) or not.

    Attributes:
        promised: topic → number of messages according to the file's own statistics.
        checked: whether the file has checksums, so that flipped bits are noticed.
        finished: whether its recorder closed it; known after the first read.
    """

    def __init__(self, path: Path, fault: Callable[[str], None], note: Callable[[str], None]):
        self._path = path
        self._fault, self._note = fault, note
        self.promised: Counter[str] = Counter()
        self.checked = self.finished = False

    def read(
        self, topics: Collection[str] | None = None, check: bool = False
    ) -> Iterator[tuple[Channel, int, bytes]]:
        """Yield (channel, receive stamp in ns, message) of the topics asked for, or of all.

        Problems with the file are reported to ``fault``; nothing is raised.

        Args:
            topics: topics to read; None for all.
            check: also verify the checksums of the data and summary sections; those of chunks
                always are.
        """
        one = _Pass(self, topics)
        name = self._path.name
        try:
            with Source(self._path, check) as source:
                if source.read(len(_MAGIC)) != _MAGIC:
                    self._fault(f'{name} is not an MCAP file')
                    return
                yield from one.records(source, check)
        except CutShortError:
            self._fault(f'{name} is cut short')
        except Exception as error:  # damaged bytes can make a decoder raise anything
            self._fault(f'{name} is damaged: {first_line(error)}')


class _Pass:
    """One pass over a file; several may run at a time, each with its own state."""

    def __init__(self, file: Mcap, topics: Collection[str] | None):
        self._file, self._topics = file, topics
        self._path, self._fault = file._path, file._fault
        self._schemas: dict[int, tuple[str, str, str]] = {}
        self._channels: dict[int, Channel] = {}
        self._wanted: dict[int, Channel | None] = {}
        self._unknown: set[int] = set()

    def records(self, source: Source, check: bool) -> Iterator[tuple[Channel, int, bytes]]:
        while True:
            before, offset = source.crc, source.position
            kind, length = _record(source.read(9))
            if kind == _MESSAGE:
                data = source.read(length)
                channel = self._channel(data)
                if channel is not None:
                    yield channel, _message(data)[2], data[22:]
            elif kind == _CHUNK:
                try:
                    content = source.read(length)
                except CutShortError as cut:
                    yield from self._messages(self._unpacked(cut.rest, offset, whole=False))
                    raise
                yield from self._messages(self._unpacked(content, offset))
            elif kind in (_SCHEMA, _CHANNEL):
                self._announce(kind, source.read(length))
            elif kind == _STATISTICS:
                self._statistics(source.read(length))
            elif kind == _DATA_END:
                (expected,) = struct.unpack_from('<I', source.read(length))
                self._compare(check, expected, before, 'data')
                source.restart()
            elif kind == _FOOTER:
                source.read(16)
                found = source.crc
                (expected,) = struct.unpack('<I', source.read(4))
                self._compare(check, expected, found, 'summary')
                if source.read(len(_MAGIC)) != _MAGIC:
                    self._fault(f'{self._path.name} is damaged: expected the end of an MCAP file')
                self._file.finished = True
                return
            elif 0 < kind < 0x10 or kind >= _OWN:
                source.skip(length)
            else:
                self._fault(f'{self._path.name} is damaged: no record at byte {offset}')
                return

    def _compare(self, check: bool, expected: int, found: int, what: str) -> None:
        if expected and check:
            self._file.checked = True
            if expected != found:
                self._fault(f'{self._path.name} is damaged: the checksum of its {what} differs')

    def _unpacked(self, content: bytes, offset: int, whole: bool = True) -> bytes:
        """Return the records of a chunk; if it is damaged, report that and return nothing."""
        try:
            _, _, size, crc = _chunk(content)
            (length,) = struct.unpack_from('<I', content, 28)
            compression = content[32 : 32 + length].decode()
            data = content[40 + length :]
            if size > _LARGEST_CHUNK:
                raise ValueError(f'it claims to hold {size} bytes')
            records = _decompressed(data, compression, size, whole)
        except Exception as error:
            if whole:
                self._fault(f'{self._path.name}: the chunk at byte {offset}: {first_line(error)}')
            return b''
        if whole and crc:
            self._file.checked = True
            if zlib.crc32(records) != crc:
                self._fault(
                    f'{self._path.name}: the chunk at byte {offset} is damaged: its checksum '
                    'differs; it is left out'
                )
                return b''
        return records

    def _messages(self, data: bytes) -> Iterator[tuple[Channel, int, bytes]]:
        """Yield the messages among a chunk's records."""
        offset, end, wanted = 0, len(data), self._wanted
        while offset + 9 <= end:
            kind, length = _record(data, offset)
            start = offset + 9
            offset = start + length
            if offset > end:
                return  # only a chunk without a checksum, or one cut short, gets here
            if kind == _MESSAGE:
                number, _, received, _ = _message(data, start)
                channel = wanted[number] if number in wanted else self._channel(data[start:])
                if channel is not None:
                    yield channel, received, data[start + 22 : offset]
            elif kind in (_SCHEMA, _CHANNEL):
                self._announce(kind, data[start:offset])

    def _channel(self, message: bytes) -> Channel | None:
        number = _message(message)[0]
        if number not in self._wanted and number not in self._unknown:
            self._unknown.add(number)
            self._fault(f'{self._path.name}: messages of channel {number}, which it never declares')
        return self._wanted.get(number)

    def _announce(self, kind: int, data: bytes) -> None:
        stream = BytesIO(data)
        (number,) = struct.unpack('<H', stream.read(2))
        if kind == _SCHEMA:
            name, encoding = (self._text(stream, 'the name of a type') for _ in range(2))
            text = self._text(stream, f'the definition of {name}')
            self._schemas[number] = full_name(name), _LANGUAGES.get(encoding, ''), text
            return
        (schema,) = struct.unpack('<H', stream.read(2))
        topic = self._text(stream, 'the name of a topic').strip('/')
        encoding = self._text(stream, f'{topic}: its encoding')
        name, language, definition = self._schemas.get(schema, ('', '', ''))
        channel = Channel(topic, name, encoding, language, definition)
        self._channels[number] = channel
        asked = self._topics is None or topic in self._topics
        self._wanted[number] = channel if asked else None

    def _text(self, stream: BytesIO, what: str) -> str:
        """Read a string; bytes that are not UTF-8 are replaced, and the place is noted."""
        (size,) = struct.unpack('<I', stream.read(4))
        data = stream.read(size)
        if len(data) != size:
            raise ValueError('it has a string longer than its record')
        return utf8(data, what, self._file._note)

    def _statistics(self, data: bytes) -> None:
        (size,) = struct.unpack_from('<I', data, 42)
        self._file.promised.clear()
        for number, count in struct.iter_unpack('<HQ', data[46 : 46 + size]):
            if number in self._channels:
                self._file.promised[self._channels[number].topic] += count


def _decompressed(data: bytes, compression: str, size: int, whole: bool) -> bytes:
    if compression == '':
        records = data
    elif compression == 'zstd' and whole:
        records = zstandard.ZstdDecompressor().decompress(data, max_output_size=max(size, 1))
    elif compression == 'zstd':
        records = zstandard.ZstdDecompressor().decompressobj().decompress(data)
    elif compression == 'lz4' and whole:
        records = lz4.frame.decompress(data)
    elif compression == 'lz4':
        records = lz4.frame.LZ4FrameDecompressor().decompress(data)
    else:
        raise ValueError(f'unknown compression {compression!r}; expected zstd, lz4 or none')
    if whole and len(records) != size:
        raise ValueError(f'expected it to hold {size} bytes, found {len(records)}')
    return records
