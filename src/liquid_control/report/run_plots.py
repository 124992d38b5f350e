"""The plots of a report, as SVG that takes its colours from the surrounding page."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from liquid_control.control.contract import Contract
from liquid_control.evaluation.prediction_error import PredictionErrors
from liquid_control.evaluation.timing import median_and_p99
from liquid_control.evaluation.trace import Trace

WINDOW_S = 2.0
SMOOTHING_S = 0.5
_INK, _MODEL, _OTHER = '#010203', '#c8590a', '#3577b5'
_RUNS = (_MODEL, _OTHER, '#2b8a5c', '#8a5bb5', '#a8871c', '#b04a6b')
STYLE: dict[Any, Any] = {
    'font.family': 'sans-serif',
    'font.size': 9,
    'svg.fonttype': 'none',
    'svg.hashsalt': 'liquid_control',
    'text.color': _INK,
    'axes.edgecolor': _INK,
    'axes.labelcolor': _INK,
    'axes.linewidth': 0.6,
    'axes.spines.top': False,
    'axes.spines.right': False,
    'xtick.color': _INK,
    'ytick.color': _INK,
    'xtick.major.width': 0.6,
    'ytick.major.width': 0.6,
    'legend.frameon': False,
    'legend.handlelength': 1.4,
    'lines.linewidth': 1.2,
    'path.simplify': True,
}


@dataclass(frozen=True)
class Plot:
    """One figure: SVG text and caption."""

    svg: str
    caption: str


def first_episode(trace: Trace, contract: Contract) -> slice:
    """The observations up to the first gap that resets the state."""
    gaps = np.flatnonzero(np.abs(np.diff(trace.stamps)) > contract.max_gap * 1e9)
    return slice(0, int(gaps[0]) + 1 if gaps.size else len(trace))


def window(seconds: np.ndarray) -> tuple[float, float]:
    """Start and end of the middle two seconds of an episode, or of all of a shorter one."""
    end = float(seconds[-1])
    start = max(0.0, (end - WINDOW_S) / 2)
    return start, min(end, start + WINDOW_S)


def traces(trace: Trace, contract: Contract) -> Plot | None:
    """Observed and predicted values of a few joints."""
    part = first_episode(trace, contract)
    if part.stop < 2:
        return None
    seconds = _seconds(trace, part)
    start, end = window(seconds)
    indices = _shown_channels(contract)
    with rc_context(STYLE):
        figure, axes = _stack(len(indices), 1.15)
        for ax, number in zip(axes, indices, strict=True):
            ax.plot(seconds, trace.observations[part, number], color=_INK, lw=1.0, label='observed')
            ahead = seconds + 1 / contract.rate
            ax.plot(ahead, trace.predictions[part, number], color=_MODEL, lw=1.0, label='predicted')
            name, unit = _channels(contract)[number]
            _title(ax, f'{name}, {unit}')
            _fit(ax, seconds, trace.observations[part, number], start, end)
        axes[0].legend(loc='lower right', bbox_to_anchor=(1.0, 0.98), ncols=2, borderaxespad=0)
        axes[-1].set_xlabel('time in the episode, s')
        axes[-1].set_xlim(start, end)
        svg = _svg(figure)
    return Plot(
        svg,
        f'What the policy observed, and what it had predicted one period ({1e3 / contract.rate:g} '
        f'ms) before, from {start:.1f} to {end:.1f} s of the first episode.',
    )


def commands(trace: Trace, contract: Contract) -> Plot | None:
    """Commands of every joint."""
    part = first_episode(trace, contract)
    if part.stop < 2 or not np.isfinite(trace.actions[part]).any():
        return None
    seconds = _seconds(trace, part)
    start, end = window(seconds)
    action = contract.action
    with rc_context(STYLE):
        figure, axes = _stack(len(action.joints), 0.62)
        for number, ax in enumerate(axes):
            ax.step(seconds, trace.actions[part, number], where='post', color=_OTHER, lw=1.0)
            lower, upper = action.lower[number], action.upper[number]
            margin = 0.08 * (upper - lower)
            ax.set_ylim(lower - margin, upper + margin)
            ax.set_yticks([lower, upper])
            _title(ax, action.joints[number])
        axes[-1].set_xlabel('time in the episode, s')
        axes[-1].set_xlim(start, end)
        svg = _svg(figure)
    units = ', '.join('no unit' if u == '1' else u for u in dict.fromkeys(action.units))
    return Plot(
        svg,
        f'Commands as sent ({units}), over the same time. The ticks are the limits.',
    )


def prediction_error(errors: PredictionErrors, trace: Trace, contract: Contract) -> Plot | None:
    """Prediction error over time, beside that of persistence."""
    part = first_episode(trace, contract)
    inside = errors.stamps <= trace.stamps[part.stop - 1] if len(trace) else np.zeros(0, bool)
    if np.count_nonzero(inside) < 2:
        return None
    seconds = (errors.stamps[inside] - trace.stamps[0]) * 1e-9
    count = max(1, round(SMOOTHING_S * contract.rate))
    with rc_context(STYLE):
        figure = Figure(figsize=(5.2, 2.7), layout='constrained')
        ax = figure.subplots()
        for values, color, name in (
            (errors.persistence, _INK, 'persistence'),
            (errors.model, _MODEL, 'policy'),
        ):
            scored = values[inside][:, list(contract.measured)]
            smooth = _smooth(scored.mean(axis=1), count)
            ax.semilogy(seconds, np.where(smooth > 0, smooth, np.nan), color=color, label=name)
        _plain_ticks(ax.yaxis)
        ax.set_xlabel('time in the episode, s')
        ax.set_ylabel('mean squared error')
        ax.legend(loc='lower right', bbox_to_anchor=(1.0, 0.98), ncols=2, borderaxespad=0)
        svg = _svg(figure)
    return Plot(
        svg,
        "Squared error of the predicted next observation, in units of each channel's standard "
        f'deviation, averaged over channels and {SMOOTHING_S:g} s; persistence predicts that '
        'nothing changes. First episode.',
    )


def latency(latency_s: np.ndarray, contract: Contract) -> Plot | None:
    """Histogram of the time from sensor to command; infinite if the command came too late."""
    p50, p99 = 1e3 * median_and_p99(latency_s)
    late = int(np.count_nonzero(np.isinf(latency_s)))
    values = latency_s[np.isfinite(latency_s)] * 1e3
    if values.size < 2:
        return None
    top = max(np.percentile(values, 99.5) * 1.15, np.median(values) * 1.5, 1e-3)
    beyond = int(np.count_nonzero(values > top))
    with rc_context(STYLE):
        figure = Figure(figsize=(5.2, 2.7), layout='constrained')
        ax = figure.subplots()
        ax.hist(values, bins=np.linspace(0, top, 50).tolist(), color=_OTHER, alpha=0.75, lw=0)
        for value, name, side in ((p50, 'p50', 'right'), (p99, 'p99', 'left')):
            if not np.isfinite(value):
                continue
            ax.axvline(value, color=_INK, lw=0.8, dashes=(4, 3))
            ax.annotate(
                f'{name} {value:.2f}', (value, 1.0), xycoords=('data', 'axes fraction'),
                xytext=(0, 3), textcoords='offset points', ha=side, va='bottom', fontsize=8,
            )  # fmt: skip
        ax.set_xlim(0, top)
        ax.set_xlabel('sensor to command, ms')
        ax.set_ylabel('periods')
        svg = _svg(figure)
    more = f'; {beyond} lie beyond the axis, the longest at {values.max():.1f} ms' if beyond else ''
    return Plot(
        svg,
        f'Time from publishing an observation to receiving its command, all {values.size} periods '
        f'that were answered in time ({late} were not){more}. '
        f'A period lasts {1e3 / contract.rate:g} ms.',
    )


def channel_ratios(ratios: Sequence[tuple[str, dict[str, float | None]]]) -> Plot | None:
    """Prediction error over persistence by channel, with one mark per run.

    Args:
        ratios: (name of the run, channel → ratio) for each run.
    """
    channels = list(dict.fromkeys(name for _, found in ratios for name in found))
    ratios = [one for one in ratios if any(one[1].values())]  # the legend names what has points
    if not ratios:
        return None
    with rc_context(STYLE):
        figure = Figure(figsize=(10.6, 0.75 + 0.27 * len(channels)), layout='constrained')
        ax = figure.subplots()
        ax.axvline(1.0, color=_INK, lw=0.8, dashes=(4, 3))
        for number, (name, found) in enumerate(ratios):
            values = [found.get(c) or np.nan for c in channels]
            shift = 0.09 * (number - (len(ratios) - 1) / 2)
            rows = np.arange(len(channels)) + shift
            color, marker = _RUNS[number % len(_RUNS)], 'osD^vP'[number // len(_RUNS) % 6]
            ax.scatter(values, rows, s=26, color=color, marker=marker, label=name, lw=0)
        ax.set_xscale('log')
        _plain_ticks(ax.xaxis)
        ax.set_yticks(range(len(channels)), [_plain(c) for c in channels])
        ax.tick_params(axis='y', length=0)
        ax.set_ylim(len(channels) - 0.5, -0.5)
        ax.grid(axis='y', color=_INK, alpha=0.12, lw=0.6)
        ax.set_axisbelow(True)
        ax.set_xlabel('prediction error / persistence')
        ax.legend(loc='center left', bbox_to_anchor=(1.0, 0.5))
        svg = _svg(figure)
    return Plot(
        svg,
        'Prediction error over that of persistence, channel by channel, all episodes. Left of the '
        'dashed line the policy predicts the channel better than its last value does.',
    )


def _stack(count: int, height: float) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=(5.2, 0.55 + height * count), layout='constrained')
    axes = figure.subplots(count, 1, sharex=True, squeeze=False)[:, 0]
    return figure, list(axes)


def _title(ax: Axes, text: str) -> None:
    ax.set_title(text.replace('_', ' '), loc='left', fontsize=8.5, pad=3)


def _plain_ticks(axis: Axis) -> None:
    """Ticks of a logarithmic axis at 1, 2, 5, 10, …, as plain numbers."""
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f'{value:g}'))
    axis.set_minor_formatter(NullFormatter())


def _fit(ax: Axes, seconds: np.ndarray, values: np.ndarray, start: float, end: float) -> None:
    seen = values[(seconds >= start) & (seconds <= end)]
    seen = seen[np.isfinite(seen)]
    if seen.size:
        margin = 0.12 * float(np.ptp(seen)) or 0.1
        ax.set_ylim(float(seen.min()) - margin, float(seen.max()) + margin)


def _seconds(trace: Trace, part: slice) -> np.ndarray:
    return (trace.stamps[part] - trace.stamps[0]) * 1e-9


def _channels(contract: Contract) -> list[tuple[str, str]]:
    """(name, unit) of each sensed value."""
    units = [unit for term in contract.sensed for unit in term.units]
    names = [_plain(name) for name in contract.sensed_channels]
    return list(zip(names, units, strict=True))


def _plain(channel: str) -> str:
    return channel.replace('_joint.', ' ').replace('.', ' ').replace('_', ' ')


def _shown_channels(contract: Contract, count: int = 3) -> list[int]:
    """Indices of the first driven joints' channels, or else of the first channels."""
    names = [(t, c) for t in contract.sensed for c in t.channels]
    driven = [i for i, (_, c) in enumerate(names) if c in contract.action.joints]
    return (driven or list(range(len(names))))[:count]


def _smooth(values: np.ndarray, count: int) -> np.ndarray:
    kernel = np.ones(min(count, len(values)))
    weight = np.convolve(np.ones(len(values)), kernel, 'same')
    return np.convolve(values, kernel, 'same') / weight


def _svg(figure: Figure) -> str:
    text = io.StringIO()
    figure.savefig(text, format='svg', transparent=True, metadata={'Date': None})
    svg = text.getvalue()
    svg = svg[svg.index('<svg') :].replace(_INK, 'currentColor')
    for color, name in ((_MODEL, '--model'), (_OTHER, '--other')):
        svg = svg.replace(color, f'var({name}, {color})')
    return svg
