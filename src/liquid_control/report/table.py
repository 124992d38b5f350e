"""Runs side by side: what their policies achieve, and how fast they answer; two tables."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from rich import box
from rich.console import Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from liquid_control.report.summary import summary

NOTHING = '–'
_TEXTS = 2
_NAME_WIDTH = 16


class Column(NamedTuple):
    """One column: its heading, what it means, and its text for a run's metrics."""

    heading: str
    meaning: str
    text: Callable[[dict], str]
    brief: str = ''

    @property
    def short(self) -> str:
        """The heading for a terminal."""
        return self.brief or self.heading


def _figure(name: str, form: str = '.1f') -> Callable[[dict], str]:
    return lambda metrics: _format(metrics['figures'].get(name), form)


def _step(metrics: dict) -> str:
    p50, p99 = (_format(metrics['figures'].get(f'policy_step_us_{p}'), '.0f') for p in _PAIR)
    return NOTHING if p50 == NOTHING else f'{p50}/{p99}'


def _latency(metrics: dict) -> str:
    timing = metrics.get('timing') or {}
    p50, p99 = (timing.get(f'sensor_to_command_ms_{p}') for p in _PAIR)
    if p50 is None and p99 is None and not timing.get('missed_deadlines'):
        return NOTHING
    return '/'.join(beyond(metrics) if p is None else f'{p:.1f}' for p in (p50, p99))


def _timing(name: str, form: str, factor: float = 1.0) -> Callable[[dict], str]:
    def text(metrics: dict) -> str:
        value = (metrics.get('timing') or {}).get(name)
        return _format(None if value is None else factor * value, form)

    return text


_PAIR = ('p50', 'p99')


def beyond(metrics: dict) -> str:
    """The text of a percentile that falls among missed deadlines."""
    rate = metrics['run'].get('contract', {}).get('rate')
    return f'>{1e3 / rate:g}' if rate else NOTHING


def _run(name: str) -> Callable[[dict], str]:
    return lambda metrics: str(metrics['run'].get(name) or NOTHING)


def _policy(metrics: dict) -> str:
    mark = '' if metrics.get('complete', True) else ' (not complete)'
    return _run('policy')(metrics) + mark


_POLICY = Column('policy', 'which policy drove', _policy)
_FAULT = Column('fault', 'sensor faults', _run('fault'))
_PARAMETERS = Column(
    'parameters',
    "numbers in the policy's network",
    _figure('parameters', ',.0f'),
    'params',
)
ACHIEVED = (
    _POLICY,
    _FAULT,
    Column('return', 'mean sum of rewards of an episode', _figure('return_mean', '.0f')),
    Column('steps', 'mean length of an episode in control periods', _figure('steps_mean', '.0f')),
    Column('falls', 'episodes that ended in a fall', _figure('falls', '.0f')),
    Column(
        'prediction / persistence',
        'squared error of the predicted next observation over that of predicting no change; '
        'below 1 the model knows how the robot moves',
        _figure('prediction_ratio', '.3f'),
        'error/ persist.',
    ),
    _PARAMETERS,
)
"""What a policy achieves: walked in lockstep, which depends on no clock, or on a robot."""
ANSWERED = (
    _POLICY,
    _FAULT,
    Column(
        'sensor → command, ms',
        'time from publishing an observation to receiving its command, p50 / p99; on a robot, '
        'from its stamp; > and the period: the command missed it',
        _latency,
        'sensor→ cmd.,ms',
    ),
    Column(
        'missed deadlines',
        'control periods that ended before their command came',
        _timing('missed_deadlines', ',.0f'),
        'missed',
    ),
    Column('periods', 'control periods in all', _timing('periods', ',.0f'), 'of'),
    Column(
        'missed, %',
        'share of the periods; more than 1 %: too slow',
        _timing('missed_share', '.1f', 100.0),
        'missed %',
    ),
    Column(
        'policy step, µs',
        "time of one step of the policy's network, p50 / p99",
        _step,
        'step, µs',
    ),
    Column(
        'memory, MB',
        "the policy process's resident memory",
        _figure('resident_mb', '.0f'),
        'mem., MB',
    ),
)
"""How fast a policy's commands come, where deadlines can be missed."""


class Comparison(NamedTuple):
    """One table: its title, its columns, and a row of texts for each run."""

    title: str
    columns: tuple[Column, ...]
    rows: list[list[str]]
    slow: list[bool]
    """Whether a row's run missed too many deadlines."""


def comparisons(metrics: Iterable[dict]) -> list[Comparison]:
    """The tables that these runs fill, each with the runs that belong into it."""
    metrics = list(metrics)
    achieved = [m for m in metrics if m['run'].get('mode') != 'realtime']
    timed = [m for m in metrics if m.get('timing')]
    found = []
    if achieved:
        title = 'What the policies achieve'
        if any(m['run'].get('mode') == 'lockstep' for m in achieved):
            title += ', in lockstep: whatever the machine, the same'
        found.append(
            Comparison(title, ACHIEVED, _rows(ACHIEVED, achieved), [False] * len(achieved))
        )
    if timed:
        slow = [m['timing'].get('in_time') is False for m in timed]
        title = 'How fast they answer, in real time on this machine'
        found.append(Comparison(title, ANSWERED, _rows(ANSWERED, timed), slow))
    return found


def _rows(columns: Sequence[Column], metrics: Sequence[dict]) -> list[list[str]]:
    return [[column.text(one) for column in columns] for one in metrics]


def comparison(metrics: Sequence[dict]) -> Group:
    """All there is to say of some runs, for a terminal: sentences, then tables.

    Args:
        metrics: what ``measure`` returned of each run.
    """
    said = [Text(s.text, style='bold red' if s.bad else '') for s in summary(metrics)]
    parts: list[Any] = [*said, '']
    for compared in comparisons(metrics):
        parts += [Text(compared.title, style='bold'), _table(compared)]
    return Group(*parts)


def _table(compared: Comparison) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=0)
    for place, column in enumerate(compared.columns):
        if place < _TEXTS:
            table.add_column(column.heading, no_wrap=True)
        else:
            heading = column.short.replace(' ', '\n')
            table.add_column(heading, justify='right', no_wrap=True)
    for row, slow in zip(compared.rows, compared.slow, strict=True):
        names = (broken(text) for text in row[:_TEXTS])
        style = 'red' if slow else None
        table.add_row(*map(escape, (*names, *row[_TEXTS:])), style=style)
    return table


def broken(text: str, width: int = _NAME_WIDTH) -> str:
    """A name on lines of at most ``width``, broken at ``+``, ``_``, ``-`` and spaces.

    A part without any of these stays whole.
    """
    lines = ['']
    for part in re.findall(r'[+ ]?[^+ _-]*[_-]*', text):
        if lines[-1] and len(lines[-1]) + len(part.rstrip()) > width:
            lines.append('')
            part = part.lstrip()
        lines[-1] += part
    return '\n'.join(line.rstrip() for line in lines)


def _format(value: Any, form: str) -> str:
    return NOTHING if value is None or value != value else format(value, form)
