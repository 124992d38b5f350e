"""Page and picture of the study of memory: scores against what a cell costs, and the frontier."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from liquid_control.evaluation.robustness import Estimate
from liquid_control.report.robustness.look import Look, listed, looks
from liquid_control.report.robustness.plots import Plot, line, plot, points, safe
from liquid_control.report.study.compared import COSTS, about, write_compared
from liquid_control.report.study.groups import Group, apart, score_text
from liquid_control.report.study.page import Section, log_axis
from liquid_control.report.study.pictures import Panel, write_picture
from liquid_control.report.summary import Sentence

SHOWN = ('parameters', 'state_bytes', 'saved_mb', 'peak_resident_mb')
"""The figures that are shown."""
BOUNDED = SHOWN[:3]
"""The figures with a frontier; resident memory is mostly that of the libraries."""


class Model(NamedTuple):
    """A cell at one width."""

    cell: str
    width: str
    score: Estimate
    figures: Mapping[str, float]


class Step(NamedTuple):
    """What is best within a bound.

    Attributes:
        bound: the figure that no model exceeds.
        best: the model with the best score.
        near: other cells within the bound that cannot be told apart from it.
    """

    bound: float
    best: Model
    near: tuple[str, ...]


def models(groups: Sequence[Group]) -> list[Model]:
    """Every cell at every width that has a score."""
    return [
        Model(name, group.condition, one.score, one.figures)
        for group in groups
        for name, one in group.cells.items()
        if not math.isnan(one.score.value)
    ]


def frontier(groups: Sequence[Group], key: str) -> list[Step]:
    """The best model within each bound on a figure, wherever a greater bound gives a better one."""
    greater = bool(groups) and groups[0].greater
    sign = -1.0 if greater else 1.0
    known = sorted(
        (one for one in models(groups) if key in one.figures),
        key=lambda one: (one.figures[key], sign * one.score.value),
    )
    steps: list[Step] = []
    best = math.inf
    for one in known:
        if sign * one.score.value < best:
            best = sign * one.score.value
            bound = one.figures[key]
            within = [other for other in known if other.figures[key] <= bound]
            near = {other.cell for other in within if not apart(other.score, one.score)}
            steps.append(Step(bound, one, tuple(sorted(near - {one.cell}))))
    return steps


def words(groups: Sequence[Group]) -> list[str]:
    """The best cell within small, middle and large bounds of each figure."""
    said = []
    for key in BOUNDED:
        steps = frontier(groups, key)
        if not steps:
            continue
        chosen = [steps[place] for place in sorted({0, len(steps) // 2, len(steps) - 1})]
        parts = []
        for step in chosen:
            one = step.best
            text = f'up to {_bound(step.bound)}: {one.cell} ({one.width}), {score_text(one.score)}'
            if step.near:
                names = listed(step.near) if len(step.near) < 5 else f'{len(step.near)} cells'
                text += f', which cannot be told apart from {names}'
            parts.append(text)
        more = len(steps) - len(chosen)
        rest = f' The plot has {more} more between them.' if more else ''
        said.append(f'The best by {_short(key)}: {"; ".join(parts)}.{rest}')
    return said


def write_memory(
    folder: Path,
    title: str,
    groups: Sequence[Group],
    origin: Mapping[str, Any],
    failed: Mapping[str, str],
    updates: int,
) -> list[Path]:
    """Write ``report.html`` and ``memory.png``; returns both.

    Args:
        folder: an existing folder.
        title: of the page.
        groups: one a width, all of one score.
        origin: provenance.
        failed: run → why it failed.
        updates: gradient steps of each run.

    Raises:
        OSError: a file cannot be written.
    """
    chosen = [group for group in groups if group.criterion.startswith('test')]
    style = looks(list(dict.fromkeys(name for one in groups for name in sorted(one.cells))))
    lines = {key: _lines(chosen, key) for key in SHOWN}
    lined = f'One line a cell, its widths from left to right. {about(chosen[0])}'
    plots = [_plot(key, lines[key], chosen[0], style) for key in SHOWN if lines[key]]
    steps = [_frontier(key, chosen, style) for key in BOUNDED if lines[key]]
    sections = [
        Section('Accuracy against what a cell costs', lined, plots),
        Section(
            'The frontier',
            'The best model within each bound, wherever a greater bound gives a better one.',
            steps,
        ),
    ]
    sentences = [Sentence(text) for text in (f'{updates:,} gradient steps a run.', *words(chosen))]
    page = write_compared(folder, title, chosen, origin, failed, sentences, sections)
    panels = [
        Panel(
            '',
            COSTS[key],
            chosen[0].criterion,
            {
                cell: [(one.figures[key], one.score.value) for one in known]
                for cell, known in lines[key].items()
            },
        )
        for key in BOUNDED
        if lines[key]
    ]
    return [page, write_picture(folder / 'memory.png', panels, style)]


def _lines(groups: Sequence[Group], key: str) -> dict[str, list[Model]]:
    """Cell → its models, by the figure; cells of which it is unknown or 0 are left out."""
    found: dict[str, list[Model]] = {}
    for one in models(groups):
        if one.figures.get(key, 0.0) > 0.0:
            found.setdefault(one.cell, []).append(one)
    return {
        cell: sorted(known, key=lambda one: one.figures[key]) for cell, known in found.items()
    }  # fmt: skip


def _plot(
    key: str, lines: Mapping[str, Sequence[Model]], group: Group, style: Mapping[str, Look]
) -> Plot:
    traces = []
    for cell, known in lines.items():
        texts = [_hover(one, key) for one in known]
        values = [one.score for one in known]
        traces += line(cell, style[cell], [one.figures[key] for one in known], values, texts)
    every = [one for known in lines.values() for one in known]
    x = _axis(key, COSTS[key], every)
    return plot(f'against {_short(key)}', traces, x, _y(group, every), 320)


def _frontier(key: str, groups: Sequence[Group], style: Mapping[str, Look]) -> Plot:
    traces = []
    steps = frontier(groups, key)
    for step in steps:
        one = step.best
        look, text = style[one.cell], _hover(one, key)
        traces.append(points(one.cell, look, one.score, step.bound, text, vertical=True))
    every = [step.best for step in steps]
    x = _axis(key, f'at most: {COSTS[key]}', every)
    return plot(f'within a bound on {_short(key)}', traces, x, _y(groups[0], every), 320)


def _bound(value: float) -> str:
    return f'{value:,.0f}' if value >= 100 else f'{value:.3g}'


def _short(key: str) -> str:
    """What a figure is, with its unit where it is not in the title of the axis."""
    return {
        'state_bytes': 'bytes of the state',
        'saved_mb': 'MiB saved in training',
        'peak_resident_mb': 'MiB resident at the peak',
    }.get(key, key)


def _axis(key: str, title: str, every: Sequence[Model]) -> dict[str, Any]:
    if key == 'peak_resident_mb':
        return {'title': title}
    return log_axis(title, (one.figures[key] for one in every))


def _y(group: Group, every: Sequence[Model]) -> dict[str, Any]:
    if group.greater:
        return {'title': group.criterion}
    return log_axis(group.criterion, (one.score.value for one in every))


def _hover(one: Model, key: str) -> str:
    text = f'<b>{safe(one.cell)}</b>, {safe(one.width)}<br>{score_text(one.score)}'
    return f'{text}<br>{safe(COSTS[key])}: {one.figures[key]:,.4g}'
