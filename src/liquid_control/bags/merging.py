"""The messages that a contract senses, from a recorded bag in the order of their stamps.

The wall clock plays no part in the order: two reads are equal. Memory does not grow with a bag's
length, because each topic is read from the file separately and the topics are merged one message at
a time.
"""

import heapq
from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any, NamedTuple

from liquid_control.bags.bag import Bag, BagError
from liquid_control.bags.carried import CarriedOver
from liquid_control.bags.fit import Fit
from liquid_control.bags.names import recorded_name
from liquid_control.bags.refused import Refused
from liquid_control.bags.tally import DISTANT_NS
from liquid_control.control.contract import Contract
from liquid_control.control.fields import check_terms
from liquid_control.control.stamps import ObservationError, stamp_ns
from liquid_control.message_types import of_rosbags


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


def sensed(bag: Bag, contract: Contract, observed: dict[str, str]) -> Iterator[tuple[str, Any]]:
    """Yield (contract topic, message) of all that a contract senses, merged by stamp.

    Each topic keeps the order in which its publisher sent it; among topics, the earliest stamp
    comes first, and at equal stamps the pacing topic comes last. Stamps are those of the headers; a
    topic that has none, or only zeros, gets its receive stamps. If the headers' clocks restart, as
    a simulation's does, each run is merged on its own. Messages that each hold a part of the joints
    are joined by name, see :class:`Fit`. Any other message that lacks something that the
    contract asks for is left out and counted in :attr:`Bag.left_out`; so is one without a stamp on
    a topic that has them.

    Args:
        bag: the recording.
        contract: what is sensed.
        observed: contract topic → topic in the bag; a topic that is missing here is read under its
            own name.

    Raises:
        BagError: a topic is not in the bag, has the wrong type, is stamped by a different clock
            from the others, or has no message that the contract can use.
    """
    for _, topic, message, _ in merged(bag, contract, observed):
        yield topic, message


def merged(
    bag: Bag,
    contract: Contract,
    observed: dict[str, str],
    parts: Sequence[Contract] | None = None,
) -> Iterator[Merged]:
    """As :func:`sensed`, for several parts of a contract, each with the time by then.

    A message is yielded if it has all that one of the parts asks for. It is counted as left out if
    it lacks something that another asks for.

    Args:
        bag: the recording.
        contract: what is sensed; its order of topics decides at equal stamps.
        observed: as for :func:`sensed`.
        parts: contracts that ask for less; by default the contract alone.

    Raises:
        BagError: as :func:`sensed`.
        ContractError: a field is not in the type that the bag defines.
    """
    parts = [contract] if parts is None else parts
    names = [recorded_name(topic, observed) for topic in contract.topics]
    for name in names:
        bag.require(name)
    carried = _carried(bag, names)
    streams = []
    for place, (topic, kind) in enumerate(contract.topics.items()):
        recorded = names[place]
        if kind not in bag.tallies[recorded].types:
            raise BagError(f'{bag.path}: {recorded}: expected {kind}, found {bag.types[recorded]}')
        usable = _Usable(parts, topic, recorded)
        streams.append(_stamped(bag, topic, recorded, usable, -place, carried.get(recorded)))
    check_terms(contract, lambda kind: of_rosbags(bag.fields(kind)))
    require_one_clock(bag, [name for name in names if name not in carried])
    for _, now, _, *found in heapq.merge(*streams):  # no two streams have equal orders
        yield Merged(now, *found)


def require_one_run(bag: Bag, contract: Contract, observed: dict[str, str]) -> None:
    """Refuse a bag in which the clock of a topic that a contract senses is set back.

    Commands and times could not be told apart from those of another run. The arguments are those of
    :func:`sensed`.

    Raises:
        BagError: a clock restarts; the first such topic is named.
    """
    for topic in contract.topics:
        recorded = recorded_name(topic, observed)
        tally = bag.tallies.get(recorded)
        if tally is not None and tally.restarts:
            raise BagError(
                f'{bag.path}: {recorded}: its clock is set back at message '
                f'{tally.restarts[0]} of {tally.count}: give each run as a separate bag'
            )


def _carried(bag: Bag, names: Sequence[str]) -> dict[str, Callable[[int], int]]:
    """Topics without headers, received on another clock than that of the first topic's headers."""
    pace, *others = names
    if bag.tallies[pace].source == 'receive':
        return {}
    low, high = bag.tallies[pace].spans('header')
    found = {}
    for name in others:
        first, last = bag.tallies[name].spans('receive')
        if bag.tallies[name].source == 'receive' and (high < first or last < low):
            found[name] = CarriedOver(bag, pace)
            bag.note(f'{name} has no headers: its receive stamps are put on the clock of {pace}')
    return found


