"""Lines of cells as a PNG file, for documents."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from liquid_control.files import replacing
from liquid_control.report.robustness.look import Look
from liquid_control.report.run_plots import STYLE

_DASHES = {'solid': '-', 'dash': '--', 'dot': ':'}
_MARKS = {'circle': 'o', 'square': 's', 'diamond': 'D'}


class Panel(NamedTuple):
    """One panel, both axes logarithmic.

    Attributes:
        title: above it.
        x, y: titles of the axes.
        lines: cell → its points (x, y).
        ticks: values marked on the x axis; by default powers of ten.
    """

    title: str
    x: str
    y: str
    lines: Mapping[str, Sequence[tuple[float, float]]]
    ticks: Sequence[float] = ()


def write_picture(path: Path, panels: Sequence[Panel], looks: Mapping[str, Look]) -> Path:
    """Write panels side by side, with a legend of the cells beneath; returns the path.

    Raises:
        OSError: the file cannot be written.
    """
    with rc_context({**STYLE, 'savefig.dpi': 160, 'savefig.facecolor': 'white'}):
        columns = min(len(looks), 8 if max(map(len, looks), default=0) < 12 else 5)
        rows = -(-len(looks) // max(1, columns))
        figure = Figure(figsize=(4.6 * len(panels), 3.7 + 0.22 * rows), layout='constrained')
        axes = figure.subplots(1, len(panels), squeeze=False)[0]
        for ax, panel in zip(axes, panels, strict=True):
            for name, points in panel.lines.items():
                look = looks[name]
                xs, ys = zip(*sorted(points), strict=True)
                ax.loglog(
                    xs, ys, color=look.color, ls=_DASHES[look.dash], marker=_MARKS[look.symbol],
                    ms=3.5,
                )  # fmt: skip
            for axis in (ax.xaxis, ax.yaxis):
                low, high = axis.get_view_interval()
                subs = (1.0,) if high > 50 * low else (1.0, 2.0, 5.0) if high > 3 * low else 'all'
                axis.set_major_locator(LogLocator(subs=subs, numticks=12))
                axis.set_major_formatter(FuncFormatter(lambda value, _: f'{value:,.6g}'))
                axis.set_minor_formatter(NullFormatter())
            if panel.ticks:
                ax.set_xticks(panel.ticks, [f'{value:g}' for value in panel.ticks])
                ax.set_xticks([], minor=True)
            ax.set(title=panel.title, xlabel=panel.x, ylabel=panel.y)
            ax.grid(alpha=0.15, lw=0.6)
        lines = [
            Line2D(
                [], [], color=look.color, ls=_DASHES[look.dash], marker=_MARKS[look.symbol], ms=4
            )
            for look in looks.values()
        ]
        figure.legend(lines, list(looks), loc='outside lower center', ncols=columns)
        with replacing(path) as partial:
            figure.savefig(partial, format='png', metadata={'Software': None})
    return path
