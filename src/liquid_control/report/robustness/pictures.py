"""The degradation curves and the heat map as PNG files, for documents."""

import math
from collections.abc import Mapping
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from liquid_control.evaluation.families import Family
from liquid_control.evaluation.robustness import MEASURED, Analysis, RobustnessResults
from liquid_control.files import replacing
from liquid_control.report.robustness.curves import tick_text, top_of
from liquid_control.report.robustness.heat_map import heat_map
from liquid_control.report.robustness.look import Look, short_name
from liquid_control.report.run_plots import STYLE

_INK = STYLE['text.color']
_DASHES = {'solid': '-', 'dash': '--', 'dot': ':'}
_MARKS = {'circle': 'o', 'square': 's', 'diamond': 'D'}
_COLUMNS = 3
_LETTERS = 44
"""Letters of a title that fit above a panel."""


def write_pictures(
    folder: Path, results: RobustnessResults, analysis: Analysis, looks: Mapping[str, Look]
) -> list[Path]:
    """Write ``map.png`` and, if there are faults, ``curves.png``; returns the files.

    Raises:
        OSError: a file cannot be written.
    """
    paths = []
    with rc_context({**STYLE, 'savefig.dpi': 160, 'savefig.facecolor': 'white'}):
        figures = {'map': _map(results, analysis)}
        if results.families:
            figures['curves'] = _curves(results, analysis, looks)
        for name, figure in figures.items():
            paths.append(folder / f'{name}.png')
            with replacing(paths[-1]) as partial:
                figure.savefig(partial, format='png', metadata={'Software': None})
    return paths


def _curves(results: RobustnessResults, analysis: Analysis, looks: Mapping[str, Look]) -> Figure:
    """One panel a family, with a legend of the policies beneath."""
    families = results.families
    columns = min(_COLUMNS, len(families))
    rows = math.ceil(len(families) / columns)
    legend_rows = math.ceil(len(looks) / 6)
    size = (3.5 * columns, 2.3 * rows + 0.3 + 0.22 * legend_rows)
    figure = Figure(figsize=size, layout='constrained')
    axes = figure.subplots(rows, columns, squeeze=False, sharey=True)
    curves = [curve for curve in analysis.curves if curve.elapsed == MEASURED]
    top = top_of([one for curve in curves for one in curve.percent])
    for ax, family in zip(axes.flat, families, strict=False):
        for curve in curves:
            if curve.family == family.name:
                _draw(ax, family, curve, looks[curve.policy], len(looks) <= _COLUMNS * 2)
        ax.set_title(fill(_plain(family.title), _LETTERS), loc='left', fontsize=9)
        ax.set_xlabel(_plain(family.unit))
        ax.set_ylim(0, top)
        ax.grid(axis='y', color=_INK, alpha=0.1, lw=0.6)
    for ax in axes[:, 0]:
        ax.set_ylabel(f'return, % of {results.reference["name"]}')
    for ax in axes.flat[len(families) :]:
        ax.set_visible(False)
    lines = [
        Line2D([], [], color=look.color, ls=_DASHES[look.dash], marker=_MARKS[look.symbol], ms=4)
        for look in looks.values()
    ]
    names = [_plain(short_name(name)) for name in looks]
    figure.legend(lines, names, loc='outside lower center', ncols=min(6, len(names)))
    return figure


def _draw(ax: Axes, family: Family, curve: Any, look: Look, bands: bool) -> None:
    places = np.arange(len(curve.levels))
    values = [one.value for one in curve.percent]
    if bands:
        low, high = ([getattr(one, side) for one in curve.percent] for side in ('low', 'high'))
        ax.fill_between(places, low, high, color=look.color, alpha=0.15, lw=0)
    style: dict[str, Any] = {'ls': _DASHES[look.dash], 'marker': _MARKS[look.symbol], 'ms': 3.5}
    ax.plot(places, values, color=look.color, **style)
    ax.set_xticks(places, [tick_text(family, level) for level in curve.levels])


def _map(results: RobustnessResults, analysis: Analysis) -> Figure:
    """The heat map of the page."""
    table = heat_map(results, analysis, {})
    count, width = len(table.rows), len(table.columns)
    labels = [_plain(row.label) for row in table.rows]
    longest = max(map(len, labels))
    size = (0.4 + 0.075 * longest + 0.72 * width, 0.9 + 0.3 * count)
    figure = Figure(figsize=size, layout='constrained')
    ax = figure.subplots()
    for y, row in enumerate(table.rows):
        for x, box in enumerate(row.boxes):
            place = Rectangle((x - 0.48, y - 0.46), 0.96, 0.92, color=box.ground, lw=0)
            ax.add_patch(place)
            weight = 'bold' if box.best else 'normal'
            shift = 0.12 if box.note else 0.0
            ax.text(x, y - shift, box.text, color=box.ink, ha='center', va='center',
                    fontsize=8.5, fontweight=weight)  # fmt: skip
            ax.text(x, y + 0.28, _plain(box.note), color=box.ink, ha='center', va='center',
                    fontsize=5.5)  # fmt: skip
    ax.set_xlim(-0.5, width - 0.5)
    ax.set_ylim(count - 0.5, -0.5)
    names = [_plain(short_name(name)) for name in table.columns]
    ax.set_xticks(range(width), names, rotation=30 if max(map(len, names)) > 9 else 0, ha='center')
    ax.xaxis.tick_top()
    ax.set_yticks(range(count), labels)
    ax.tick_params(length=0)
    for side in ax.spines.values():
        side.set_visible(False)
    name = results.reference['name']
    ax.set_xlabel(f'return, % of {name}; bold: best, or not to be told from it', fontsize=8)
    return figure


def _plain(text: str) -> str:
    """Text in which Matplotlib finds no formula."""
    return text.replace('$', r'\$')
