"""Read SQLite bags (``.db3``) in the order in which they were written, recovering damaged ones.

Supports rosbag2's schemas 1 to 4. A write-ahead log that was never merged into the file is read
too, from a copy, because SQLite would write beside the original. Memory use is that of one
message.
"""

import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import closing
from pathlib import Path

from liquid_control.bags.storage import Channel, first_line, utf8
from liquid_control.bags.storage.definitions import full_name

_LARGEST_STEP = 1 << 40


class Sqlite:
    """One ``.db3`` file.

    ``scratch()`` returns a folder for the copy that is needed to read a write-ahead log or a file
    cut short in the middle of a page; ``note`` is called for a log that is read.

    Attributes:
        promised: always empty: a database has no statistics.
        checked: always false: it has no checksums either.
        finished: always false: it does not say whether its recorder closed it.
    """

    checked = finished = False

    def __init__(
        self,
        path: Path,
        fault: Callable[[str], None],
        note: Callable[[str], None],
        scratch: Callable[[], Path],
    ):
        self._path, self._fault, self._note = path, fault, note
        self.promised: Counter[str] = Counter()
        self._file = path
        logs = [path.with_name(path.name + end) for end in ('-wal', '-journal')]
        logs = [log for log in logs if log.is_file() and log.stat().st_size]
        whole = _whole_pages(path)
        if logs or whole < path.stat().st_size:
            folder = scratch()
            self._file = folder / path.name
            _copy(path, self._file, whole)
            for log in logs:
                shutil.copyfile(log, folder / log.name)
        if logs:
            note(f'{path.name}: read together with {", ".join(log.name for log in logs)}')
        if whole < path.stat().st_size:
            fault(f'{path.name} is damaged: it is cut short in the middle of a page')
        self._settled = not logs

    def read(
        self, topics: Collection[str] | None = None, check: bool = False
    ) -> Iterator[tuple[Channel, int, bytes]]:
        """Yield (channel, receive stamp in ns, message) of the topics asked for, or of all.

        Problems with the file are reported to ``fault``; nothing is raised.
        """
        try:
            with closing(self._connect()) as connection:
                channels = self._channels(connection)
                wanted = {
                    number: channel
                    for number, channel in channels.items()
                    if topics is None or channel.topic in topics
                }
                yield from self._messages(connection, wanted, len(wanted) < len(channels))
        except sqlite3.Error as error:
            self._fault(f'{self._path.name} is damaged: {first_line(error)}')

    def _connect(self) -> sqlite3.Connection:
        address = self._file.resolve().as_uri()
        options = 'mode=ro&immutable=1' if self._settled else 'mode=rw'
        connection = sqlite3.connect(f'{address}?{options}', uri=True)
        connection.text_factory = lambda data: utf8(data, f'{self._path.name}: a text', self._note)
        connection.execute('PRAGMA writable_schema=ON')  # or a file cut short would not open
        return connection

    def _channels(self, connection: sqlite3.Connection) -> dict[int, Channel]:
        tables = {name for (name,) in connection.execute('SELECT name FROM sqlite_master')}
        if not {'topics', 'messages'} <= tables:
            by_number = ', '.join(sorted(tables)) or 'no table'
            self._fault(
                f'{self._path.name} is not a rosbag2 database: expected tables topics and '
                f'messages, found {by_number}'
            )
            return {}
        definitions = {}
        if 'message_definitions' in tables:
            rows = connection.execute(
                'SELECT topic_type, encoding, encoded_message_definition FROM message_definitions'
            )
            definitions = {kind: (language, text) for kind, language, text in rows}
        rows = connection.execute('SELECT id, name, type, serialization_format FROM topics')
        by_number = {}
        for number, name, kind, encoding in rows:
            if not all(isinstance(text, str) for text in (name, kind, encoding)):
                self._fault(f'{self._path.name}: topic {number}: a name or type that is not text')
                continue
            given = definitions.get(kind, ('', ''))
            given = given if all(isinstance(text, str) for text in given) else ('', '')
            by_number[number] = Channel(name.strip('/'), full_name(kind), encoding, *given)
        return by_number

    def _messages(
        self, connection: sqlite3.Connection, wanted: dict[int, Channel], some: bool
    ) -> Iterator[tuple[Channel, int, bytes]]:
        if not wanted:
            return
        chosen = f'AND +topic_id IN ({", ".join(map(str, wanted))})' if some else ''
        query = (
            f'SELECT id, topic_id, timestamp, data FROM messages WHERE id > ? {chosen} ORDER BY id'
        )
        last, step, noted = -(1 << 62), 0, False
        while step <= _LARGEST_STEP:
            try:
                for number, topic, received, data in connection.execute(query, (last + step,)):
                    last, step = number, 0
                    if topic in wanted and type(data) is bytes and type(received) is int:
                        yield wanted[topic], received, data
                    elif topic in wanted:
                        self._fault(f'{self._path.name} is damaged: row {number} is not a message')
                    elif not some and not noted:
                        noted = True
                        self._fault(
                            f'{self._path.name}: messages of topic {topic}, which it never declares'
                        )
                return
            except sqlite3.DatabaseError as error:
                # Pages are missing here: go on after them.
                self._fault(f'{self._path.name} is damaged: {first_line(error)}')
                last = max(last, 0)
                step = max(2 * step, 16)


def _whole_pages(path: Path) -> int:
    """Size in bytes of a database's whole pages; SQLite would pad the last one with zeros."""
    size = path.stat().st_size
    with path.open('rb') as stream:
        head = stream.read(18)
    page = int.from_bytes(head[16:18], 'big')
    page = 65536 if page == 1 else page
    return size - size % page if page >= 512 and size >= page else size


def _copy(path: Path, target: Path, size: int) -> None:
    with path.open('rb') as stream, target.open('wb') as out:
        while size > 0 and (piece := stream.read(min(size, 1 << 20))):
            size -= len(piece)
            out.write(piece)
