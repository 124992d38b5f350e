"""Recorded bags as named messages in stamp order; damaged bags are read as far as possible.

Files are read from the beginning, in the order in which they were written, and the wall clock
plays no part in the order: two reads are equal. Memory does not grow with a bag's length, because
each topic is read from the file separately and the topics are merged one message at a time.
"""

import heapq
import tempfile
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

from liquid_control.bags.fit import Fit
from liquid_control.bags.names import recorded_name
from liquid_control.bags.stamped import Stamped
from liquid_control.bags.storage import ZSTD_MAGIC, BagError, Channel
from liquid_control.bags.storage import said as first_line
from liquid_control.bags.storage.files import find
from liquid_control.bags.storage.mcap import Mcap
from liquid_control.bags.storage.sqlite import Sqlite
from liquid_control.bags.storage.types import DISTRO, Types
from liquid_control.bags.storage.unpack import unpack_file, unpack_message
from liquid_control.bags.tally import DISTANT_NS, Tally
from liquid_control.control.contract import Contract
from liquid_control.control.observe import stamp_ns
from liquid_control.control.schema import unknown

__all__ = ['Bag', 'BagError']

_MOST_REASONS, _MOST_FAULTS = 8, 20


class Merged(NamedTuple):
    """One of the messages of several topics, in stamp order.

    Attributes:
        now: the latest stamp so far, without single ones that are far ahead, in ns; it never
            decreases, unless the clocks restart.
        topic: the contract's topic.
        message: the message.
        takers: indices of the parts of the contract that can use it.
    """

    now: int
    topic: str
    message: Any
    takers: tuple[int, ...]


