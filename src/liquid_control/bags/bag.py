"""Recorded bags as messages by topic; damaged bags are read as far as possible.

Files are read from the beginning. A topic that was not written in the order of its log times is
sorted by them, on disk. Memory does not grow with a bag's length.
"""

import tempfile
from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from liquid_control.bags.refused import Refused
from liquid_control.bags.sorting import Sorted
from liquid_control.bags.stamped import Stamped
from liquid_control.bags.storage import ZSTD_MAGIC, BagError, Channel, first_line
from liquid_control.bags.storage.files import find
from liquid_control.bags.storage.mcap import Mcap
from liquid_control.bags.storage.sqlite import Sqlite
from liquid_control.bags.storage.types import DISTRO, Types, distros
from liquid_control.bags.storage.unpack import unpack_file, unpack_message
from liquid_control.bags.tally import Tally
from liquid_control.control.schema import unknown
from liquid_control.control.stamps import stamp_ns
from liquid_control.control.topics import is_own

__all__ = ['Bag', 'BagError']

_MOST_FAULTS = 20


class Bag:
    """A recording: a run folder, a rosbag2 folder, or a single ``.mcap`` or ``.db3`` file.

    Bags may be uncompressed, or compressed by file or by message. Types come from the bag's own
    definitions, or else from a distribution. Topics are named without the leading slash, as in
    contracts.

    Args:
        path: the folder or file.
        distro: ROS 2 distribution whose types are used if the bag defines none; by default the one
            that its metadata names, or else Kilted.
        msgs: folder of ``.msg`` files with types that the bag does not define.

    Attributes:
        path: the bag's folder or file.
        storage: ``mcap``, ``sqlite3`` or, for both, ``mcap+sqlite3``.
        types: topic → message type.
        counts: topic → number of messages that can be read.
        promised: topic → number of messages according to the metadata, or else to the file's
            statistics.
        notes: what was repaired or is good to know; none of it makes the bag incomplete.
        left_out: (topic, why) → number of messages that were read but not passed on.

    Raises:
        BagError: there is no such folder, no bag in it, or no message that can be read.
    """

    def __init__(self, path: str | Path, distro: str | None = None, msgs: str | Path | None = None):
        files = find(Path(path))
        self.path = files.path
        self.notes: list[str] = list(files.notes)
        self.left_out: Counter[tuple[str, str]] = Counter()
        self._faults = dict.fromkeys(files.faults)
        self._scratch: list[tempfile.TemporaryDirectory] = []
        named = files.distro if files.distro in distros() else DISTRO
        self._types = Types(distro or named, self.note, Path(msgs) if msgs else None)
        self._sorted: Sorted | None = None
        self._readers = [self._reader(file) for file in files.storage]
        names = {'mcap' if type(r) is Mcap else 'sqlite3' for r in self._readers}
        self.storage = '+'.join(sorted(names))
        self.tallies: dict[str, Tally] = {}
        self._scan()
        self._sort()
        self.types = {topic: tally.channel.type for topic, tally in self.tallies.items()}
        self.counts = Counter({topic: tally.count for topic, tally in self.tallies.items()})
        self.promised = files.promised or sum((r.promised for r in self._readers), Counter())
        if files.unlisted:
            self._unlisted()
        self._compare()
        if not self.counts:
            why = f': {self.damage}' if self.damage else ''
            raise BagError(f'{self.path}: no messages in this bag{why}')

    @property
    def damage(self) -> str | None:
        """What is wrong with the bag; None if all of it can be read."""
        bad = [
            f'{count} messages of {topic} {why}' if count > 1 else f'a message of {topic} {why}'
            for (topic, why), count in self.left_out.items()
            if why.startswith('cannot be decoded')
        ]
        return '; '.join([*self._faults, *bad]) or None

    @property
    def checked(self) -> bool:
        """Whether checksums cover all of it, so that flipped bits are noticed."""
        return all(reader.checked for reader in self._readers)

    def require(self, topic: str) -> None:
        """Raise BagError if the bag has no message on a topic."""
        if topic not in self.counts:
            raise BagError(f'{self.path}: {unknown("topic", topic, self.counts)}')

    def origin(self, topic: str) -> str:
        """Where a topic's type comes from: ``bag``, another source, or ``unknown``."""
        if self.tallies[topic].channel.encoding != 'cdr':
            return 'unknown'
        return self._types.origin(self.types[topic])

    def why_unknown(self, topic: str) -> str | None:
        """Why the messages of a topic cannot be decoded; None if they can."""
        if self.known(topic):
            return None
        encoding = self.tallies[topic].channel.encoding
        if encoding != 'cdr':
            return f'its messages are not in cdr, but in {encoding!r}'
        return self._types.why_unknown(self.types[topic])

    def fields(self, kind: str) -> list[tuple[str, Any]]:
        """(name, description) of the fields of a message type, as rosbags describes them."""
        return self._types.fields(kind)

    def messages(self, topic: str) -> Iterator[Any]:
        """Yield the messages of one topic by log time.

        A topic that was not recorded has none. A message that cannot be decoded as its type is left
        out, counted, and reported by :attr:`damage`.

        Raises:
            BagError: the topic's type is unknown, or its messages are not in CDR.
        """
        for *_, message in self.decoded([topic]):
            yield message

    def decoded(self, topics: Collection[str] | None = None) -> Iterator[tuple[str, int, int, Any]]:
        """Yield all messages of topics, or of all topics with a known type; each topic by log time.

        Yields:
            Topic, index among the topic's messages, those that cannot be decoded included, receive
            stamp in ns, message.
        """
        if topics is None:
            topics = [topic for topic in self.counts if self.known(topic)]
        refused = Refused()
        read: Counter[str] = Counter()
        try:
            for channel, received, data in self._records(topics):
                read[channel.topic] += 1
                try:
                    message = self._types.decoder(channel)(data)
                except BagError as error:
                    raise BagError(f'{self.path}: {channel.topic}: {error}') from None
                except Exception as error:  # damaged bytes can make the decoder raise anything
                    why = f'cannot be decoded as {channel.type}: {first_line(error)}'
                    refused.count(channel.topic, why)
                    continue
                yield channel.topic, read[channel.topic] - 1, received, message
            found = read.total()
            if found != sum(self.counts[name] for name in topics):
                self._fault(f'{", ".join(topics)}: {found} messages found on a second read')
        finally:
            self.leave_out(refused)

    def leave_out(self, refused: Counter[tuple[str, str]]) -> None:
        """Merge (topic, why) → count into :attr:`left_out`; reading again counts nothing twice."""
        for reason, count in refused.items():
            self.left_out[reason] = max(self.left_out[reason], count)

    def note(self, text: str) -> None:
        """Add to :attr:`notes`, once."""
        if text not in self.notes:
            self.notes.append(text)

    def encoded(self, message: Any) -> bytes:
        """Encode a message that was read from this bag in CDR, for example with another stamp."""
        return self._types.encoded(message)

    def known(self, topic: str) -> bool:
        """Whether the messages of a topic can be decoded."""
        return self.origin(topic) != 'unknown'

    def by_stamp(self, topic: str) -> Stamped:
        """Return the messages of a stamped topic, to be taken by header stamp."""
        found = Stamped()
        for message in self.messages(topic):
            found.add(stamp_ns(message), message)
        return found

    def _scan(self) -> None:
        for reader in self._readers:
            self._tally_all(self._of_file(reader, None, check=True))

    def _tally_all(self, records: Iterator[tuple[Channel, int, bytes]]) -> None:
        for channel, received, data in records:
            tally = self.tallies.get(channel.topic)
            if tally is None:
                tally = self.tallies[channel.topic] = self._tally(channel, data)
            if channel is not tally.channel:
                self._types.learn(channel, data)
                tally.types.add(channel.type)
            tally.add(received, data)

    def _sort(self) -> None:
        """Sort the topics that were not written by log time, unless that clock was set back."""
        late = {topic: tally for topic, tally in self.tallies.items() if tally.late}
        if not late:
            return
        names = ', '.join(sorted(late))
        if 2 * sum(t.late_alone for t in late.values()) > sum(t.late for t in late.values()):
            self.note(
                f'{names}: log times go back where header stamps go on: the clock that received '
                'them was set back; read in the order of the file'
            )
            return
        self.note(f'{names}: not written in order of time: sorted by log time')
        self._sorted = Sorted(self._folder(), self._records(late))
        for topic in late:
            del self.tallies[topic]
        self._tally_all(self._records(late))

    def _unlisted(self) -> None:
        """Say that there is no metadata, and whether that means that something is missing."""
        if all(reader.finished for reader in self._readers):
            self.note('metadata.yaml is missing, but every file is complete')
        else:
            self._fault('metadata.yaml is missing: the recorder was stopped before it finished')

    def _tally(self, channel: Channel, sample: bytes) -> Tally:
        self._types.learn(channel, sample)
        if channel.encoding != 'cdr':
            return Tally(channel, None)
        return Tally(channel, self._types.stamp_reader(channel))

    def _compare(self) -> None:
        self._rename_promised()
        for topic in sorted(self.promised.keys() | self.counts.keys()):
            promised, found = self.promised.get(topic, 0), self.counts[topic]
            if self.promised and promised != found:
                self._fault(f'{topic}: {promised} messages promised, {found} found')
        own_run = any(map(is_own, self.tallies))
        for topic, tally in self.tallies.items():
            if len(tally.types) > 1:
                self.note(f'{topic} has several types: {", ".join(sorted(tally.types))}')
            if own_run:
                continue  # a run of this package: its own topics are stamped as it likes
            if tally.source == 'receive':
                self.note(f'{topic} is ordered by receive stamps: {self._why_received(topic)}')
            elif tally.zero:
                self.note(f'{topic}: {tally.zero} of {tally.count} header stamps are zero')

    def _rename_promised(self) -> None:
        """Match topics whose names are not UTF-8 in a file, and are written otherwise elsewhere."""
        missing = [topic for topic in self.promised if topic not in self.counts]
        for topic in [topic for topic in self.counts if '\ufffd' in topic]:
            same = [name for name in missing if self.promised[name] == self.counts[topic]]
            if topic not in self.promised and len(same) == 1:
                self.promised[topic] = self.promised.pop(same[0])
                missing.remove(same[0])
                self.note(f'{topic} is called {same[0]} in the metadata')

    def _why_received(self, topic: str) -> str:
        """Why a topic has no header stamps to go by."""
        tally = self.tallies[topic]
        if tally.zero:
            return 'its header stamps are all zero'
        if not self.known(topic):
            return 'its messages cannot be decoded'
        return 'it has no header'

    def _records(self, topics: Collection[str]) -> Iterator[tuple[Channel, int, bytes]]:
        """Yield the records of topics: the sorted ones by log time, the others as in the files."""
        ordered = frozenset()
        if self._sorted is not None:
            ordered = self._sorted.topics & set(topics)
        if self._sorted is not None and ordered:
            yield from self._sorted.read(ordered)
        others = [topic for topic in topics if topic not in ordered]
        if others:
            for reader in self._readers:
                yield from self._of_file(reader, others)

    def _of_file(
        self, reader: Mcap | Sqlite, topics: Collection[str] | None, check: bool = False
    ) -> Iterator[tuple[Channel, int, bytes]]:
        for record in reader.read(topics, check):
            if not -(2**63) <= record[1] < 2**63:
                self._fault(f'{record[0].topic}: a message with an invalid receive stamp')
                continue
            if record[2][:4] == ZSTD_MAGIC:
                data = unpack_message(record[2])
                if data is None:
                    self._fault(f'{record[0].topic}: a message that does not decompress')
                    continue
                record = (record[0], record[1], data)
            yield record

    def _reader(self, file: Path) -> Mcap | Sqlite:
        if '.mcap' in file.suffixes:
            return Mcap(file, self._fault, self.note)
        if file.suffix != '.db3':
            file = unpack_file(file, self._folder(), self._fault)
        return Sqlite(file, self._fault, self.note, self._folder)

    def _folder(self) -> Path:
        self._scratch.append(tempfile.TemporaryDirectory(prefix='liquid_control_'))
        return Path(self._scratch[-1].name)

    def _fault(self, text: str) -> None:
        if len(self._faults) >= _MOST_FAULTS:
            text = 'and more'
        self._faults.setdefault(text)
