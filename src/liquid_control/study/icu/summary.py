"""Rows of the study of mortality: scores with intervals over seeds and over patients."""

from collections.abc import Iterable, Mapping
from statistics import mean
from typing import Any

import numpy as np

from liquid_control.evaluation.statistics import interval
from liquid_control.evaluation.statistics import mean as average
from liquid_control.report.fitted import Figure, FittedTable
from liquid_control.study import summary
from liquid_control.study.icu.dataset import IcuData
from liquid_control.study.icu.logistic import scores as regressed
from liquid_control.study.icu.patients import Patients
from liquid_control.study.icu.published import PART as RECIPES
from liquid_control.study.icu.published import PUBLISHED
from liquid_control.study.icu.scores import SCORES, bounds, resampled
from liquid_control.study.run import COMPARISON

Result = Mapping[str, Any]
Rows = list[dict[str, Any]]


def summarize(results: Iterable[Result], data: IcuData) -> dict[str, Rows]:
    """``comparison`` and ``recipes``, a row a cell, best first.

    Rows are those of :func:`liquid_control.study.summary.summarize`, with the mean of each score
    over the seeds, its interval over patients, and the differences from others of the same seeds.

    Args:
        results: results of finished runs, as in the study's folder.
        data: the data set.
    """
    results = list(results)
    rows = {part: summary.summarize(results, data, part) for part in (COMPARISON, RECIPES)}
    for part, found in rows.items():
        groups = {
            row['cell']: [
                one
                for one in results
                if (one['run']['part'], one['run']['cell']) == (part, row['cell'])
                and not one.get('failed')
            ]
            for row in found
        }
        areas: dict[str, np.ndarray] = {}
        for row in found:
            group = sorted(groups[row['cell']], key=_seed)
            if group:
                row['means'], areas[row['cell']] = _means(group)
            if part == RECIPES:
                published = PUBLISHED[row['cell']]
                row['published'] = {'auroc': published.auroc, 'deviation': published.deviation}
        found.sort(key=_area, reverse=True)
        _compare(found, areas)
    return rows


def severity(whole: Patients) -> Rows:
    """What the first day's severity scores say of all patients, those without a score left out."""
    died, rows = whole.sequences.target[:, 0] > 0.5, []
    for name, values in (('SAPS-I', whole.saps), ('SOFA', whole.sofa)):
        known = np.isfinite(values)
        row: dict[str, Any] = {'score': name, 'patients': int(known.sum()), 'means': {}}
        if len(set(died[known])) == 2:
            drawn = resampled(died[known])
            for one in ('auroc', 'auprc'):
                value = float(SCORES[one](values[known], died[known]))
                over = bounds(SCORES[one](values[known], died[known], drawn))
                row['means'][one] = {'mean': value, **over}
        rows.append(row)
    return rows


def logistic(whole: Patients) -> dict[str, Any]:
    """Logistic regression on summaries of the records: the mean and its interval over the folds."""
    means = {}
    for name, values in regressed(whole.sequences).items():
        middle, low, high = interval(values, statistic=average)
        means[name] = {'mean': middle, 'low': low, 'high': high, 'folds': values}
    return {'score': 'logistic regression', 'patients': len(whole.sequences), 'means': means}


def _means(group: list[Result]) -> tuple[dict[str, Any], np.ndarray]:
    """Means over the seeds with intervals over patients, and the resampled means of the AUROC."""
    means: dict[str, Any] = {}
    areas = np.zeros(0)
    for name, score in SCORES.items():
        drawn = np.mean([_over_patients(score, one) for one in group], axis=0)
        means[name] = {'mean': mean(one[f'test_{name}'] for one in group), **bounds(drawn)}
        if name == 'auroc':
            areas = drawn
    return means, areas


def _over_patients(score: Any, result: Result) -> np.ndarray:
    """A run's score over resampled patients: the same draws for all models of a seed."""
    logit, died = (np.array(result[name], float) for name in ('logit', 'died'))
    if logit.ndim != 1 or logit.shape != died.shape:
        raise ValueError(
            f'runs/{result["run"]["name"]}.json: expected as many logit as died, '
            f'found {logit.size} and {died.size}; remove it'
        )
    died = died > 0.5
    return score(logit, died, resampled(died, seed=_seed(result)))


def _compare(rows: Rows, areas: Mapping[str, np.ndarray]) -> None:
    """Add each row's differences from those of the same seeds, with intervals over patients."""
    for row in rows:
        others = [one for one in rows if 'means' in one and one['seeds'] == row['seeds']]
        if 'means' in row:
            row['differences'] = {
                other['cell']: {
                    'mean': row['means']['auroc']['mean'] - other['means']['auroc']['mean'],
                    **bounds(areas[row['cell']] - areas[other['cell']]),
                }
                for other in others
            }
        if rows[0] in others and 'means' in row:
            row['from_best'] = row['differences'][rows[0]['cell']]


def _area(row: Mapping[str, Any]) -> float:
    """The mean AUROC; cells that failed come last."""
    return row['means']['auroc']['mean'] if 'means' in row else -1.0


def _seed(result: Result) -> int:
    return result['run']['seed']


def tables(whole: Mapping[str, Any]) -> list[FittedTable]:
    """The summary as tables for the terminal."""
    printed = []
    for part, title in ((COMPARISON, 'Same footing'), (RECIPES, 'Published recipes')):
        if not whole[part]:
            continue
        table = FittedTable(
            'cell', _range('AUROC [95 %, patients]'), _range('AUPRC [95 %, patients]'),
            Figure('Brier', '.3f'), Figure('slope', '.2f'), Figure('ECE', '.3f'),
            Figure('from best [95 %]', '+.3f', ('mean', 'low', 'high'), '{} [{}, {}]', True),
            Figure('published', '.3f'), Figure('params', ',d'),
            Figure('time, s', '.0f'), Figure('seeds', 'd'), title=title,
        )  # fmt: skip
        for row in whole[part]:
            table.add_row(row['cell'], *_cells(row))
        printed.append(table)
    table = FittedTable(
        'score', _range('AUROC [95 %]'), _range('AUPRC [95 %]'),
        Figure('patients', ',d'), title='For comparison',
    )  # fmt: skip
    for row in whole['baselines']:
        table.add_row(row['score'], _mean(row, 'auroc'), _mean(row, 'auprc'), row['patients'])
    return [*printed, table]


def _range(heading: str) -> Figure:
    return Figure(heading, '.3f', ('mean', 'low', 'high'), '{} [{}, {}]', True)


def _mean(row: Mapping[str, Any], name: str) -> tuple[float, float, float] | None:
    if name not in row['means']:
        return None
    found = row['means'][name]
    return found['mean'], found['low'], found['high']


def _from_best(row: Mapping[str, Any]) -> tuple[float, float, float] | None:
    found = row.get('from_best')
    return found and (found['mean'], found['low'], found['high'])


def _cells(row: Mapping[str, Any]) -> list[Any]:
    if 'means' not in row:
        return ['failed', *[None] * 9]
    slope, ece = (row['scores'].get(f'test_{name}', {}).get('iqm') for name in ('slope', 'ece'))
    return [
        _mean(row, 'auroc'), _mean(row, 'auprc'), row['means']['brier']['mean'], slope, ece,
        _from_best(row), row.get('published', {}).get('auroc'),
        row['parameters'], row['seconds'], len(row['seeds']),
    ]  # fmt: skip
