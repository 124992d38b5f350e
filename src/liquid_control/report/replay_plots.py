"""Plots of a replay: predicted against observed, the alarm's score, error by horizon."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from liquid_control.replay.alarm import joints
from liquid_control.replay.evaluator import Evaluator
from liquid_control.replay.fleet import replay_recording
from liquid_control.report.run_plots import (
    _INK,
    _MODEL,
    _RUNS,
    STYLE,
    Plot,
    _plain,
    _plain_ticks,
    _stack,
    _svg,
    _title,
)

_SHOWN = 4
_ALARM = '#b3261e'


def replay_and_draw(recording: str, **arguments: Any) -> dict[str, Any]:
    """:func:`replay_recording`, with plots of the clean replay."""
    return replay_recording(recording, draw=_drawn, **arguments)


def _drawn(evaluators: Sequence[Evaluator], first: int) -> list[dict[str, str]]:
    return [{'svg': p.svg, 'caption': p.caption} for p in replay_plots(evaluators, first)]


def replay_plots(evaluators: Sequence[Evaluator], first: int) -> list[Plot]:
    """Return all plots of policies that played over one recording.

    Args:
        evaluators: the policies.
        first: stamp of the recording's first observation in ns, from which time is counted.
    """
    made = [
        plot
        for evaluator in evaluators
        for plot in (_traces(evaluator, first), _alarm(evaluator, first))
    ]
    return [plot for plot in (*made, _horizons(evaluators)) if plot is not None]


def _traces(evaluator: Evaluator, first: int) -> Plot | None:
    """Observed values and those predicted at the longest horizon, with the band of good data."""
    if len(evaluator.shown.rows) < 2:
        return None
    stamps, predicted, observed = evaluator.shown.columns()
    seconds = (stamps - first) * 1e-9
    contract = evaluator.contract
    calibration = None if evaluator.watch is None else evaluator.watch.calibration
    names = [contract.sensed_channels[index] for index in contract.measured]
    units = [u for term in contract.sensed if not term.hold for u in term.units]
    indices = _channels(evaluator)
    ahead = evaluator.ahead / contract.rate
    with rc_context(STYLE):
        figure, axes = _stack(len(indices), 1.15)
        for ax, index in zip(axes, indices, strict=True):
            if calibration:
                band = 2.0 * calibration.band[index]
                ax.fill_between(
                    seconds, predicted[:, index] - band, predicted[:, index] + band,
                    color=_MODEL, alpha=0.25, lw=0, label='band',
                )  # fmt: skip
            ax.plot(seconds, predicted[:, index], color=_MODEL, lw=0.9, label='predicted')
            ax.plot(seconds, observed[:, index], color=_INK, lw=0.8, label='observed')
            _title(ax, f'{_plain(names[index])}, {units[index]}')
            low, high = np.percentile(observed[:, index], (0, 100))
            margin = 0.15 * (high - low) or 0.1
            ax.set_ylim(low - margin, high + margin)
            _shade(ax, evaluator, first)
        axes[0].legend(loc='lower right', bbox_to_anchor=(1.0, 0.98), ncols=3, borderaxespad=0)
        axes[-1].set_xlabel('time, s')
        svg = _svg(figure)
    more = ', ± twice its error on good data' if calibration else ''
    return Plot(
        svg,
        f'{evaluator.name}: what was observed, and what had been predicted {1e3 * ahead:.0f} ms '
        f'({evaluator.ahead} steps) before, without new measurements{more}. Shaded: alarms.',
    )


def _alarm(evaluator: Evaluator, first: int) -> Plot | None:
    """Score of the trust alarm over time."""
    watch = evaluator.watch
    if watch is None or len(watch.scores.rows) < 2:
        return None
    stamps, scores = watch.scores.columns()
    threshold = watch.calibration.threshold
    with rc_context(STYLE):
        figure = Figure(figsize=(5.2, 2.7), layout='constrained')
        ax = figure.subplots()
        seconds = (stamps - first) * 1e-9
        ax.semilogy(seconds, np.maximum(scores, 1e-3), color=_MODEL, label='score')
        ax.axhline(threshold, color=_INK, lw=0.8, dashes=(4, 3), label='threshold')
        _shade(ax, evaluator, first)
        _plain_ticks(ax.yaxis)
        ax.set_xlabel('time, s')
        ax.set_ylabel('score')
        ax.legend(loc='lower right', bbox_to_anchor=(1.0, 0.98), ncols=2, borderaxespad=0)
        svg = _svg(figure)
    count = len(watch.events)
    return Plot(
        svg,
        f'{evaluator.name}: how far the worst joint is from what the model predicts, in units of '
        f'good data; {count} alarm{"" if count == 1 else "s"}. The threshold corresponds to '
        f'{watch.calibration.rate:.2g} false alarms per minute.',
    )


def _horizons(evaluators: Sequence[Evaluator]) -> Plot | None:
    """Error by steps ahead, of every policy and of persistence."""
    curves = [(evaluator, evaluator.errors.curve()) for evaluator in evaluators]
    curves = [(evaluator, curve) for evaluator, curve in curves if len(curve[0])]
    if not curves:
        return None
    with rc_context(STYLE):
        figure = Figure(figsize=(5.2, 2.7), layout='constrained')
        ax = figure.subplots()
        for index, (evaluator, (ahead, model, base)) in enumerate(curves):
            color = _RUNS[index % len(_RUNS)]
            ax.plot(ahead, np.sqrt(model), color=color, label=evaluator.name)
            ax.plot(ahead, np.sqrt(base), color=color, lw=0.8, ls=(0, (2, 2)))
        ax.set_xlabel('steps ahead')
        ax.set_ylabel('error, std')
        ax.set_ylim(bottom=0)
        ax.legend(loc='lower right', bbox_to_anchor=(1.0, 0.98), ncols=2, borderaxespad=0)
        svg = _svg(figure)
    return Plot(
        svg,
        'Root mean square error over all measured channels, fed with its own predictions, by steps '
        'ahead; dotted: predicting that nothing changes from the starting point.',
    )


def _channels(evaluator: Evaluator) -> list[int]:
    """Channels of the joints that caused alarms, then others, up to the number shown."""
    found = joints(evaluator.contract)
    alarmed = [
        name
        for event in (evaluator.watch.events if evaluator.watch else ())
        for name in sorted(event.joints, key=event.joints.__getitem__, reverse=True)
    ]
    ordered = list(dict.fromkeys([*alarmed, *found]))
    return [found[name][0] for name in ordered][:_SHOWN]


def _shade(ax, evaluator: Evaluator, first: int) -> None:
    last = evaluator.last
    for event in evaluator.watch.events if evaluator.watch else ():
        span = [((s or last) - first) * 1e-9 for s in (event.start, event.end)]
        ax.axvspan(*span, color=_ALARM, alpha=0.12, lw=0)
