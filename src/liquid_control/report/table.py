"""The comparison of runs as one table, for a terminal or in Markdown."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from rich import box
from rich.markup import escape
from rich.table import Table

NOTHING = '–'
_TEXTS = 2


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


def _pair(name: str, form: str) -> Callable[[dict], str]:
    def text(metrics: dict) -> str:
        p50, p99 = (_format(metrics['figures'].get(f'{name}_{p}'), form) for p in ('p50', 'p99'))
        return NOTHING if p50 == NOTHING else f'{p50}/{beyond(metrics) if p99 == NOTHING else p99}'

    return text


def beyond(metrics: dict) -> str:
    """The text of a percentile that falls among missed deadlines."""
    rate = metrics['run'].get('contract', {}).get('rate')
    return f'>{1e3 / rate:g}' if rate else NOTHING


def _run(name: str) -> Callable[[dict], str]:
    return lambda metrics: str(metrics['run'].get(name) or NOTHING)


def _policy(metrics: dict) -> str:
    mark = '' if metrics.get('complete', True) else ' (not complete)'
    return _run('policy')(metrics) + mark


COLUMNS = (
    Column('policy', 'which policy drove', _policy),
    Column('fault', 'sensor faults', _run('fault')),
    Column('return', 'mean sum of rewards of an episode', _figure('return_mean', '.0f')),
    Column('steps', 'mean length of an episode in control periods', _figure('steps_mean', '.0f')),
    Column(
        'prediction / persistence',
        'squared error of the predicted next observation over that of predicting no change; '
        'below 1 the model knows how the robot moves',
        _figure('prediction_ratio', '.3f'),
        'error/ persist.',
    ),
    Column(
        'policy step, µs',
        "time of one step of the policy's network, p50 / p99",
        _pair('policy_step_us', '.0f'),
        'step, µs',
    ),
    Column(
        'sensor → command, ms',
        'time from publishing an observation to receiving its command, p50 / p99; > and '
        'the period: more than 1 % of the commands missed it',
        _pair('sensor_to_command_ms', '.1f'),
        'sensor→ cmd.,ms',
    ),
    Column(
        'missed deadlines',
        'control periods that ended before their command came',
        _figure('missed_deadlines', '.0f'),
        'missed',
    ),
    Column(
        'memory, MB',
        "the policy process's resident memory",
        _figure('resident_mb', '.0f'),
        'mem., MB',
    ),
    Column(
        'parameters',
        "numbers in the policy's network",
        _figure('parameters', ',.0f'),
        'params',
    ),
)


def comparison_rows(metrics: Iterable[dict]) -> list[list[str]]:
    """Return one row per run, with one text per column of :data:`COLUMNS`."""
    return [[column.text(one) for column in COLUMNS] for one in metrics]


def comparison_table(metrics: Sequence[dict]) -> Table:
    """The comparison for a terminal, from the dicts returned by ``measure``."""
    table = Table(box=box.SIMPLE_HEAD, padding=0)
    rows = comparison_rows(metrics)
    for place, column in enumerate(COLUMNS):
        if place < _TEXTS:
            table.add_column(column.heading, overflow='fold')
        else:
            heading = column.short.replace(' ', '\n')
            table.add_column(heading, justify='right', no_wrap=True)
    for row in rows:
        table.add_row(*map(escape, row))
    return table


def _format(value: Any, form: str) -> str:
    return NOTHING if value is None or value != value else format(value, form)
