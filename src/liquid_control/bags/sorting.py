"""Messages that were not written in the order of their log times, sorted on disk."""

import sqlite3
from collections.abc import Collection, Iterable, Iterator
from contextlib import closing
from pathlib import Path

from liquid_control.bags.storage import Channel

_CACHE_KIB = 16 * 1024
"""Memory that sorting and reading may use; beyond it, SQLite sorts in files."""


class Sorted:
    """Messages in a temporary database, to be read by log time as often as needed.

    Messages with equal log times keep their order. The database takes about as much space as the
    messages, uncompressed; memory use is bounded whatever their number.

    Args:
        folder: where the database is put.
        records: (channel, log time in ns, message) in any order.

    Attributes:
        topics: the topics that it has.
    """

    def __init__(self, folder: Path, records: Iterable[tuple[Channel, int, bytes]]):
        self._file = folder / 'sorted.db'
        self._channels: dict[Channel, int] = {}
        with closing(self._connect()) as connection:
            connection.execute('PRAGMA journal_mode=OFF')
            connection.execute('PRAGMA synchronous=OFF')
            connection.execute('CREATE TABLE records (channel INTEGER, time INTEGER, data BLOB)')
            connection.executemany(
                'INSERT INTO records VALUES (?, ?, ?)',
                ((self._number(channel), time, data) for channel, time, data in records),
            )
            connection.execute('CREATE INDEX by_time ON records (time)')
            connection.commit()
        self.topics = frozenset(channel.topic for channel in self._channels)

    def read(self, topics: Collection[str]) -> Iterator[tuple[Channel, int, bytes]]:
        """Yield (channel, log time in ns, message) of some topics by log time."""
        wanted = {
            number: channel for channel, number in self._channels.items() if channel.topic in topics
        }
        chosen = ', '.join(map(str, wanted))
        query = (
            f'SELECT channel, time, data FROM records WHERE +channel IN ({chosen}) '
            'ORDER BY time, rowid'
        )
        with closing(self._connect()) as connection:
            for number, time, data in connection.execute(query):
                yield wanted[number], time, data

    def _number(self, channel: Channel) -> int:
        return self._channels.setdefault(channel, len(self._channels))

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._file)
        connection.execute(f'PRAGMA cache_size=-{_CACHE_KIB}')
        connection.execute('PRAGMA temp_store=FILE')
        return connection
