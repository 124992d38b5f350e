"""A contract drafted from a bag's contents, for a person to check."""

import math
from typing import Any

import yaml

from liquid_control.bags.names import looks_commanded, named_command
from liquid_control.bags.storage import BagError
from liquid_control.bags.suitability import in_degrees
from liquid_control.control.spread import floored
from liquid_control.control.topics import FLOAT64_MULTI_ARRAY, JOINT_STATE, is_own

_UNITS = {
    'position': 'rad', 'positions': 'rad', 'velocity': 'rad/s', 'velocities': 'rad/s',
    'effort': 'N·m', 'efforts': 'N·m', 'angular_velocity': 'rad/s', 'angular': 'rad/s',
    'linear_acceleration': 'm/s^2', 'linear': 'm/s', 'orientation': '1',
}  # fmt: skip
_RATES = (1, 2, 5, 10, 20, 25, 30, 40, 50, 60, 80, 100, 120, 125, 150, 200, 240, 250, 300, 333,
          400, 500, 600, 800, 1000, 2000)  # fmt: skip
_NEAR, _OFTEN = 0.03, 0.99
_PERIODS_FRESH, _LEAST_FRESH_S, _GAP = 5, 0.05, 5
_CHECK = '  # CHECK'


def draft(summary: dict[str, Any], robot: str) -> str:
    """Draft a contract as YAML, with ``# CHECK`` wherever a bag cannot tell.

    Args:
        summary: the bag's :func:`~liquid_control.bags.coverage.coverage`.
        robot: a name for the robot.

    Raises:
        BagError: no topic in the bag has numbers that could be observed.
    """
    topics = {
        name: topic
        for name, topic in summary['topics'].items()
        if topic['decoded'] and not is_own(name) and _usable_fields(topic)
    }
    path = summary['bag']['path']
    if not topics:
        raise BagError(f'{path}: no topic with numbers that could be observed: nothing to draft')
    state = _state(topics)
    terms = _terms(state, topics[state], hold=False)
    command, sent = _command(topics, state, terms[0]), None
    if command is not None:
        sent = _terms(command, topics[command], hold=True, order=terms[0]['joints'])[0]
        if _overlap(topics[state], topics[command]):
            terms.append(sent)
    measured = _measured_rate(topics[state])
    rate = _rate(measured)
    fresh = max(_PERIODS_FRESH / rate, _LEAST_FRESH_S)
    lines = [
        f'# Drafted from a bag: {summary["bag"]["messages"]} messages in '
        f'{summary["bag"]["duration_s"]:.1f} s.',
        '# A bag cannot tell units, limits or what is safe: check every line marked CHECK.',
        '# std: no channel has less than a thousandth of the largest in its term.',
        'format: 1',
        f'robot: {_flow(robot)}{_CHECK}',
        f'rate: {rate:g}{_CHECK}: {state} comes at {measured or 0:.1f} Hz',
        f'freshness: {_digits(fresh):g}{_CHECK}: s; an older reading is not used',
        f'max_gap: {_digits(_GAP * fresh):g}{_CHECK}: s; after a longer gap the state is reset',
        'observation:',
    ]
    for term in terms:
        lines += _term_lines(term)
    if sent is not None and sent not in terms:
        lines.append(f'  # {command} is stamped by another clock: it is not observed.{_CHECK}')
    others = [
        f'{name} ({topic["type"].rpartition("/")[2]})'
        for name, topic in summary['topics'].items()
        if name not in (state, command) and not is_own(name) and _commanded(name, topic)
    ]
    lines += _action_lines(sent, terms[0], others)
    return '\n'.join(lines) + '\n'


