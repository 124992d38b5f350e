"""Interactive plots as plain data for plotly.js, and what all of them share."""

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from liquid_control.evaluation.robustness import Estimate
from liquid_control.report.robustness.look import INK, LINE, Look

_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif"


@dataclass(frozen=True)
class Plot:
    """One plot of the page.

    Attributes:
        title: what it shows, above it.
        figure: data and layout, as plotly.js takes them.
        height: in pixels.
    """

    title: str
    figure: dict[str, Any]
    height: int


def plot(
    title: str,
    traces: Sequence[go.Scatter],
    x: dict[str, Any],
    y: dict[str, Any],
    height: int = 250,
    shapes: Sequence[dict[str, Any]] = (),
) -> Plot:
    """Put traces on axes with this page's style.

    Args:
        title: what it shows.
        traces: the data.
        x: what the axis has beside the style: title, range, ticks.
        y: the same of the other axis.
        height: in pixels.
        shapes: lines to compare with.
    """
    axis = {
        'showline': True, 'linecolor': INK, 'gridcolor': '#ecece7', 'zeroline': False,
        'ticks': 'outside', 'ticklen': 4, 'tickcolor': INK, 'automargin': True,
    }  # fmt: skip
    layout = go.Layout(
        template='none',
        font={'family': _FONT, 'size': 12, 'color': INK},
        paper_bgcolor='rgba(0,0,0,0)',
        plot_bgcolor='rgba(0,0,0,0)',
        height=height,
        margin={'l': 8, 'r': 10, 't': 8, 'b': 8},
        showlegend=False,
        hovermode='closest',
        hoverlabel={'bgcolor': '#ffffff', 'bordercolor': LINE, 'align': 'left'},
        xaxis={**axis, **_titled(x)},
        yaxis={**axis, **_titled(y)},
        shapes=list(shapes),
    )
    return Plot(title, go.Figure(list(traces), layout).to_plotly_json(), height)


def line(
    policy: str,
    look: Look,
    x: Sequence[float],
    estimates: Sequence[Estimate],
    hover: Sequence[str],
    dash: str | None = None,
) -> list[go.Scatter]:
    """A policy's line with the band of its intervals.

    Args:
        policy: its name, by which the legend switches it.
        look: how it looks.
        x: where each estimate lies.
        estimates: the values; NaN leaves a gap.
        hover: text shown at each.
        dash: instead of its own.
    """
    traces = [
        go.Scatter(
            x=list(run_x) + list(run_x)[::-1],
            y=[one.high for one in run] + [one.low for one in run][::-1],
            fill='toself', fillcolor=look.band(), line={'width': 0}, mode='lines',
            hoverinfo='skip', legendgroup=policy, meta='band',
        )
        for run_x, run in _runs(x, estimates)
    ]  # fmt: skip
    traces.append(
        go.Scatter(
            x=list(x), y=[_plain(one.value) for one in estimates], mode='lines+markers',
            line={'color': look.color, 'dash': dash or look.dash, 'width': 2},
            marker={'color': look.color, 'symbol': look.symbol, 'size': 6},
            hovertext=list(hover), hoverinfo='text', legendgroup=policy, name=safe(policy),
        )
    )  # fmt: skip
    return traces


def points(
    policy: str,
    look: Look,
    x: Estimate,
    y: float,
    hover: str,
    vertical: bool = False,
) -> go.Scatter:
    """A policy's mark with its interval, along x, or along y if ``vertical``."""
    bars: dict[str, Any] = {}
    if not math.isnan(x.low):
        bars = {
            'type': 'data', 'symmetric': False, 'array': [x.high - x.value],
            'arrayminus': [x.value - x.low], 'color': look.color, 'thickness': 1.6, 'width': 3,
        }  # fmt: skip
    place = {'x': [y], 'y': [x.value], 'error_y': bars} if vertical else {
        'x': [x.value], 'y': [y], 'error_x': bars
    }  # fmt: skip
    return go.Scatter(
        **place, mode='markers', marker={'color': look.color, 'symbol': look.symbol, 'size': 9},
        hovertext=[hover], hoverinfo='text', legendgroup=policy, name=safe(policy),
    )  # fmt: skip


def level_line(value: float, along: str = 'y') -> dict[str, Any]:
    """A dotted line across the whole plot at a value of an axis."""
    across = 'x' if along == 'y' else 'y'
    return {
        'type': 'line', f'{along}0': value, f'{along}1': value, f'{across}0': 0, f'{across}1': 1,
        f'{across}ref': f'{across} domain', 'layer': 'below',
        'line': {'color': INK, 'width': 1, 'dash': 'dot'},
    }  # fmt: skip


def safe(text: str) -> str:
    """Text for plotly.js, which reads some tags."""
    return html.escape(text, quote=False)


def _titled(axis: dict[str, Any]) -> dict[str, Any]:
    return {**axis, 'title': {'text': safe(axis['title']), 'standoff': 6}}


def _runs(
    x: Sequence[float], estimates: Sequence[Estimate]
) -> list[tuple[list[float], list[Estimate]]]:
    """Neighbours that all have an interval."""
    runs: list[tuple[list[float], list[Estimate]]] = []
    broken = True
    for place, one in zip(x, estimates, strict=True):
        if math.isnan(one.low):
            broken = True
            continue
        if broken:
            runs.append(([], []))
        broken = False
        runs[-1][0].append(place)
        runs[-1][1].append(one)
    return runs


def _plain(value: float) -> float | None:
    return None if math.isnan(value) else value
