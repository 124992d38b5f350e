"""Results of a study: the recipes against their published errors, and the compared cells."""

import math
from collections.abc import Iterable, Mapping
from statistics import mean, median, stdev
from typing import Any

from liquid_control.evaluation.statistics import bounds_name, interval
from liquid_control.report.fitted import Figure, FittedTable
from liquid_control.study.footing import at_end

WITHIN = 0.05
"""Relative deviation from the published error up to which a recipe counts as reproduced."""
_MEASURED = Figure('measured', '.3f', ('mean', 'deviation'), '{} ± {}', True)


def summarize(
    results: Iterable[Mapping[str, Any]], published: Mapping[str, tuple[float, float]]
) -> dict[str, Any]:
    """Recipes, comparison and best model, each as a list of rows.

    Args:
        results: results of finished runs, as in the study's folder.
        published: cell → (mean squared error, deviation over seeds).
    """
    groups: dict[tuple, list[Mapping[str, Any]]] = {}
    for result in results:
        run = result['run']
        groups.setdefault((run['part'], run['cell'], run['model'].get('budget')), []).append(result)
    rows: dict[str, list[dict[str, Any]]] = {'recipes': [], 'comparison': [], 'best': []}
    for (part, cell, budget), group in sorted(groups.items(), key=lambda item: str(item[0])):
        if part not in rows:
            continue
        row = {'cell': cell, **({'budget': budget} if budget else {}), **_row(group)}
        if part == 'recipes' and cell in published:
            row['published_mse'], row['published_deviation'] = published[cell]
            if row['test_mse'] is not None:  # the published error includes the penalty
                row['ratio'] = (row['test_mse']['mean'] + row['penalty']) / row['published_mse']
                row['reproduced'] = abs(row['ratio'] - 1) <= WITHIN
        rows[part].append(row)
    for row in rows['comparison']:
        tried = {
            result['run']['recipe']['learning_rate']
            for (part, cell, budget), group in groups.items()
            if (part, cell, budget) == ('tuning', row['cell'], row['budget'])
            for result in group
        }
        row['at_end_of_grid'] = at_end(row['learning_rate'], tried)
    for part in rows.values():
        part.sort(key=lambda row: (row.get('budget') or 0, (row['test_mse'] or {}).get('iqm', 1e9)))
    return rows


def _row(group: list[Mapping[str, Any]]) -> dict[str, Any]:
    """The row of one cell, over its seeds."""
    whole = [result for result in group if not result.get('failed')]
    row: dict[str, Any] = {
        'seeds': sorted(result['run']['seed'] for result in whole),
        'failed': {result['run']['name']: result['failed'] for result in group
                   if result.get('failed')},
        'learning_rate': group[0]['run']['recipe']['learning_rate'],
        'updates': group[0]['run']['recipe']['updates'],
        'parameters': group[0].get('parameters'),
        'counts': group[0].get('counts'),
        'test_mse': None,
    }  # fmt: skip
    if not whole:
        return row
    for name in ('test_mse', 'validation_mse', 'train_mse'):
        row[name] = _spread([result[name] for result in whole])
    row['devices'] = sorted({result.get('device', 'cpu') for result in whole})
    for name in ('seconds', 'seconds_update', 'seconds_round', 'saved_mb', 'peak_resident_mb'):
        row[name] = median(result[name] for result in whole)
        if name.startswith('seconds') and len(row['devices']) > 1:
            row[name] = math.nan  # times on different devices have no common median
    row['penalty'] = mean(result.get('penalty', 0.0) for result in whole)
    return row


def _spread(scores: list[float]) -> dict[str, Any]:
    middle, low, high = interval(scores)
    deviation = stdev(scores) if len(scores) > 1 else None
    return {
        'iqm': middle, 'low': low, 'high': high, 'mean': mean(scores), 'deviation': deviation,
        'seeds': scores,
    }  # fmt: skip


def tables(summary: Mapping[str, Any], baselines: Mapping[str, float]) -> list[FittedTable]:
    """The summary as tables for the terminal."""
    printed: list[FittedTable] = []
    if summary['recipes']:
        table = FittedTable(
            'cell', _MEASURED, Figure('penalty', '.3f'),
            Figure('published', '.3f', ('mean', 'deviation'), '{} ± {}', True),
            Figure('ratio', '.2f'), Figure('seeds', 'd'), title='Published recipes: test MSE',
        )  # fmt: skip
        for row in summary['recipes']:
            published = row['published_mse'], row['published_deviation']
            table.add_row(
                row['cell'], _measured(row), row.get('penalty'), published, row.get('ratio'),
                len(row['seeds']),
            )  # fmt: skip
        printed.append(table)
    seeds = max((len(row['seeds']) for row in summary['comparison']), default=0)
    for budget in dict.fromkeys(row['budget'] for row in summary['comparison']):
        heading = f'IQM [{bounds_name(seeds)}]' if seeds > 1 else 'one seed'
        table = FittedTable(
            'cell', Figure(heading, '.3f', ('IQM', 'low', 'high'), '{} [{}, {}]', True),
            Figure('val', '.3f'), Figure('params', ',d'), Figure('round, s', '.1f'),
            Figure('saved, MiB', '.0f'), Figure('peak, MiB', '.0f'), Figure('lr'),
            title=f'Same footing, about {budget:,} parameters: test MSE',
        )  # fmt: skip
        for row in summary['comparison']:
            if row['budget'] == budget:
                table.add_row(row['cell'], *_compared(row))
        printed.append(table)
    if summary['best']:
        table = FittedTable('cell', _MEASURED, Figure('params', ',d'), Figure('seeds', 'd'),
                            title='Best causal model: test MSE')  # fmt: skip
        for row in summary['best']:
            table.add_row(row['cell'], _measured(row), row['parameters'], len(row['seeds']))
        printed.append(table)
    table = FittedTable('baseline', Figure('measured', '.2f'), title='For comparison: test MSE')
    table.add_row('persistence', baselines['persistence_mse'])
    table.add_row('linear map', baselines['linear_mse'])
    return [*printed, table]


def _compared(row: Mapping[str, Any]) -> list[Any]:
    error = row['test_mse']
    if error is None:
        return ['failed', *[None] * 6]
    return [
        (error['iqm'], error['low'], error['high']), row['validation_mse']['iqm'],
        row['parameters'], row['seconds_round'], row['saved_mb'], row['peak_resident_mb'],
        f'{row["learning_rate"]:g}{" (end)" if row["at_end_of_grid"] else ""}',
    ]  # fmt: skip


def _measured(row: Mapping[str, Any]) -> str | tuple[float, float | None]:
    error = row['test_mse']
    return 'failed' if error is None else (error['mean'], error['deviation'])
