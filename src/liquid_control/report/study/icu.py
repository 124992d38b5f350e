"""Page of the study of mortality: scores of the cells, of baselines, and reliability curves."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import mean
from typing import Any

from plotly import graph_objects as go

from liquid_control.evaluation.robustness import Estimate
from liquid_control.report.robustness.look import NOTHING, Look, listed, looks
from liquid_control.report.robustness.plots import Plot, line, plot, safe
from liquid_control.report.robustness.tables import Table
from liquid_control.report.study.compared import words, write_compared
from liquid_control.report.study.groups import Group, Score, score_text
from liquid_control.report.study.page import Section
from liquid_control.report.summary import Sentence

_SCORES = {'auroc': ('AUROC', True), 'auprc': ('AUPRC', True), 'brier': ('Brier', False)}
"""Score → title, and whether a greater one is better."""
_PARTS = {'comparison': 'same footing', 'recipes': 'published recipe', 'baselines': 'baseline'}
Rows = Sequence[Mapping[str, Any]]


def write_icu(
    folder: Path,
    title: str,
    group: Group,
    whole: Mapping[str, Any],
    origin: Mapping[str, Any],
) -> Path:
    """Write ``report.html``; returns its path.

    Args:
        folder: an existing folder.
        title: of the page.
        group: the cells by their AUROC.
        whole: the results of the study.
        origin: provenance.

    Raises:
        OSError: the file cannot be written.
    """
    summary = whole['summary']
    groups = [group, *_others(group, summary['comparison'])]
    style = looks(sorted(group.cells))
    said = [*map(words, groups), *paired(group), *beside(group, summary['baselines'])]
    curves = _curves(whole['runs'], style)
    about = 'Observed against predicted risk in bins of equally many test patients, over all seeds.'
    return write_compared(
        folder, title, groups, origin, whole.get('failed') or {}, list(map(Sentence, said)),
        more=[Section('Reliability', about, [curves])] if curves else [],
        tables=[_table(summary)],
    )  # fmt: skip


def paired(group: Group) -> list[str]:
    """A sentence on how far each cell is from the best, over the same patients."""
    known = {name: one.from_best for name, one in group.cells.items() if one.from_best}
    best = [name for name, one in known.items() if one.value == 0.0]
    others = [f'{name} {score_text(one)}' for name, one in known.items() if name not in best]
    if not best or not others:
        return []
    return [f'AUROC less that of {listed(best)}, over the same patients: {listed(others)}.']


def beside(group: Group, baselines: Rows) -> list[str]:
    """A sentence on what the baselines reach, and which of them is above every cell."""
    known = {row['score']: _estimate(row, 'auroc') for row in baselines if 'auroc' in row['means']}
    if not known:
        return []
    reached = listed([f'{name} {score_text(one)}' for name, one in known.items()])
    best = max(one.score.value for one in group.cells.values())
    above = [name for name, one in known.items() if one.value > best]
    verdict = 'the mean of the best cell is above all of them'
    if above:
        verdict = f'the mean of {listed(above)} is above that of every cell'
    return [f'Baselines, AUROC: {reached}; {verdict}.']


def _others(group: Group, rows: Rows) -> list[Group]:
    """The same cells by the other scores; their cost is shown once, beside the first."""
    made = []
    for name, (_, greater) in list(_SCORES.items())[1:]:
        cells = {
            row['cell']: Score(_estimate(row, name)) for row in rows if name in row.get('means', {})
        }
        if cells:
            made.append(
                replace(group, criterion=f'test {name}', greater=greater, cells=cells, remark='')
            )
    return made


def _table(summary: Mapping[str, Rows]) -> Table:
    rows = [
        (
            row.get('cell') or row['score'],
            what,
            *(
                score_text(_estimate(row, name)) if name in row['means'] else NOTHING
                for name in _SCORES
            ),
            score_text(_mean(row['from_best'])) if 'from_best' in row else NOTHING,
        )
        for part, what in _PARTS.items()
        for row in summary.get(part, ())
        if 'means' in row
    ]
    heads = ('model', 'what', *(title for title, _ in _SCORES.values()), 'AUROC, from the best')
    title = 'Scores, with baselines; the intervals of the logistic regression are over folds'
    return Table(title, heads, tuple(rows))


def _curves(runs: Iterable[Mapping[str, Any]], style: Mapping[str, Look]) -> Plot | None:
    """Observed against predicted risk of each cell, the mean of its seeds in each bin."""
    cells: dict[str, list[Rows]] = {}
    for run in runs:
        if run['run']['part'] == 'comparison' and run.get('reliability'):
            cells.setdefault(run['run']['cell'], []).append(run['reliability'])
    if not cells:
        return None
    diagonal = {'color': '#999999', 'dash': 'dot', 'width': 1}
    traces = [
        go.Scatter(x=[0, 1], y=[0, 1], mode='lines', line=diagonal, hoverinfo='skip',
                   showlegend=False)
    ]  # fmt: skip
    for cell, seeds in sorted(cells.items()):
        bins = list(zip(*seeds, strict=False))
        predicted, observed = (
            [mean(row[name] for row in one) for one in bins] for name in ('predicted', 'observed')
        )
        texts = [
            f'<b>{safe(cell)}</b><br>predicted {x:.3f}<br>observed {y:.3f}'
            for x, y in zip(predicted, observed, strict=True)
        ]
        traces += line(cell, style[cell], predicted, [Estimate(y) for y in observed], texts)
    x, y = {'title': 'predicted risk'}, {'title': 'observed share of deaths'}
    return plot('reliability', traces, x, y, 340)


def _estimate(row: Mapping[str, Any], name: str) -> Estimate:
    return _mean(row['means'][name])


def _mean(found: Mapping[str, float]) -> Estimate:
    return Estimate(found['mean'], found['low'], found['high'])