class Bag:
    """A recording: a run folder, a rosbag2 folder, or a single ``.mcap`` or ``.db3`` file.

    Bags may be uncompressed, or compressed by file or by message. Types come from the bag's own
    definitions, or else from a distribution. Topics are named without the leading slash, as in
    contracts.

    Args:
        path: the folder or file.
        distro: ROS 2 distribution whose types are used if the bag defines none.

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

    def __init__(self, path: str | Path, distro: str = DISTRO):
        files = find(Path(path))
        self.path = files.path
        self.notes: list[str] = []
        self.left_out: Counter[tuple[str, str]] = Counter()
        self._faults = dict.fromkeys(files.faults)
        self._scratch: list[tempfile.TemporaryDirectory] = []
        self._types = Types(distro, self._note)
        self._readers = [self._reader(file) for file in files.storage]
        names = {'mcap' if type(r) is Mcap else 'sqlite3' for r in self._readers}
        self.storage = '+'.join(sorted(names))
        self.tallies: dict[str, Tally] = {}
        self._scan()
        self.types = {topic: tally.channel.type for topic, tally in self.tallies.items()}
        self.counts = Counter({topic: tally.count for topic, tally in self.tallies.items()})
        self.promised = files.promised or sum((r.promised for r in self._readers), Counter())
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
        """Where a topic's type comes from: ``bag``, a distribution, or ``unknown``."""
        if self.tallies[topic].channel.encoding != 'cdr':
            return 'unknown'
        return self._types.origin(self.types[topic])

    def fields(self, kind: str) -> list[tuple[str, Any]]:
        """(name, description) of the fields of a message type, as rosbags describes them."""
        return self._types.fields(kind)

    def messages(self, topic: str) -> Iterator[Any]:
        """Yield the messages of one topic in the order in which they were written.

        A topic that was not recorded has none. A message that cannot be decoded as its type is left
        out, counted, and reported by :attr:`damage`.

        Raises:
            BagError: the topic's type is unknown, or its messages are not in CDR.
        """
        for *_, message in self.decoded([topic]):
            yield message

    def decoded(self, topics: Collection[str] | None = None) -> Iterator[tuple[str, int, int, Any]]:
        """Yield all messages of topics, or of all topics with a known type.

        Yields:
            Topic, index among the topic's messages, those that cannot be decoded included, receive
            stamp in ns, message.
        """
        if topics is None:
            topics = [topic for topic in self.counts if self.known(topic)]
        refused: Counter[tuple[str, str]] = Counter()
        read: Counter[str] = Counter()
        try:
            for channel, received, data in self._records(topics):
                read[channel.topic] += 1
                try:
                    message = self._types.decoder(channel)(data)
                except BagError as error:
                    raise BagError(f'{self.path}: {channel.topic}: {error}') from None
                except Exception as error:  # damaged bytes can make the decoder raise anything
                    _count(
                        refused,
                        channel.topic,
                        f'cannot be decoded as {channel.type}: {first_line(error)}',
                    )
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

    def known(self, topic: str) -> bool:
        """Whether the messages of a topic can be decoded."""
        return self.origin(topic) != 'unknown'

    def observed(self, contract: Contract, observed: dict[str, str]) -> Iterator[tuple[str, Any]]:
        """Yield (contract topic, message) of all that a contract senses, merged by stamp.

        Each topic keeps the order in which its publisher sent it; among topics, the earliest stamp
        comes first, and at equal stamps the pacing topic comes last. Stamps are those of the
        headers; a topic that has none, or only zeros, gets its receive stamps. If the headers'
        clocks restart, as a simulation's does, each run is merged on its own. A message that lacks
        something that the contract asks for is left out and counted in :attr:`left_out`; so is
        one without a stamp on a topic that has them.

        Args:
            contract: what is sensed.
            observed: contract topic → topic in the bag; a topic that is missing here is read
                under its own name.

        Raises:
            BagError: a topic is not in the bag, has the wrong type, is stamped by a different
                clock from the others, or has no message that the contract can use.
        """
        for _, topic, message, _ in self.merged(contract, observed):
            yield topic, message

    def merged(
        self,
        contract: Contract,
        observed: dict[str, str],
        parts: Sequence[Contract] | None = None,
    ) -> Iterator[Merged]:
        """As :meth:`observed`, for several parts of a contract, each with the time by then.

        A message is yielded if it has all that one of the parts asks for. It is counted as left
        out if it lacks something that another asks for.

        Args:
            contract: what is sensed; its order of topics decides at equal stamps.
            observed: as for :meth:`observed`.
            parts: contracts that ask for less; by default the contract alone.

        Raises:
            BagError: as :meth:`observed`.
        """
        parts = [contract] if parts is None else parts
        streams = []
        for place, (topic, kind) in enumerate(contract.topics.items()):
            recorded = recorded_name(topic, observed)
            self.require(recorded)
            if kind not in self.tallies[recorded].types:
                raise BagError(
                    f'{self.path}: {recorded}: expected {kind}, found {self.types[recorded]}'
                )
            fits = {
                number: Fit(part, topic)
                for number, part in enumerate(parts)
                if topic in part.topics
            }
            streams.append(self._stamped(topic, recorded, fits, -place))
        self._require_one_clock([recorded_name(t, observed) for t in contract.topics])
        for _, now, _, *found in heapq.merge(*streams):  # no two streams have equal orders
            yield Merged(now, *found)

    def require_one_run(self, contract: Contract, observed: dict[str, str]) -> None:
        """Refuse a bag in which the clock of a topic that a contract senses is set back.

        Commands and times could not be told apart from those of another run. The arguments are
        those of :meth:`observed`.

        Raises:
            BagError: a clock restarts; the first such topic is named.
        """
        for topic in contract.topics:
            recorded = recorded_name(topic, observed)
            tally = self.tallies.get(recorded)
            if tally is not None and tally.restarts:
                raise BagError(
                    f'{self.path}: {recorded}: its clock is set back at message '
                    f'{tally.restarts[0]} of {tally.count}: give each run as a separate bag'
                )

    def by_stamp(self, topic: str) -> Stamped:
        """Return the messages of a stamped topic, to be taken by header stamp."""
        found = Stamped()
        for message in self.messages(topic):
            found.add(stamp_ns(message), message)
        return found

    def _stamped(
        self, topic: str, recorded: str, fits: dict[int, Fit], order: int
    ) -> Iterator[tuple]:
        tally, latest, era = self.tallies[recorded], 0, 0
        given, restarts, ahead = tally.source == 'receive', tally.restarts, frozenset(tally.ahead)
        refused: Counter[tuple[str, str]] = Counter()
        taken, first = 0, ''
        for _, number, received, message in self.decoded([recorded]):
            while era < len(restarts) and number >= restarts[era]:
                latest, era = 0, era + 1
            lacks = {place: fit.refusal(message) for place, fit in fits.items()}
            takers = tuple(place for place, why in lacks.items() if why is None)
            whys = {why for why in lacks.values() if why is not None}
            if takers:
                if given:
                    _give(message, received)
                stamp = stamp_ns(message)
                if stamp > 0:
                    if number not in ahead:
                        latest = max(latest, stamp)
                    taken += 1
                    yield era, latest, order, topic, message, takers
                else:
                    whys = {'has no stamp, although others have one'}
            for why in whys:
                _count(refused, recorded, why)
                first = first or why
        self.leave_out(refused)
        if refused and not taken:
            raise BagError(
                f'{self.path}: {recorded}: none of {self.counts[recorded]} messages can be '
                f'used: the first {first}'
            )

    def _require_one_clock(self, topics: list[str]) -> None:
        tallies = {topic: self.tallies[topic] for topic in topics}
        restarts = {topic: len(tally.restarts) for topic, tally in tallies.items()}
        if len(set(restarts.values())) > 1:
            said = ', '.join(f'{topic} {count}' for topic, count in restarts.items())
            raise BagError(
                f'{self.path}: the clocks of these topics restart a different number of times '
                f'({said}): they cannot be put in one order'
            )
        pace, *others = tallies
        for topic in others:
            off = tallies[topic].off_ns(tallies[pace])
            if abs(off) > DISTANT_NS:
                side = 'ahead of' if off > 0 else 'behind'
                raise BagError(
                    f'{self.path}: the headers of {topic} are {abs(off) / 1e9:.3g} s {side} those '
                    f'of {pace} that were received at the same time: two clocks, which cannot be '
                    'brought into one order'
                )
        given = [topic for topic, tally in tallies.items() if tally.source == 'receive']
        for topic, tally in tallies.items():
            if not given or topic in given:
                continue
            low, high = tally.spans('header')
            first, last = tallies[given[0]].spans('receive')
            if high < first or last < low:
                raise BagError(
                    f'{self.path}: {given[0]} has receive stamps only, and the headers of {topic} '
                    f'are {abs(tally.offset_ns) / 1e9:.6g} s off that clock: the two cannot be '
                    'put in one order'
                )

    def _scan(self) -> None:
        for channel, received, data in self._records(None, check=True):
            tally = self.tallies.get(channel.topic)
            if tally is None:
                tally = self.tallies[channel.topic] = self._tally(channel)
            if channel is not tally.channel:
                self._types.learn(channel)
                tally.types.add(channel.type)
            tally.add(received, data)

    def _tally(self, channel: Channel) -> Tally:
        self._types.learn(channel)
        if channel.encoding != 'cdr':
            return Tally(channel, None)
        return Tally(channel, self._types.stamp_reader(channel))

    def _compare(self) -> None:
        for topic in sorted(self.promised.keys() | self.counts.keys()):
            promised, found = self.promised.get(topic, 0), self.counts[topic]
            if self.promised and promised != found:
                self._fault(f'{topic}: {promised} messages promised, {found} found')
        for topic, tally in self.tallies.items():
            if len(tally.types) > 1:
                self._note(f'{topic} has several types: {", ".join(sorted(tally.types))}')
            if tally.source == 'receive':
                why = 'its header stamps are all zero' if tally.zero else 'it has no header'
                self._note(f'{topic} is ordered by receive stamps: {why}')
            elif tally.zero:
                self._note(f'{topic}: {tally.zero} of {tally.count} header stamps are zero')

    def _records(
        self, topics: Collection[str] | None, check: bool = False
    ) -> Iterator[tuple[Channel, int, bytes]]:
        for reader in self._readers:
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
            return Mcap(file, self._fault)
        if file.suffix != '.db3':
            file = unpack_file(file, self._folder(), self._fault)
        return Sqlite(file, self._fault, self._note, self._folder)

    def _folder(self) -> Path:
        self._scratch.append(tempfile.TemporaryDirectory(prefix='liquid_control_'))
        return Path(self._scratch[-1].name)

    def _fault(self, text: str) -> None:
        if len(self._faults) >= _MOST_FAULTS:
            text = 'and more'
        self._faults.setdefault(text)

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)


def _count(refused: Counter[tuple[str, str]], topic: str, why: str) -> None:
    """Count a message that is left out; reasons that differ only by a number do not pile up."""
    if (topic, why) not in refused and len(refused) >= _MOST_REASONS:
        why = why.split(':')[0] + ': other reasons'
    refused[topic, why] += 1


def _give(message: Any, stamp_ns: int) -> None:
    """Stamp a message that has no stamp of its own."""
    sec, nanosec = divmod(stamp_ns, 1_000_000_000)
    if not hasattr(message, 'header'):
        message.header = SimpleNamespace(stamp=SimpleNamespace(sec=0, nanosec=0), frame_id='')
    message.header.stamp.sec, message.header.stamp.nanosec = sec, nanosec