def _usable_fields(topic: dict[str, Any]) -> dict[str, dict[str, dict]]:
    """Field → channels that a contract can ask for: in nearly every message, not always NaN.

    Where no joint is in every message, as with several publishers, those that are in the most.
    """
    fields = {}
    for field, about in topic['fields'].items():
        most = topic['decoded']
        if topic['type'] == JOINT_STATE:
            most = max((channel['count'] for channel in about['channels'].values()), default=0)
        channels = {
            name: channel
            for name, channel in about['channels'].items()
            if channel['count'] >= _OFTEN * most and 'mean' in channel
        }
        if field and channels:
            fields[field] = channels
    return fields


def _commanded(name: str, topic: dict[str, Any]) -> bool:
    """Whether a topic looks like commands that asked something of the robot."""
    fields = _usable_fields(topic).values()
    return looks_commanded(name, topic['type']) and not (fields and all(map(_always_zero, fields)))


def _state(topics: dict[str, Any]) -> str:
    """Choose the topic that sets the pace: measured joints, if there are any."""

    def rank(name: str) -> tuple:
        kind = topics[name]['type']
        stamped = topics[name]['stamps'] == 'header'
        size = max(map(len, _usable_fields(topics[name]).values()))
        return kind == JOINT_STATE, not named_command(name), stamped, size, topics[name]['messages']

    return max(sorted(topics), key=rank)


def _terms(
    name: str, topic: dict[str, Any], hold: bool, order: list[str] | None = None
) -> list[dict[str, Any]]:
    terms = []
    for field, channels in _usable_fields(topic).items():
        about = topic['fields'][field]
        if _always_zero(channels):
            continue  # published, but never measured
        last = field.split('.')[-1]
        numbered = about['names'] is None and all(map(str.isdecimal, channels))
        unnamed = numbered or about['unnamed'] > 0
        fixed = about['names'] is None and not numbered
        joints = list(channels)
        term = {
            'name': f'commanded_{last}' if hold else _name(name, field, terms, topic['type']),
            'topic': name,
            'type': topic['type'],
            'field': field,
            'components' if fixed else 'joints': joints,
            'unit': _UNITS.get(last, '?'),
            'std': _stds(channels),
            'spans': [(c['min'], c['max']) for c in channels.values()],
            'wide': [
                name for name, c in channels.items() if _UNITS.get(last) == 'rad' and in_degrees(c)
            ],
        }
        if unnamed and not fixed:
            given = order if order and len(order) == len(joints) else None
            term['joints'] = term['order'] = given or [f'{last}_{n}' for n in joints]
        elif not fixed and about['names'] != 'name':
            term['names'] = about['names']
        if hold:
            term['hold'] = True
        terms.append(term)
    if not terms:
        first = next(iter(_usable_fields(topic)))
        raise BagError(f'{name}: {first} and everything else is always zero: nothing to draft')
    return terms


def _always_zero(channels: dict[str, dict]) -> bool:
    return all(channel['min'] == channel['max'] == 0.0 for channel in channels.values())


def _name(topic: str, field: str, terms: list[dict], kind: str) -> str:
    name = f'joint_{field}' if kind == JOINT_STATE else field.replace('.', '_').replace('[]', '')
    taken = [term['name'] for term in terms]
    return name if name not in taken else f'{name}_{len(taken)}'


def _stds(channels: dict[str, dict]) -> list[float]:
    """Standard deviations to three digits, none of them that of numerical noise."""
    return [_digits(std) for std in floored([c['std'] for c in channels.values()]).tolist()]


def _command(topics: dict[str, Any], state: str, first: dict[str, Any]) -> str | None:
    """Find the topic on which the robot was commanded, if one fits the measured joints."""
    joints = set(first.get('joints', []))
    fits = []
    for name, topic in topics.items():
        if name == state or not joints:
            continue
        fields = _usable_fields(topic)
        channels = next(iter(fields.values()))
        if all(map(_always_zero, fields.values())):
            continue  # nothing was ever asked of the robot
        if topic['type'] == JOINT_STATE and named_command(name) and joints & set(channels):
            fits.append((3, topic['messages'], name))
        elif topic['type'] == FLOAT64_MULTI_ARRAY:
            likely = (len(channels) == len(joints)) + named_command(name)
            if likely:
                fits.append((likely, topic['messages'], name))
    return max(fits)[2] if fits else None


