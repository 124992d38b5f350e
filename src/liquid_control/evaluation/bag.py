"""Recorded bags as named messages, in the order of their stamps; damaged ones as far as they go.

An MCAP file is read from its beginning, in the order in which it was written, so that a file
without an end (the recorder was killed) and one without ``metadata.yaml`` are read in the same
way as a whole one, and no wall clock decides the order.
"""

import heapq
import struct
from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from mcap.exceptions import EndOfFile, InvalidMagic, RecordLengthLimitExceeded
from mcap.reader import NonSeekingReader
from rosbags.rosbag2 import Reader
from rosbags.typesys import Stores, get_typestore

from liquid_control.control.contract import Contract
from liquid_control.control.observe import stamp_ns
from liquid_control.control.schema import unknown


class BagError(ValueError):
    """A bag that cannot be read, or lacks what is asked of it. Its text says what and where."""


class _Raw(NamedTuple):
    topic: str
    type: str
    data: bytes


class Bag:
    """A recording: a run folder, a rosbag2 folder (MCAP or SQLite) or a single ``.mcap`` file.

    Topics are named without the leading slash, as contracts name them.

    Attributes:
        path: the bag's folder or file.
        types: topic → message type.
        counts: topic → number of messages that can be read.
        damage: what is wrong with the file, None where it is whole.

    Raises:
        BagError: no such folder, no bag in it, or not one message that can be read.
    """

    def __init__(self, path: str | Path):
        self.path = _find(Path(path))
        self._store = get_typestore(Stores.ROS2_KILTED)
        self.types: dict[str, str] = {}
        self.counts: Counter[str] = Counter()
        self.damage: str | None = None
        if self.path.is_dir() and not (self.path / 'metadata.yaml').exists():
            self.damage = 'metadata.yaml is missing: the recorder was stopped before its end'
        for raw in self._raw():
            self.types[raw.topic] = raw.type
            self.counts[raw.topic] += 1
        if not self.counts:
            why = f': {self.damage}' if self.damage else ''
            raise BagError(f'{self.path}: no messages in this bag{why}')

    def require(self, topic: str) -> None:
        """Raise BagError where the bag has no message of a topic."""
        if topic not in self.counts:
            raise BagError(f'{self.path}: {unknown("topic", topic, self.counts)}')

    def messages(self, topic: str) -> Iterator[Any]:
        """The messages of one topic in the order in which they were received, one at a time.

        A topic that was not recorded has none. A message that its type cannot hold ends the
        bag here, and :attr:`damage` says so.
        """
        for raw in self._raw():
            if raw.topic == topic:
                try:
                    message = self._store.deserialize_cdr(raw.data, raw.type)
                except Exception as error:  # whatever damaged bytes lead the decoder to raise
                    self.damage = f'a message of {topic} is no {raw.type}: {_text(error)}'
                    return
                yield message

    def observed(self, contract: Contract, observed: dict[str, str]) -> Iterator[tuple[str, Any]]:
        """(contract topic, message) of all that a contract senses, merged by header stamp.

        Each topic keeps its own order, as its publisher sent it; of several topics the one with
        the earliest stamp comes first, and at equal stamps the pacing topic last.

        Args:
            contract: what is sensed.
            observed: contract topic → topic in the bag; a topic that is missing is read under
                its own name.

        Raises:
            BagError: a topic is not in the bag, or has another type.
        """
        streams = []
        for place, (topic, kind) in enumerate(contract.topics.items()):
            recorded = observed.get(topic, topic).strip('/')
            self.require(recorded)
            if self.types[recorded] != kind:
                raise BagError(
                    f'{self.path}: {recorded}: expected {kind}, found {self.types[recorded]}'
                )
            streams.append(self._stamped(recorded, topic, -place))
        for _, _, topic, message in heapq.merge(*streams, key=lambda item: item[:2]):
            yield topic, message

    def by_stamp(self, topic: str) -> 'Stamped':
        """The messages of a stamped topic, to be taken by their header stamp."""
        found = Stamped()
        for message in self.messages(topic):
            found.add(stamp_ns(message), message)
        return found

    def commands(self, topic: str) -> 'Stamped':
        """Commands, to be taken by the stamp of the observation that they answer."""
        found = Stamped()
        for message in self.messages(topic):
            stamp = label(message)
            if stamp is not None:
                found.add(stamp, message)
        return found

    def _stamped(self, recorded: str, topic: str, order: int) -> Iterator[tuple]:
        latest = 0
        for message in self.messages(recorded):
            latest = max(latest, stamp_ns(message))
            yield latest, order, topic, message

    def _raw(self) -> Iterator[_Raw]:
        for path in _files(self.path):
            yield from self._mcap(path) if path.suffix == '.mcap' else self._rosbag2(path)

    def _mcap(self, path: Path) -> Iterator[_Raw]:
        with path.open('rb') as stream:
            reader = NonSeekingReader(
                stream, validate_crcs=True, record_size_limit=path.stat().st_size
            )
            records = reader.iter_messages(log_time_order=False)
            while True:
                try:
                    record = next(records, None)
                except (EndOfFile, RecordLengthLimitExceeded, struct.error):
                    self.damage = self.damage or f'{path.name} is cut short'
                    return
                except InvalidMagic:
                    self.damage = f'{path.name} is no MCAP file'
                    return
                except Exception as error:  # whatever damaged bytes lead the reader to raise
                    self.damage = f'{path.name} is damaged: {_text(error)}'
                    return
                if record is None:
                    return
                schema, channel, message = record
                kind = schema.name if schema else ''
                yield _Raw(channel.topic.strip('/'), kind, message.data)

    def _rosbag2(self, path: Path) -> Iterator[_Raw]:
        try:
            with Reader(path) as reader:
                for connection, _, data in reader.messages():
                    yield _Raw(connection.topic.strip('/'), connection.msgtype, data)
        except Exception as error:  # rosbags' and sqlite's errors share no base class
            self.damage = f'{path.name} is damaged: {_text(error)}'


class Stamped:
    """Messages by stamp; of several with one stamp, each is taken once, in order."""

    def __init__(self):
        self._found: dict[int, deque] = defaultdict(deque)
        self.unused = 0

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, stamp: int, message: Any) -> None:
        self._found[stamp].append(message)
        self.unused += 1

    def take(self, stamp: int) -> Any:
        """The next message with this stamp; None where there is none, or none left."""
        waiting = self._found.get(stamp)
        if not waiting:
            return None
        self.unused -= 1
        return waiting.popleft()


def label(command: Any) -> int | None:
    """Stamp in ns of the observation that a command answers; None where it names none."""
    dimensions: Sequence[Any] = command.layout.dim
    text = dimensions[0].label if dimensions else ''
    return int(text) if text.isdecimal() else None


def _find(path: Path) -> Path:
    if not path.exists():
        raise BagError(f'{path}: no such folder or file')
    if path.is_file():
        if path.suffix not in ('.mcap', '.db3'):
            raise BagError(f'{path}: expected a folder with a bag, or an .mcap file')
        return path
    for folder in (path, path / 'bag'):
        if folder.is_dir() and _files(folder):
            return folder
    found = ', '.join(sorted(p.name for p in path.iterdir())[:8]) or 'nothing'
    raise BagError(
        f'{path}: no bag here: expected .mcap or .db3 files, or a folder bag/ with them '
        f'(found: {found})'
    )


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    files = sorted(path.glob('*.mcap'), key=lambda p: (len(p.name), p.name))
    return files or ([path] if list(path.glob('*.db3')) else [])


def _text(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200]
