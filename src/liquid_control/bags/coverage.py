"""What a bag contains, before anything is judged by it: one pass, bounded memory, no wall clock."""

from typing import Any

from liquid_control.bags.bag import Bag, BagError
from liquid_control.bags.intervals import Intervals
from liquid_control.bags.merging import sensed
from liquid_control.bags.names import recorded_name
from liquid_control.bags.numbers import numbers
from liquid_control.bags.oddities import oddities
from liquid_control.bags.suitability import hints, too_slow
from liquid_control.bags.values import Values
from liquid_control.control.contract import Contract
from liquid_control.control.observe import Observer
from liquid_control.control.stamps import stamp_ns
from liquid_control.control.topics import is_own

FORMAT = 1


def coverage(
    bag: Bag,
    contract: Contract | None = None,
    observed: dict[str, str] | None = None,
    *,
    whole: bool = True,
) -> dict[str, Any]:
    """Describe the topics, rates, gaps and oddities of a bag, and how far it covers a contract.

    Args:
        bag: the recording.
        contract: what would be sensed; None to look only at the bag.
        observed: contract topic → topic in the bag, where they differ.
        whole: look at all topics; else at those that the contract reads, and its commands.

    Returns:
        A mapping for JSON: ``format``, ``bag`` (the file and what is wrong with it), ``topics``
        and ``contract``. The last two do not depend on how the bag is stored.
    """
    names = sorted(bag.counts)
    if not whole and contract is not None:
        read = [*contract.topics, contract.action.topic]
        names = sorted({recorded_name(topic, observed or {}) for topic in read} & bag.counts.keys())
    watched = {topic: _Topic(bag, topic) for topic in names}
    for topic, number, received, message in bag.decoded(None if whole else names):
        watched[topic].add(number, received, message)
    own_run = any(map(is_own, bag.counts))
    topics = {topic: watch.summary(own_run) for topic, watch in watched.items()}
    covered = _contract(bag, contract, observed or {}, topics) if contract else None
    return {
        'format': FORMAT,
        'bag': bag_facts(bag),
        'topics': topics,
        'contract': covered,
    }


def bag_facts(bag: Bag) -> dict[str, Any]:
    """A bag as a whole, for JSON: what is wrong with it, and what was left out of it so far."""
    starts = [tally.first for tally in bag.tallies.values()]
    ends = [tally.latest for tally in bag.tallies.values()]
    return {
        'path': str(bag.path),
        'storage': bag.storage,
        'whole': bag.damage is None,
        'damage': bag.damage,
        'checksums': bag.checked,
        'notes': list(bag.notes),
        'left_out': [[*reason, count] for reason, count in sorted(bag.left_out.items())],
        'messages': sum(bag.counts.values()),
        'duration_s': (max(ends) - min(starts)) / 1e9,
        'starts_ns': min(starts),
    }


class _Topic:
    """Watches one topic."""

    def __init__(self, bag: Bag, topic: str):
        self._bag, self._topic = bag, topic
        self._tally = bag.tallies[topic]
        self._header = self._tally.source == 'header'
        self._restarts, self._ahead = list(self._tally.restarts), frozenset(self._tally.ahead)
        self._stamps, self._received = Intervals(), Intervals()
        self._decoded = 0
        self._values = []
        if bag.known(topic):
            result = numbers(bag.fields, bag.types[topic])
            self._values = [Values(one) for one in result]

    def add(self, number: int, received: int, message: Any) -> None:
        """Take in a message and its index on the topic."""
        self._decoded += 1
        self._received.add(received)
        if self._header:
            stamp = stamp_ns(message)
            while self._restarts and self._restarts[0] <= number:
                self._stamps.restart()
                self._restarts.pop(0)
            if stamp and number not in self._ahead:
                self._stamps.add(stamp)
        if message.__msgtype__ == self._bag.types[self._topic]:
            for values in self._values:
                values.add(message)

    def summary(self, own_run: bool) -> dict[str, Any]:
        tally, received = self._tally, self._received.summary()
        low, high = tally.spans(tally.source)
        result = {
            'type': self._bag.types[self._topic],
            'type_from': self._bag.origin(self._topic),
            'why_unknown': self._bag.why_unknown(self._topic),
            'messages': tally.count,
            'promised': self._bag.promised.get(self._topic),
            'decoded': self._decoded,
            'stamps': tally.source,
            'zero_stamps': tally.zero,
            'restarts': len(tally.restarts),
            'ahead': len(tally.ahead),
            'micro': tally.micro,
            'duration_s': (high - low) / 1e9,
            'starts_ns': low,
            **(self._stamps.summary() if self._header else received),
            'receive': received,
            'clock': {'ahead_s': tally.offset_ns / 1e9, 'drift_s': tally.drift_ns / 1e9}
            if self._header
            else None,
            'fields': {v.numbers.field: v.summary() for v in self._values},
        }
        odd = oddities(result, self._topic, own_run)
        texts = {'oddities': [one.text for one in odd], 'minor': [o.text for o in odd if o.minor]}
        return {**result, **texts}


