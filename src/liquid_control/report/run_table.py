"""Runs side by side: what their policies achieve, and how fast they answer; two tables."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from rich.console import Group
from rich.text import Text

from liquid_control.report.fitted import NOTHING, Figure, FittedTable
from liquid_control.report.summary import summary

_TEXTS = 2


class Column(NamedTuple):
    """One column: its heading, what it means, and its value for a run's metrics."""

    heading: str
    meaning: str
    value: Callable[[dict], Any]
    form: str = ''
    brief: str = ''
    parts: tuple[str, ...] = ()

    @property
    def figure(self) -> Figure:
        """The column on a terminal and in CSV."""
        return Figure(self.brief or self.heading, self.form, self.parts)

    def text(self, metrics: dict) -> str:
        """The text of its cell."""
        return self.figure.text(self.value(metrics))


def _figure(name: str) -> Callable[[dict], Any]:
    return lambda metrics: metrics['figures'].get(name)


def _step(metrics: dict) -> Any:
    pair = tuple(metrics['figures'].get(f'policy_step_us_{p}') for p in _PAIR)
    return None if pair[0] is None else pair


def _latency(metrics: dict) -> Any:
    timing = metrics.get('timing') or {}
    pair = tuple(timing.get(f'sensor_to_command_ms_{p}') for p in _PAIR)
    if pair == (None, None) and not timing.get('missed_deadlines'):
        return None
    return tuple(beyond(metrics) if value is None else value for value in pair)


def _timing(name: str, factor: float = 1.0) -> Callable[[dict], Any]:
    def value(metrics: dict) -> Any:
        found = (metrics.get('timing') or {}).get(name)
        return None if found is None else factor * found

    return value


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
_FAULT = Column('fault', 'faults of the run', _run('fault'))
_PARAMETERS = Column(
    'parameters',
    "numbers in the policy's network",
    _figure('parameters'),
    ',.0f',
    'params',
)
ACHIEVED = (
    _POLICY,
    _FAULT,
    Column('return', 'mean sum of rewards of an episode', _figure('return_mean'), '.0f'),
    Column('steps', 'mean length of an episode in control periods', _figure('steps_mean'), '.0f'),
    Column('falls', 'episodes that ended in a fall', _figure('falls'), '.0f'),
    Column(
        'error / persistence',
        'squared error of the predicted next observation over that of predicting no change; '
        'below 1 the model knows how the robot moves',
        _figure('prediction_ratio'),
        '.3f',
        'error / persist.',
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
        '.1f',
        'sensor→ command, ms',
        _PAIR,
    ),
    Column(
        'missed deadlines',
        'control periods that ended before their command came',
        _timing('missed_deadlines'),
        ',.0f',
        'missed',
    ),
    Column('periods', 'control periods in all', _timing('periods'), ',.0f', 'of'),
    Column(
        'missed, %',
        'share of the periods; more than 1 %: too slow',
        _timing('missed_share', 100.0),
        '.1f',
        'missed, %',
    ),
    Column(
        'policy step, µs',
        "time of one step of the policy's network, p50 / p99",
        _step,
        '.0f',
        'step, µs',
        _PAIR,
    ),
    Column(
        'memory, MiB',
        "the policy process's resident memory",
        _figure('resident_mb'),
        '.0f',
        'memory, MiB',
    ),
)
"""How fast a policy's commands come, where deadlines can be missed."""


class Comparison(NamedTuple):
    """One table: its title, its columns, and the metrics of its runs."""

    title: str
    columns: tuple[Column, ...]
    runs: list[dict]
    slow: list[bool]
    """Whether a run missed too many deadlines."""
    note: str = ''
    """What the reader must know of its figures."""

    @property
    def rows(self) -> list[list[str]]:
        """A row of texts for each run."""
        return [[column.text(run) for column in self.columns] for run in self.runs]


def comparisons(metrics: Iterable[dict]) -> list[Comparison]:
    """The tables that these runs fill, each with the runs that belong into it."""
    metrics = list(metrics)
    achieved = [m for m in metrics if m['run'].get('mode') != 'realtime']
    timed = [m for m in metrics if m.get('timing')]
    found = []
    if achieved:
        title = 'What the policies achieve'
        if any(m['run'].get('mode') == 'lockstep' for m in achieved):
            title += ', in lockstep: not changed by a slow or busy machine'
        slow = [False] * len(achieved)
        found.append(Comparison(title, ACHIEVED, achieved, slow, _unscored(achieved)))
    if timed:
        slow = [m['timing'].get('in_time') is False for m in timed]
        title = 'How fast they answer, in real time on this machine'
        if len(timed) < len(metrics) and not any(map(_faulty, timed)):
            title += ', without faults'
        found.append(Comparison(title, ANSWERED, timed, slow))
    return found


def _faulty(metrics: dict) -> bool:
    return metrics['run'].get('fault') not in (None, '', 'none')


def _unscored(metrics: Sequence[dict]) -> str:
    """Why some runs have no prediction error, though their policies answered."""
    figures = [m['figures'] for m in metrics]
    if not any(f.get('prediction_scored') == 0 and f.get('steps_mean') for f in figures):
        return ''
    return (
        f'{NOTHING} under error / persist.: predictions are for one nominal period ahead, and no '
        'observation came so long after another.'
    )


def comparison(metrics: Sequence[dict]) -> Group:
    """All there is to say of some runs, for a terminal: sentences, then tables.

    Args:
        metrics: what ``measure`` returned of each run.
    """
    sentences = [Text(s.text, style='bold red' if s.bad else '') for s in summary(metrics)]
    parts: list[Any] = [*sentences, '']
    for compared in comparisons(metrics):
        parts += [Text(compared.title, style='bold'), _table(compared)]
        if compared.note:
            parts += [Text(compared.note, style='dim'), '']
    return Group(*parts)


def _table(compared: Comparison) -> FittedTable:
    names, figures = compared.columns[:_TEXTS], compared.columns[_TEXTS:]
    headings = [column.heading for column in names]
    table = FittedTable(*headings, *(c.figure for c in figures), left=headings, keys=_TEXTS)
    for run, slow in zip(compared.runs, compared.slow, strict=True):
        texts = [column.text(run) for column in names]
        table.add_row(*texts, *(c.value(run) for c in figures), style='red' if slow else None)
    return table
