"""Page and picture of the study of synthetic series: error by horizon, all scores at a glance."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from liquid_control.evaluation.robustness import Estimate
from liquid_control.report.robustness.look import NOTHING, Look, looks
from liquid_control.report.robustness.plots import Plot, level_line, line, plot, safe
from liquid_control.report.robustness.tables import Table
from liquid_control.report.study.compared import write_compared
from liquid_control.report.study.groups import Group
from liquid_control.report.study.heat import Heat, write_heat
from liquid_control.report.study.page import Section, log_axis

_BASELINES = {'persistence': Look('#8a8a8a', 'dash', 'x'), 'linear': Look('#22262a', 'dash', 'x')}
_TICKS = (1, 2, 5, 10, 20, 50, 100, 200)
_HEATS = {
    'test_nmse': ('one step, error × 1000', False, 1000.0),
    'outside_nmse': ('one step outside the training range, error × 1000', False, 1000.0),
    'test_noisy_nmse': ('one step under stronger noise, error × 1000', False, 1000.0),
    'test_valid_time': ('free run, valid time', True, 1.0),
}
"""Score → its title, whether a greater one is better, and by what it is multiplied."""


def write_synthetic(
    folder: Path,
    title: str,
    groups: Sequence[Group],
    whole: Mapping[str, Any],
    origin: Mapping[str, Any],
    threshold: float,
) -> list[Path]:
    """Write ``report.html`` and ``synthetic.png``; returns both.

    Args:
        folder: an existing folder.
        title: of the page.
        groups: one a condition and score.
        whole: the results of the study.
        origin: provenance.
        threshold: root of the normalised squared error up to which a prediction is valid.

    Raises:
        OSError: a file cannot be written.
    """
    known = {name: data for name, data in whole['data'].items() if data['summary']}
    style = looks(sorted({row['cell'] for data in known.values() for row in data['summary']}))
    valid = level_line(threshold**2)
    inside, outside = (
        [_by_horizon(data, f'{part}_horizon_nmse', style, valid) for data in known.values()]
        for part in ('test', 'outside')
    )
    about = (
        'Squared error over the variance of the signal, by steps without new samples; a '
        f'prediction is valid up to {threshold**2:g}, the dotted line. Dashed: persistence, grey, '
        'and a linear autoregression, black. Lines end where an error is infinite.'
    )
    heats = [heat(known, score) for score in _HEATS]
    page = write_compared(
        folder, title, groups, origin, whole.get('failed') or {},
        more=[
            Section('Free runs: error by horizon', about, inside),
            Section('The same outside the training range', about, outside),
        ],
        tables=[_behind(heats)],
    )  # fmt: skip
    return [page, write_heat(folder / 'synthetic.png', heats)]


def heat(known: Mapping[str, Mapping[str, Any]], score: str) -> Heat:
    """One score of all cells, and of the baselines, under all conditions.

    Args:
        known: name of a condition → its data in the results.
        score: its name.
    """
    title, greater, scale = _HEATS[score]
    cells: dict[str, dict[str, float]] = {}
    beside: dict[str, dict[str, float]] = {}
    for name, data in known.items():
        for row in data['summary']:
            found = row['scores'].get(score)
            if found is not None:
                cells.setdefault(row['cell'], {})[name] = scale * found['iqm']
        for baseline, scores in data['baselines'].items():
            if scores.get(score) is not None:
                beside.setdefault(baseline, {})[name] = scale * scores[score]
    return Heat(title, tuple(known), cells, beside, greater)


def _behind(heats: Sequence[Heat]) -> Table:
    """How far each cell is behind the best by each score; a cell may lack some conditions."""
    rows = tuple(
        (name, *(f'{one.behind(name):.2f}' if name in one.cells else NOTHING for one in heats))
        for name in heats[0].ordered()
    )
    heads = 'cell', *(one.title.partition(', ')[0] for one in heats)
    about = 'Times worse than the best cell, geometric mean over the conditions'
    return Table(about, heads, rows)


def _by_horizon(
    data: Mapping[str, Any], key: str, style: Mapping[str, Look], valid: dict[str, Any]
) -> Plot:
    rows = [(row['cell'], style[row['cell']], row.get('horizons', {})) for row in data['summary']]
    rows += [(name, look, data['baselines'].get(name, {})) for name, look in _BASELINES.items()]
    traces: list[Any] = []
    every: list[float] = []
    for name, look, scores in rows:
        found = scores.get(key)
        if found is None:
            continue
        steps = list(map(float, found))
        errors = [math.nan if error is None else error for error in found.values()]
        every += [error for error in errors if not math.isnan(error)]
        estimates = [Estimate(error, math.nan, math.nan) for error in errors]
        texts = [
            f'<b>{safe(name)}</b><br>step {step:g}: {error:.3g}'
            for step, error in zip(steps, errors, strict=True)
        ]
        traces += line(name, look, steps, estimates, texts)
    x = {
        'title': 'steps of the free run',
        'type': 'log',
        'tickvals': _TICKS,
        'ticktext': [*map(str, _TICKS)],
    }
    return plot(data['title'], traces, x, log_axis('error', every), 320, [valid])