def _contract(
    bag: Bag, contract: Contract, observed: dict[str, str], topics: dict[str, Any]
) -> dict[str, Any]:
    result: dict[str, Any] = {
        'robot': contract.robot,
        'hash': contract.hash,
        'rate_hz': contract.rate,
        'observed_hz': None,
        'why_not': None,
        'too_slow': None,
        'hints': [],
        'paced': 0,
        'complete': 0,
        'finite': 0,
        'terms': [_term(term, observed, topics) for term in contract.sensed],
    }
    try:
        _observe(bag, contract, observed, result)
    except BagError as error:
        result['why_not'] = str(error)
    result['too_slow'] = too_slow(result['observed_hz'], contract)
    result['hints'] = list(hints(contract, observed, topics, result['observed_hz']))
    pace = recorded_name(next(iter(contract.topics)), observed)
    result['paced'] = max(result['paced'], bag.counts[pace])  # with those that could not be used
    for term in result['terms']:
        term['share'] = term.pop('fresh') / result['paced'] if result['paced'] else 0.0
    return result


def _term(term: Any, observed: dict[str, str], topics: dict[str, Any]) -> dict[str, Any]:
    recorded = recorded_name(term.topic, observed)
    field = topics.get(recorded, {}).get('fields', {}).get(term.field, {})
    seen = term.order if term.order else field.get('channels', {})
    missing = [name for name in term.channels if name not in seen]
    return {
        'name': term.name,
        'topic': recorded,
        'field': term.field,
        'channels': len(term.channels),
        'missing': missing,
        'fresh': 0,
        'not_finite': 0,
    }


def _observe(bag: Bag, contract: Contract, observed: dict[str, str], result: dict) -> None:
    """Count pacing messages, those at which each term is fresh, and resulting observations."""
    observer = Observer(contract)
    pace, held = next(iter(contract.topics)), contract.held
    freshness_ns = round(contract.freshness * 1e9)
    last: dict[str, int] = {}
    rows = list(zip(result['terms'], contract.sensed, strict=True))
    parts, start = [], 0
    for term in contract.sensed:
        parts.append(slice(start, start + len(term.channels)))
        start = parts[-1].stop
    intervals = Intervals()
    for topic, message in sensed(bag, contract, observed):
        stamp = last[topic] = stamp_ns(message)
        complete = observer.update(topic, message)
        if topic == pace:
            result['paced'] += 1
            for row, term in rows:
                seen = last.get(term.topic)
                if seen is not None and (term.topic in held or stamp - seen <= freshness_ns):
                    row['fresh'] += 1
        if complete is not None:
            result['complete'] += 1
            intervals.add(complete[0])
            if complete[1].max() < float('inf') and complete[1].min() > -float('inf'):
                result['finite'] += 1
            else:
                for (row, _), part in zip(rows, parts, strict=True):
                    values = complete[1][part]
                    row['not_finite'] += int((values - values != 0).any())
    result['observed_hz'] = intervals.summary()['rate_hz']
