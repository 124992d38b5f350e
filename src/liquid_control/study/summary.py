"""Results of a comparison as rows, one for each cell and size, over its seeds."""

from collections.abc import Iterable, Mapping
from statistics import median
from typing import Any

from liquid_control.evaluation.statistics import interval
from liquid_control.report.fitted import Figure, FittedTable
from liquid_control.study.footing import PART, TUNING, at_end
from liquid_control.study.sequences import StudyData

_COSTS = 'seconds', 'seconds_update', 'seconds_round', 'saved_mb', 'peak_resident_mb'


def summarize(results: Iterable[Mapping[str, Any]], data: StudyData) -> list[dict[str, Any]]:
    """Rows, best first: scores as interquartile mean with interval over seeds, and costs.

    Args:
        results: results of finished runs, as in the study's folder.
        data: names the score that cells are compared by.
    """
    groups: dict[tuple[str, int], list[Mapping[str, Any]]] = {}
    tried: dict[tuple[str, int], set[float]] = {}
    for result in results:
        run = result['run']
        key = run['cell'], next(iter(run['model'].values()), 0)
        if run['part'] == PART:
            groups.setdefault(key, []).append(result)
        elif run['part'] == TUNING:
            tried.setdefault(key, set()).add(run['recipe']['learning_rate'])
    rows = [_row(cell, size, group, tried) for (cell, size), group in groups.items()]
    sign = -1.0 if data.greater else 1.0

    def rank(row: Mapping[str, Any]) -> tuple[int, float]:
        score = row['scores'].get(f'test_{data.criterion}')
        return row['size'], float('inf') if score is None else sign * score['iqm']

    return sorted(rows, key=rank)


def _row(cell: str, size: int, group: list, tried: Mapping) -> dict[str, Any]:
    whole = [result for result in group if not result.get('failed')]
    recipe = group[0]['run']['recipe']
    row: dict[str, Any] = {
        'cell': cell,
        'size': size,
        'seeds': sorted(result['run']['seed'] for result in whole),
        'failed': {r['run']['name']: r['failed'] for r in group if r.get('failed')},
        'learning_rate': recipe['learning_rate'],
        'at_end_of_grid': at_end(recipe['learning_rate'], tried.get((cell, size), ())),
        'updates': recipe['updates'],
        'scores': {},
    }
    if whole:
        for name in whole[0]:
            scored = name.startswith(('test_', 'validation_', 'train_', 'outside_'))
            if scored and isinstance(whole[0][name], int | float):  # not a curve
                middle, low, high = interval([result[name] for result in whole])
                seeds = [result[name] for result in whole]
                row['scores'][name] = {'iqm': middle, 'low': low, 'high': high, 'seeds': seeds}
        for name in ('parameters', 'units', 'counts', 'state_bytes'):
            row[name] = whole[0].get(name)
        for name in _COSTS:
            row[name] = median(result[name] for result in whole)
    return row


def table(rows: Iterable[Mapping[str, Any]], data: StudyData) -> FittedTable:
    """The rows as a table for the terminal."""
    shown = FittedTable(
        'cell', Figure('size', ',d'),
        Figure('IQM [95 %]', '.3f', ('IQM', 'low', 'high'), '{} [{}, {}]', True),
        Figure('params', ',d'), Figure('round, s', '.1f'), Figure('saved, MiB', '.1f'),
        Figure('lr'), title=f'{data.title}: test {data.criterion}',
    )  # fmt: skip
    for row in rows:
        score = row['scores'].get(f'test_{data.criterion}')
        rate = f'{row["learning_rate"]:g}{" (end)" if row["at_end_of_grid"] else ""}'
        if score is None:
            shown.add_row(row['cell'], row['size'], 'failed', None, None, None, rate)
        else:
            shown.add_row(
                row['cell'], row['size'], (score['iqm'], score['low'], score['high']),
                row['parameters'], row['seconds_round'], row['saved_mb'], rate,
            )  # fmt: skip
    return shown
