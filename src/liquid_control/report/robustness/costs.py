"""Return over all faults against what a policy costs: size, time, memory, energy."""

import math
from collections.abc import Sequence
from typing import Any

from liquid_control.evaluation.robustness import Analysis, RobustnessResults
from liquid_control.report.robustness.look import Look, estimate_text
from liquid_control.report.robustness.plots import Plot, plot, points, safe
from liquid_control.report.robustness.standings import ranked_policies

COSTS = {
    'parameters': ('parameters', 1.0),
    'latency_us_p50': ('median time of a step, µs', 1.0),
    'resident_bytes': ('resident memory, MiB', 2.0**-20),
    'energy_nj': ('energy a step, nJ, an estimate', 1.0),
    'neuromorphic_nj': ('energy a step on neuromorphic hardware, nJ, an estimate', 1.0),
    'measured_nj': ('energy a step, nJ, measured', 1.0),
    'state_bytes': ('hidden state, bytes', 1.0),
    'bundle_bytes': ('size of the bundle, KiB', 2.0**-10),
    'multiply_adds': ('multiply-adds a step', 1.0),
    'transcendentals': ('transcendental operations a step', 1.0),
}
"""Figure of a policy → its title with unit, and the factor to that unit."""
_PLOTTED = (
    'parameters', 'latency_us_p50', 'resident_bytes', 'multiply_adds', 'energy_nj', 'measured_nj',
)  # fmt: skip
_FACTOR, _MARGIN = 10.0, 0.15
"""Values that span more than this factor have a logarithmic axis, with this margin at each end."""
_WIDTH, _HEIGHT, _LETTER = 260.0, 170.0, 7.0
"""Size of the plotting area of a narrow plot, and width of a letter, in pixels."""
_LINE, _GAP = 18.0, 8.0
"""Height of a name, and its distance from its point, in pixels."""


def costs(results: RobustnessResults, analysis: Analysis, looks: dict[str, Look]) -> list[Plot]:
    """Return over all faults against each cost that is known, names beside the points."""
    ranked = {one.policy: one.overall for one in ranked_policies(analysis)}
    made = []
    for key in _PLOTTED:
        title, factor = COSTS[key]
        found = {
            policy.name: factor * policy.figures[key]
            for policy in results.policies
            if policy.name in ranked and math.isfinite(policy.figures.get(key, math.nan))
        }
        if not found:
            continue
        heights = [ranked[name].value for name in found]
        values = list(found.values())
        log = min(values) > 0.0 and max(values) > _FACTOR * min(values)
        places = (
            label_places(list(found), _fractions(values), heights, end=1.0)
            if log
            else label_places(list(found), values, heights)
        )
        traces = []
        for (name, value), place in zip(found.items(), places, strict=True):
            text = (
                f'<b>{safe(name)}</b><br>{safe(title)}: {value:,.4g}<br>'
                f'{estimate_text(ranked[name], digits=1)}'
            )
            trace = points(name, looks[name], ranked[name], value, text, vertical=True)
            if place:
                trace.update(mode='markers+text', text=[safe(name)], textposition=place)
            traces.append(trace)
        top = max([*heights, *(ranked[name].high for name in found)])
        y = {'title': f'return, % of {results.reference["name"]}', 'range': [0, 1.15 * top]}
        x = {'title': title, **(_log_axis(values) if log else _linear_axis(values))}
        made.append(plot(f'Return and {title.partition(",")[0]}', traces, x, y))
    return made


def _linear_axis(values: Sequence[float]) -> dict[str, Any]:
    return {'range': [0, 1.2 * max(values) or 1.0]}


def _log_axis(values: Sequence[float]) -> dict[str, Any]:
    """A logarithmic axis with room at both ends; its range is that of the logarithms."""
    return {
        'type': 'log',
        'range': _log_range(values),
        'dtick': 'D2' if max(values) < 100 * min(values) else 1,
    }


def _log_range(values: Sequence[float]) -> list[float]:
    low, high = math.log10(min(values)), math.log10(max(values))
    margin = _MARGIN * (high - low)
    return [low - margin, high + margin]


def _fractions(values: Sequence[float]) -> list[float]:
    """Where values lie on a logarithmic axis, as values of a linear one from 0."""
    low, high = _log_range(values)
    return [(math.log10(value) - low) / (high - low) for value in values]


def label_places(
    names: Sequence[str], x: Sequence[float], y: Sequence[float], *, end: float | None = None
) -> list[str | None]:
    """Where each name may stand beside its point without covering another; None: nowhere.

    Args:
        names: the names.
        x: the points' places on an axis from 0.
        y: the same upwards.
        end: right end of the axis; by default a fifth beyond the last point.
    """
    across, up = _WIDTH / (end or 1.2 * max(x) or 1.0), _HEIGHT / (1.15 * max(y) or 1.0)
    centers = [(across * a, up * b) for a, b in zip(x, y, strict=True)]
    taken = [(a - 6.0, b - 6.0, a + 6.0, b + 6.0) for a, b in centers]
    chosen: list[str | None] = []
    for name, (a, b) in zip(names, centers, strict=True):
        width = _LETTER * len(name)
        corners = {
            'top center': (a - width / 2, b + _GAP),
            'bottom center': (a - width / 2, b - _GAP - _LINE),
            'middle right': (a + _GAP, b - _LINE / 2),
            'middle left': (a - _GAP - width, b - _LINE / 2),
        }
        free = None
        for place, (left, low) in corners.items():
            box = (left, low, left + width, low + _LINE)
            inside = left >= 0 and box[2] <= _WIDTH and low >= 0
            if inside and not any(_overlap(box, other) for other in taken):
                free = place
                taken.append(box)
                break
        chosen.append(free)
    return chosen


def _overlap(one: Sequence[float], other: Sequence[float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
