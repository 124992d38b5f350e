"""Anything odd about a topic, in plain words."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from liquid_control.bags.intervals import BURST
from liquid_control.control.observe import no_value
from liquid_control.control.topics import is_own

_FAR_S, _DRIFT_S = 1.0, 0.1
_MANY, _FEW = 0.1, 10
_OWN_KINDS = ('clock', 'diagnostics')


class Oddity(NamedTuple):
    """Something that one should know before trusting a topic's numbers.

    Attributes:
        text: what it is.
        minor: whether many good bags have it too, such as a field that is always empty.
    """

    text: str
    minor: bool = False


def oddities(topic: dict[str, Any], name: str = '', own_run: bool = False) -> list[Oddity]:
    """List everything that one should know before trusting a topic's numbers.

    Args:
        topic: the topic's entry from :func:`~liquid_control.bags.coverage.coverage`.
        name: its name.
        own_run: whether the bag is of a run of this package, whose headers are on a simulation's
            clock, and whose own topics are stamped as it likes.
    """
    listed = list(map(Oddity, _counts(topic)))
    if not own_run:
        listed += [*map(Oddity, _clock(topic)), *_receiving(topic)]
    elif not (is_own(name) or name in _OWN_KINDS or topic['stamps'] == 'receive'):
        listed += map(Oddity, _clock(topic))
    for field, about in topic['fields'].items():
        listed += _field(field, about)
    return listed


def _counts(topic: dict[str, Any]) -> Iterator[str]:
    messages = topic['messages']
    if topic['type_from'] == 'unknown':
        yield f'not decoded: {topic["why_unknown"]}'
    elif topic['decoded'] != messages:
        yield f'{messages - topic["decoded"]} of {messages} messages cannot be decoded'
    if topic['promised'] not in (None, messages):
        yield f'{topic["promised"]} messages promised, {messages} found'


def _clock(topic: dict[str, Any]) -> Iterator[str]:
    median = topic['interval_ms']
    if topic['stamps'] == 'receive' and topic['zero_stamps']:
        yield 'header stamps are all zero: receive stamps are used'
    elif topic['zero_stamps']:
        yield f'{topic["zero_stamps"]} header stamps are zero: those messages are left out'
    if topic['restarts']:
        yield f'its clock is set back: {topic["restarts"]} (and goes on from there)'
    if topic['ahead']:
        yield f'stamps far ahead of the next: {topic["ahead"]}'
    if topic['backward']:
        yield f'stamps go back: {topic["backward"]}'
    if topic['repeated']:
        yield f'stamps equal to the previous one: {topic["repeated"]}'
    if topic['micro']:
        yield (
            'the nanosec of its header stamps never exceeds 999,999: microseconds, it seems, so '
            'that time jumps at every full second'
        )
        return
    if topic['gaps']:
        longest = f'{_time(topic["longest_ms"] / 1e3)} at {topic["longest_at_s"]:.2f} s'
        yield f'{_number(topic["gaps"], "gap")} beyond 3 medians, the longest {longest}'
    if topic['bursts']:
        yield f'{_number(topic["bursts"], "interval")} below a tenth of the median, {median:.3g} ms'


def _receiving(topic: dict[str, Any]) -> Iterator[Oddity]:
    """What there is about the clock that received a topic with header stamps."""
    clock = topic['clock']
    if clock and abs(clock['ahead_s']) > _FAR_S:
        side = 'ahead of' if clock['ahead_s'] > 0 else 'behind'
        yield Oddity(f'header clock {_time(abs(clock["ahead_s"]))} {side} the receive clock')
    if (
        clock
        and not topic['micro']
        and abs(clock['drift_s']) > max(_DRIFT_S, 1e-3 * topic['duration_s'])
    ):
        yield Oddity(f'header and receive clock drift apart by {_time(abs(clock["drift_s"]))}')
    if topic['stamps'] == 'header' and not topic['micro']:
        received = topic['receive']
        if received['repeated']:
            text = f'receive stamps equal to the previous one: {received["repeated"]} (not used)'
            yield Oddity(text, minor=True)
        if _in_bursts(received, topic['interval_ms'], topic['messages']):
            yield Oddity('received in bursts; receive stamps are not used', minor=True)


def _in_bursts(received: dict[str, Any], median: float | None, messages: int) -> bool:
    interval = received['interval_ms']
    squeezed = bool(median and interval and interval < BURST * median)
    return squeezed or received['bursts'] > _MANY * messages


def _field(field: str, about: dict[str, Any]) -> Iterator[Oddity]:
    messages, channels = about['messages'], about['channels']
    if messages and about['empty'] == messages:
        yield Oddity(f'{field}: always empty', minor=True)
        return
    for count, text in (
        (about['empty'], f'empty in {about["empty"]} of {messages} messages'),
        (about['unnamed'], f'values without names in {about["unnamed"]} messages: specify an '
                           'order'),
        (about['mismatched'], 'different numbers of values and names in '
                              f'{about["mismatched"]} messages'),
        (about['wide'], f'more than 512 values in {about["wide"]} messages: not examined'),
        (about['layouts'] > 1, 'names or sizes change from message to message'),
    ):  # fmt: skip
        if count:
            yield Oddity(f'{field}: {text}')
    used = messages - about['empty'] - about['mismatched'] - about['wide']
    kinds: dict[Oddity, list[str]] = {}
    marker = f'{no_value(field):g}'.replace('e+0', 'e')
    for name, channel in channels.items():
        for kind in _channel(channel, used, marker):
            kinds.setdefault(kind, []).append(name)
    for kind, names in kinds.items():
        who = 'all' if len(names) == len(channels) and len(names) > 1 else ', '.join(names[:6])
        more = f' and {len(names) - 6} more' if len(names) > 6 and who != 'all' else ''
        yield Oddity(f'{field}: {kind.text}: {who}{more}', kind.minor)


def _channel(channel: dict[str, Any], messages: int, marker: str) -> Iterator[Oddity]:
    count = channel['count']
    usable = count - channel['not_finite'] - channel['sentinel']
    if count < messages:
        yield Oddity('not in every message')
    if channel['not_finite'] == count:
        yield Oddity('always NaN')
    elif channel['not_finite']:
        yield Oddity('NaN or infinite at times')
    if channel['sentinel']:
        yield Oddity(f'says "no value" ({marker}), read as NaN')
    if usable and channel['zero'] == usable:
        yield Oddity('always zero', minor=True)
    elif usable > 1 and channel['min'] == channel['max']:
        yield Oddity('constant', minor=True)
    elif count > _FEW and channel['repeated'] > _MANY * count:
        text = 'repeats the previous value in more than a tenth of the messages'
        yield Oddity(text, minor=True)


def _number(count: int, what: str) -> str:
    return f'{count} {what}' if count == 1 else f'{count} {what}s'


def _time(seconds: float) -> str:
    if seconds >= 172_800:
        return f'{seconds / 86_400:.1f} days'
    return f'{seconds:.3g} s' if seconds >= 1.0 else f'{seconds * 1e3:.3g} ms'
