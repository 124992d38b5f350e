"""Rows of the study of mortality: scores with intervals over seeds and over patients."""

from collections.abc import Iterable, Mapping
from statistics import mean, median
from typing import Any

import numpy as np

from liquid_control.evaluation.statistics import interval
from liquid_control.evaluation.statistics import mean as average
from liquid_control.report.fitted import Figure, FittedTable
from liquid_control.study.icu.logistic import scores as regressed
from liquid_control.study.icu.patients import Patients
from liquid_control.study.icu.published import PUBLISHED
from liquid_control.study.icu.scores import SCORES, bounds, resampled

Result = Mapping[str, Any]
_CALIBRATION = ('ece', 'intercept', 'slope')


def summarize(results: Iterable[Result]) -> dict[str, list[dict[str, Any]]]:
    """``comparison`` and ``recipes``, a row a cell, best first.

    Args:
        results: results of finished runs, as in the study's folder.
    """
    groups: dict[tuple[str, str], list[Result]] = {}
    for result in results:
        run = result['run']
        if run['part'] != 'tuning':
            groups.setdefault((run['part'], run['cell']), []).append(result)
    rows: dict[str, list[dict[str, Any]]] = {'comparison': [], 'recipes': []}
    drawn: dict[tuple[str, str], np.ndarray] = {}
    for (part, cell), group in sorted(groups.items()):
        whole = sorted((one for one in group if 'failed' not in one), key=_seed)
        row = {
            'cell': cell,
            'seeds': [_seed(one) for one in whole],
            'failed': {one['run']['name']: one['failed'] for one in group if 'failed' in one},
            'learning_rate': group[0]['run']['recipe']['learning_rate'],
            'parameters': group[0]['parameters'],
            'counts': group[0]['counts'],
        }
        if whole:
            figures, drawn[part, cell] = _figures(whole)
            row |= figures
        if part == 'recipes':
            published = PUBLISHED[cell]
            row['published'] = {'auroc': published.auroc, 'deviation': published.deviation}
        rows[part].append(row)
    for part, found in rows.items():
        found.sort(key=lambda row: -row['auroc']['iqm'] if 'auroc' in row else 1.0)
        _compare(found, {cell: values for (one, cell), values in drawn.items() if one == part})
    return rows


def severity(whole: Patients) -> list[dict[str, Any]]:
    """What the first day's severity scores say of all patients, those without a score left out."""
    died, rows = whole.sequences.target[:, 0] > 0.5, []
    for name, values in (('SAPS-I', whole.saps), ('SOFA', whole.sofa)):
        known = np.isfinite(values)
        row: dict[str, Any] = {'score': name, 'patients': int(known.sum())}
        if len(set(died[known])) == 2:
            drawn = resampled(died[known])
            for one in ('auroc', 'auprc'):
                value = float(SCORES[one](values[known], died[known]))
                over = bounds(SCORES[one](values[known], died[known], drawn))
                row[one] = {'mean': value, 'patients': over}
        rows.append(row)
    return rows


def logistic(whole: Patients) -> dict[str, Any]:
    """Logistic regression on summaries of the records: the mean over the folds and its interval."""
    row: dict[str, Any] = {'score': 'logistic regression', 'patients': len(whole.sequences)}
    for name, values in regressed(whole.sequences).items():
        middle, low, high = interval(values, statistic=average)
        row[name] = {'mean': middle, 'folds': values, 'over_folds': {'low': low, 'high': high}}
    return row


def _figures(group: list[Result]) -> tuple[dict[str, Any], np.ndarray]:
    """A row's figures over its seeds, and the resampled means of the AUROC over patients."""
    row: dict[str, Any] = {}
    areas = np.zeros(0)
    for name, score in SCORES.items():
        values = [one['test'][name] for one in group]
        middle, low, high = interval(values)
        drawn = np.mean([_over_patients(score, one) for one in group], axis=0)
        row[name] = {
            'iqm': middle, 'low': low, 'high': high, 'mean': mean(values), 'seeds': values,
            'patients': bounds(drawn),
        }  # fmt: skip
        if name == 'auroc':
            areas = drawn
    for name in _CALIBRATION:
        row[name] = mean(one['test'][name] for one in group)
    row['seconds'] = median(one['seconds'] for one in group)
    row['epoch'] = median(one['epoch'] for one in group)
    return row, areas


def _over_patients(score: Any, result: Result) -> np.ndarray:
    """A run's score over resampled patients: the same draws for all models of a seed."""
    logit, died = np.array(result['logit']), np.array(result['died'], bool)
    return score(logit, died, resampled(died, seed=_seed(result)))


def _compare(rows: list[dict[str, Any]], drawn: Mapping[str, np.ndarray]) -> None:
    """Add each row's distance from the best of the same seeds, with its interval over patients."""
    if not rows or 'auroc' not in rows[0]:
        return
    best = rows[0]
    for row in rows:
        if 'auroc' in row and row['seeds'] == best['seeds']:
            apart = drawn[row['cell']] - drawn[best['cell']]
            row['from_best'] = {
                'mean': row['auroc']['mean'] - best['auroc']['mean'],
                'patients': bounds(apart),
            }


def _seed(result: Result) -> int:
    return result['run']['seed']


def tables(whole: Mapping[str, Any]) -> list[FittedTable]:
    """The summary as tables for the terminal."""
    printed = []
    for part, title in (('comparison', 'Same footing'), ('recipes', 'Published recipes')):
        if not whole[part]:
            continue
        table = FittedTable(
            'cell', _range('AUROC [95 %, patients]'), _range('AUPRC [95 %, patients]'),
            Figure('Brier', '.3f'), Figure('slope', '.2f'), Figure('ECE', '.3f'),
            Figure('from best', '+.3f'), Figure('published', '.3f'), Figure('params', ',d'),
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
    if name not in row:
        return None
    over = row[name].get('patients') or row[name]['over_folds']
    return row[name]['mean'], over['low'], over['high']


def _cells(row: Mapping[str, Any]) -> list[Any]:
    if 'auroc' not in row:
        return ['failed', *[None] * 9]
    return [
        _mean(row, 'auroc'), _mean(row, 'auprc'), row['brier']['mean'], row['slope'], row['ece'],
        row.get('from_best', {}).get('mean'), row.get('published', {}).get('auroc'),
        row['parameters'], row['seconds'], len(row['seeds']),
    ]  # fmt: skip
