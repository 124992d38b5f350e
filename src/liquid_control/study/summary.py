"""Results of a study: the recipes against their published errors, and the compared cells."""

import math
from collections.abc import Iterable, Mapping
from statistics import mean, median, stdev
from typing import Any

from rich import box
from rich.table import Table

from liquid_control.evaluation.statistics import interval

WITHIN = 0.05
"""Relative deviation from the published error up to which a recipe counts as reproduced."""
NOTHING = '–'


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


def tables(summary: Mapping[str, Any], baselines: Mapping[str, float]) -> list[Table]:
    """The summary as tables for the terminal."""
    found = []
    if summary['recipes']:
        table = _table(
            'Published recipes: test MSE', 'measured', 'penalty', 'published', 'ratio', 'seeds'
        )
        for row in summary['recipes']:
            published = f'{row["published_mse"]:.3f} ± {row["published_deviation"]:.3f}'
            ratio = f'{row["ratio"]:.2f}' if 'ratio' in row else NOTHING
            penalty = f'{row["penalty"]:.3f}' if 'penalty' in row else NOTHING
            seeds = str(len(row['seeds']))
            table.add_row(row['cell'], _measured(row), penalty, published, ratio, seeds)
        found.append(table)
    for budget in dict.fromkeys(row['budget'] for row in summary['comparison']):
        table = _table(
            f'Same footing, about {budget:,} parameters: test MSE', 'IQM [95 %]', 'val', 'params',
            'round\ns', 'saved\nMiB', 'peak\nMiB', 'lr',
        )  # fmt: skip
        for row in summary['comparison']:
            if row['budget'] == budget:
                table.add_row(*_compared(row))
        found.append(table)
    if summary['best']:
        table = _table('Best causal model: test MSE', 'measured', 'params', 'seeds')
        for row in summary['best']:
            table.add_row(
                row['cell'], _measured(row), f'{row["parameters"]:,}', str(len(row['seeds']))
            )
        found.append(table)
    table = _table('For comparison: test MSE', 'measured')
    table.add_row('persistence', f'{baselines["persistence_mse"]:.2f}')
    table.add_row('linear map', f'{baselines["linear_mse"]:.2f}')
    return [*found, table]


def _compared(row: Mapping[str, Any]) -> list[str]:
    if row['test_mse'] is None:
        return [row['cell'], 'failed', *[NOTHING] * 6]
    return [
        row['cell'],
        _interval(row['test_mse']),
        f'{row["validation_mse"]["iqm"]:.3f}',
        f'{row["parameters"]:,}',
        f'{row["seconds_round"]:.1f}',
        f'{row["saved_mb"]:.0f}',
        f'{row["peak_resident_mb"]:.0f}',
        f'{row["learning_rate"]:g}',
    ]


def _measured(row: Mapping[str, Any]) -> str:
    found = row['test_mse']
    if found is None:
        return 'failed'
    deviation = '' if found['deviation'] is None else f' ± {found["deviation"]:.3f}'
    return f'{found["mean"]:.3f}{deviation}'


def _interval(found: Mapping[str, Any]) -> str:
    bounds = '' if found['low'] != found['low'] else f' [{found["low"]:.3f}, {found["high"]:.3f}]'
    return f'{found["iqm"]:.3f}{bounds}'


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify='left', padding=0)
    table.add_column('cell', no_wrap=True)
    for column in columns:
        table.add_column(column, justify='right', no_wrap=True)
    return table