def _stamped(
    bag: Bag,
    topic: str,
    recorded: str,
    usable: '_Usable',
    order: int,
    carried: Callable[[int], int] | None,
) -> Iterator[tuple]:
    """Yield (run, time, order, topic, message, takers) of the messages that a part can use."""
    tally, latest, era = bag.tallies[recorded], 0, 0
    given, restarts, ahead = tally.source == 'receive', tally.restarts, frozenset(tally.ahead)
    taken = 0
    for _, number, received, message in bag.decoded([recorded]):
        while era < len(restarts) and number >= restarts[era]:
            latest, era = 0, era + 1
        if given:
            _give(message, received if carried is None else carried(received))
        for found, takers in usable.take(message):
            stamp = stamp_ns(found)
            if stamp <= 0:
                usable.refuse('has no stamp, although others have one')
                continue
            if number not in ahead:
                latest = max(latest, stamp)
            taken += 1
            yield era, latest, order, topic, found, takers
    if taken and usable.partial:
        bag.note(
            f'{recorded}: {usable.partial.total()} messages hold a part of the joints asked for: '
            'joined by name'
        )
    refused = usable.refused if taken else usable.refused + usable.partial
    bag.leave_out(refused)
    if refused and not taken:
        raise BagError(
            f'{bag.path}: {recorded}: none of {bag.counts[recorded]} messages can be '
            f'used: the first {usable.first}'
        )


class _Usable:
    """Which parts of a contract can use the messages of a topic; partial messages are joined.

    Attributes:
        refused: (topic, why) → number of messages that a part could not use.
        partial: the same of those that were joined with others.
        first: why the first of them could not be used as it is.
    """

    def __init__(self, parts: Sequence[Contract], topic: str, recorded: str):
        self._recorded = recorded
        self._fits = {
            place: Fit(part, topic) for place, part in enumerate(parts) if topic in part.topics
        }
        self.refused, self.partial, self.first = Refused(), Refused(), ''

    def refuse(self, why: str) -> None:
        self.refused.count(self._recorded, why)
        self.first = self.first or why

    def take(self, message: Any) -> list[tuple[Any, tuple[int, ...]]]:
        """Return (message, indices of the parts that can use it), none, one or several."""
        lacks = {place: fit.refusal(message) for place, fit in self._fits.items()}
        takers = tuple(place for place, why in lacks.items() if why is None)
        found = [(message, takers)] if takers else []
        if len(takers) == len(lacks):
            return found
        whys = {}
        for place, why in lacks.items():
            if why is None:
                continue
            self.first = self.first or why
            try:
                whole = self._fits[place].complete(message, why)
            except ObservationError as error:
                whys[str(error)] = None
                continue
            self.partial.count(self._recorded, why)
            if whole is not None:
                found.append((whole, (place,)))
        for why in whys:
            self.refuse(why)
        return found


def require_one_clock(bag: Bag, topics: list[str]) -> None:
    """Refuse topics, as the bag names them, whose stamps cannot be put in one order.

    Raises:
        BagError: their clocks restart differently, or are different clocks.
    """
    tallies = {topic: bag.tallies[topic] for topic in topics}
    restarts = {topic: len(tally.restarts) for topic, tally in tallies.items()}
    if len(set(restarts.values())) > 1:
        said = ', '.join(f'{topic} {count}' for topic, count in restarts.items())
        raise BagError(
            f'{bag.path}: the clocks of these topics restart a different number of times '
            f'({said}): they cannot be put in one order'
        )
    pace, *others = tallies
    for topic in others:
        off = tallies[topic].off_ns(tallies[pace])
        if abs(off) > DISTANT_NS:
            side = 'ahead of' if off > 0 else 'behind'
            raise BagError(
                f'{bag.path}: the headers of {topic} are {abs(off) / 1e9:.3g} s {side} those '
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
                f'{bag.path}: {given[0]} has receive stamps only, and the headers of {topic} '
                f'are {abs(tally.offset_ns) / 1e9:.6g} s off that clock: the two cannot be '
                'put in one order'
            )


def _give(message: Any, stamp_ns: int) -> None:
    """Stamp a message that has no stamp of its own."""
    sec, nanosec = divmod(stamp_ns, 1_000_000_000)
    if not hasattr(message, 'header'):
        message.header = SimpleNamespace(stamp=SimpleNamespace(sec=0, nanosec=0), frame_id='')
    message.header.stamp.sec, message.header.stamp.nanosec = sec, nanosec
