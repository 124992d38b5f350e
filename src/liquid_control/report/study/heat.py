"""Scores of many cells under many conditions as a PNG file: a table in colours."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from liquid_control.files import replacing
from liquid_control.report.robustness.look import shade
from liquid_control.report.run_plots import STYLE

_WORST = 10.0
"""Times the best score of a column at which the scale of colours ends."""


@dataclass(frozen=True)
class Heat:
    """One score.

    Attributes:
        title: what it is.
        columns: the conditions.
        cells: cell → condition → positive score.
        beside: baseline → condition → score; in no order, and without a part in the colours' scale.
        greater: whether a greater score is better.
    """

    title: str
    columns: tuple[str, ...]
    cells: Mapping[str, Mapping[str, float]]
    beside: Mapping[str, Mapping[str, float]]
    greater: bool

    def ratio(self, value: float, column: str) -> float:
        """How many times worse than the best cell of the column, 1 or more for cells."""
        known = [row[column] for row in self.cells.values() if column in row]
        best = (max if self.greater else min)(known, default=math.nan)
        worse, better = (best, value) if self.greater else (value, best)
        return worse / better if better else math.inf if worse else 1.0

    def behind(self, cell: str) -> float:
        """How many times worse than the best a cell is: geometric mean over its conditions."""
        row = self.cells[cell]
        logs = [math.log(min(self.ratio(row[name], name), 1e6)) for name in row]
        return math.exp(sum(logs) / len(logs))

    def ordered(self) -> list[str]:
        """The cells, those least behind the best first."""
        return sorted(self.cells, key=self.behind)


def write_heat(path: Path, heats: Sequence[Heat]) -> Path:
    """Write some scores above each other; returns the path.

    Raises:
        OSError: the file cannot be written.
    """
    with rc_context({**STYLE, 'savefig.dpi': 160, 'savefig.facecolor': 'white'}):
        rows = [len(heat.cells) + len(heat.beside) for heat in heats]
        columns = max((len(heat.columns) for heat in heats), default=1)
        size = 1.6 + 0.62 * columns, sum(0.2 * count + 0.5 for count in rows) + 1.7
        figure = Figure(figsize=(max(size[0], 5.0), size[1]), layout='constrained')
        axes = figure.subplots(
            len(heats), 1, squeeze=False, sharex=True, height_ratios=[max(n, 1) for n in rows]
        )[:, 0]
        for ax, heat in zip(axes, heats, strict=True):
            _draw(ax, heat)
        axes[-1].set_xticks(
            range(len(heats[-1].columns)), heats[-1].columns, rotation=40, ha='right'
        )
        figure.supxlabel(
            f'blue: best of a column; red: {_WORST:g} or more times worse; last rows: baselines',
            fontsize=8,
        )
        with replacing(path) as partial:
            figure.savefig(partial, format='png', metadata={'Software': None})
    return path


def _draw(ax: Axes, heat: Heat) -> None:
    names = [*heat.ordered(), *heat.beside]
    for y, name in enumerate(names):
        row = heat.cells.get(name) or heat.beside[name]
        for x, column in enumerate(heat.columns):
            value = row.get(column, math.nan)
            share = 1.0 - math.log(max(heat.ratio(value, column), 1.0)) / math.log(_WORST)
            color, ink = shade(share if math.isfinite(value) else math.nan)
            ax.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, color=color, lw=0))
            text = f'{value:.3g}' if math.isfinite(value) else '–'
            ax.text(x, y, text, ha='center', va='center', color=ink, fontsize=7.5)
    ax.axhline(len(heat.cells) - 0.5, color='white', lw=3)
    ax.set_xlim(-0.5, max(len(heat.columns), 1) - 0.5)
    ax.set_ylim(max(len(names), 1) - 0.5, -0.5)
    ax.set_yticks(range(len(names)), names)
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.set_title(heat.title, loc='left', fontsize=9)