def _overlap(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two topics can be put in one order: stamps of two clocks lie far apart."""
    gap_s = abs(one['starts_ns'] - other['starts_ns']) / 1e9
    return gap_s <= max(one['duration_s'], other['duration_s'])


def _action_lines(
    sent: dict[str, Any] | None, measured: dict[str, Any], others: list[str]
) -> list[str]:
    """The action, from recorded commands or else from what was measured.

    Args:
        sent: the term of the commands; None if there are none that a draft can use.
        measured: the first term.
        others: topics with other commands.
    """
    if sent is not None:
        source, topic, kind = sent, sent['topic'], sent['type']
        why = 'the range commanded in the bag; widen it to what the robot may do'
    else:
        source, topic, kind = measured, 'commands', FLOAT64_MULTI_ARRAY
        why = 'the bag has no commands to go by: this is the measured range'
        if others:
            why = f'this is the measured range; commands were sent on {", ".join(others)}'
    lower, upper = zip(*map(_limits, source['spans']), strict=True)
    safe = [0.0 if low <= 0.0 <= high else _digits((low + high) / 2)
            for low, high in zip(lower, upper, strict=True)]  # fmt: skip
    joints = source.get('joints') or source['components']
    field = [f'  field: {source["field"]}'] if kind == JOINT_STATE else []
    return [
        'action:',
        f'  topic: {_flow(topic)}{_CHECK}',
        f'  type: {kind}',
        *field,
        f'  joints: {_flow(joints)}',
        f'  unit: {_flow(source["unit"])}{_CHECK}',
        f'  lower: {_flow(list(lower))}{_CHECK}: {why}',
        f'  upper: {_flow(list(upper))}{_CHECK}',
        f'  safe: {_flow(safe)}{_CHECK}: the command that stops the robot',
    ]


def _term_lines(term: dict[str, Any]) -> list[str]:
    lines = [f'  - name: {_flow(term["name"])}']
    for key in ('topic', 'type', 'field', 'names', 'order', 'joints', 'components', 'unit',
                'std', 'hold'):  # fmt: skip
        if key in term:
            check = _CHECK if key in ('unit', 'order') else ''
            if key == 'unit' and term['wide']:
                check = (
                    f'{_CHECK}: {term["wide"][0]} spans more than two turns: degrees, or a wheel?'
                )
            lines.append(f'    {key}: {_flow(term[key])}{check}')
    return lines


def _limits(span: tuple[float, float]) -> tuple[float, float]:
    low, high = span
    if not low < high:
        low, high = low - 1.0, high + 1.0
    low, high = _digits(low, math.floor), _digits(high, math.ceil)
    return low, high


def _measured_rate(topic: dict[str, Any]) -> float | None:
    """Rate in Hz of a topic's joints: that of its messages, unless they hold only a part each."""
    counts = [c['count'] for channels in _usable_fields(topic).values() for c in channels.values()]
    if max(counts) >= _OFTEN * topic['decoded'] or not topic['duration_s']:
        return topic['rate_hz']
    return (max(counts) - 1) / topic['duration_s']


def _rate(median: float | None) -> float:
    if not median:
        return 1.0
    nearest = min(_RATES, key=lambda rate: abs(rate - median))
    return float(nearest) if abs(nearest - median) < _NEAR * median else _digits(median)


def _digits(value: float, towards: Any = round) -> float:
    """Round to three significant digits."""
    if value == 0.0 or not math.isfinite(value):
        return value
    unit = 10.0 ** (math.floor(math.log10(abs(value))) - 2)
    return float(f'{towards(value / unit) * unit:.6g}')


def _flow(value: Any) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10**6)
    return text.removesuffix('...\n').strip()
