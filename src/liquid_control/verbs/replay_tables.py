"""Tables that ``liquid-control replay`` prints."""

from typing import Any

from rich import box
from rich.markup import escape
from rich.table import Table

_AHEAD = (1, 2, 5, 10, 20, 50)


def _text(value: Any, form: str) -> str:
    return '–' if value is None else format(value, form)


def _steps(score: dict[str, Any]) -> str:
    """Number of used observations, with the total if not all were used."""
    used, heard = score['used'], score['observations']
    return str(used) if used == heard else f'{used}/{heard}'


def score_table(scores: list[dict[str, Any]]) -> Table:
    """Table with one row per policy and fault."""
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column('policy', overflow='fold', min_width=6)
    faults = any(score['fault'] != 'none' for score in scores)
    if faults:
        table.add_column('fault', overflow='fold', min_width=6)
    compared = any(score['actions_compared'] for score in scores)
    actions = ['Δ max', 'Δ rms'] if compared else []
    for heading in ('steps', 'error', 'persist.', 'ratio', *actions, 'step µs'):
        table.add_column(heading, justify='right', no_wrap=True)
    for score in scores:
        p50, p99 = (_text(score[f'policy_step_us_{p}'], '.0f') for p in ('p50', 'p99'))
        differences = [_text(score[f'action_difference_{p}'], '.3g') for p in ('max', 'rms')]
        table.add_row(
            escape(score['policy']),
            *([escape(score['fault'])] if faults else []),
            _steps(score),
            _text(score['prediction_mse'], '.2g'),
            _text(score['persistence_mse'], '.2g'),
            _text(score['prediction_ratio'], '.3f'),
            *(differences if compared else []),
            f'{p50}/{p99}',
        )
    return table


def horizon_table(scores: list[dict[str, Any]]) -> Table:
    """Table of error over persistence at some numbers of steps ahead."""
    last = max((score['horizons']['steps'] or [0])[-1] for score in scores)
    ahead = sorted({step for step in _AHEAD if step < last} | ({last} if last else set()))
    table = Table(box=box.SIMPLE_HEAD, title='error / persistence, fed with its own predictions')
    table.add_column('policy', overflow='fold')
    table.add_column('fault', overflow='fold')
    for step in ahead:
        table.add_column(f'{step}', justify='right')
    for score in scores:
        ratios = dict(zip(score['horizons']['steps'], score['horizons']['ratio'], strict=True))
        table.add_row(
            escape(score['policy']),
            escape(score['fault']),
            *(_text(ratios.get(step), '.3f') for step in ahead),
        )
    return table


def fleet_table(found: dict[str, Any]) -> Table:
    """Table with one row per policy and fault, over all recordings."""
    failed = len(found['failed'])
    table = Table(box=box.SIMPLE_HEAD, title=f'{found["recordings"]} recordings, {failed} failed')
    table.add_column('policy · fault', overflow='fold')
    for heading in (
        'recordings', 'steps', 'ratio, median', 'worst', 'watched s', 'alarms', 'alarmed',
    ):  # fmt: skip
        table.add_column(heading, justify='right')
    for name, row in found['policies'].items():
        table.add_row(
            escape(name),
            str(row['recordings']),
            _steps(row),
            _text(row['prediction_ratio_median'], '.3f'),
            _text(row['prediction_ratio_worst'], '.3f'),
            f'{row["watched_s"]:.1f}' if row['watched_s'] else '–',
            str(row['alarms']),
            str(len(row['alarmed'])),
        )
    return table
