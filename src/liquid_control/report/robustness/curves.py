"""One plot a fault: return, prediction error, and what the measured elapsed time gives."""

import math
from collections.abc import Sequence
from typing import Any

from liquid_control.evaluation.families import Family
from liquid_control.evaluation.robustness import (
    MEASURED,
    NOMINAL,
    Analysis,
    Curve,
    Estimate,
    RobustnessResults,
)
from liquid_control.report.robustness.look import Look, condition_text, estimate_text
from liquid_control.report.robustness.plots import Plot, level_line, line, plot, safe

Looks = dict[str, Look]
_TICKS = [b * 10.0**e for e in range(-4, 5) for b in (1, 2, 3, 5, 7)]


def degradation(results: RobustnessResults, analysis: Analysis, looks: Looks) -> list[Plot]:
    """Return of every policy against the level of each fault, from no fault on."""
    curves = [curve for curve in analysis.curves if curve.elapsed == MEASURED]
    top = top_of([one for curve in curves for one in curve.percent])
    y = {'title': f'return, % of {results.reference["name"]}', 'range': [0, top]}
    made = []
    for family in results.families:
        traces: list[Any] = []
        mine = [curve for curve in curves if curve.family == family.name]
        for curve in mine:
            texts = _hover(curve, family, curve.percent)
            places = range(len(curve.levels))
            traces += line(curve.policy, looks[curve.policy], places, curve.percent, texts)
        if traces:
            made.append(plot(family.title, traces, _levels(family, mine[0].levels), y))
    return made


def prediction(results: RobustnessResults, analysis: Analysis, looks: Looks) -> list[Plot]:
    """Prediction error as a share of that of persistence, against the level of each fault."""
    made = []
    for family in results.families:
        traces: list[Any] = []
        levels: tuple[float, ...] = ()
        for curve in analysis.curves:
            if (curve.family, curve.elapsed) != (family.name, MEASURED):
                continue
            levels = curve.levels
            errors = [_prediction(analysis, curve.policy, family, level) for level in levels]
            if sum(not math.isnan(one.value) for one in errors) < 2:
                continue
            texts = _hover(curve, family, errors, ' of persistence', 2)
            traces += line(curve.policy, looks[curve.policy], range(len(levels)), errors, texts)
        if traces:
            y = {'title': 'error ÷ persistence', 'type': 'log', 'tickvals': _TICKS}
            made.append(
                plot(family.title, traces, _levels(family, levels), y, shapes=[level_line(1.0)])
            )
    return made


def elapsed(results: RobustnessResults, analysis: Analysis, looks: Looks) -> list[Plot]:
    """Each policy with the measured elapsed time, and with it held at 1."""
    nominal = [curve for curve in analysis.curves if curve.elapsed == NOMINAL]
    families = {family.name: family for family in results.families}
    pairs = [(analysis.curve(one.policy, one.family), one) for one in nominal]
    top = top_of([one for pair in pairs for curve in pair for one in curve.percent])
    y = {'title': f'return, % of {results.reference["name"]}', 'range': [0, top]}
    made = []
    for measured, held in pairs:
        family, look = families[held.family], looks[held.policy]
        grey = look._replace(color='#8a8f94', symbol='circle-open')
        texts = [_hover(c, family, c.percent, ' %', 0) for c in (measured, held)]
        traces = line(held.policy, grey, range(len(held.levels)), held.percent, texts[1], 'dot')
        traces += line(
            held.policy, look, range(len(measured.levels)), measured.percent, texts[0], 'solid'
        )
        title = f'{held.policy}: {family.title}'
        made.append(plot(title, traces, _levels(family, held.levels), y, 220))
    return made


def _levels(family: Family, levels: Sequence[float]) -> dict[str, Any]:
    """The axis of a family's levels, all equally far apart."""
    ticks = [tick_text(family, level) for level in levels]
    return {
        'title': family.unit, 'tickvals': list(range(len(levels))), 'ticktext': ticks,
        'range': [-0.15, len(levels) - 0.85],
    }  # fmt: skip


def tick_text(family: Family, level: float) -> str:
    """A level on an axis; the one that changes nothing is called so."""
    if level == family.unchanged:
        return f'{level:g} (none)' if family.unchanged else 'none'
    return f'{level:g}' if family.unit else 'on'


def _hover(
    curve: Curve,
    family: Family,
    estimates: Sequence[Estimate],
    unit: str = ' %',
    digits: int = 0,
) -> list[str]:
    held = ', elapsed time held at 1' if curve.elapsed == NOMINAL else ''
    return [
        f'<b>{safe(curve.policy)}</b>{held}<br>{safe(condition_text(family, level))}<br>'
        f'{estimate_text(one, unit, digits)}'
        for level, one in zip(curve.levels, estimates, strict=True)
    ]


def _prediction(analysis: Analysis, policy: str, family: Family, level: float) -> Estimate:
    if level == family.unchanged:
        return analysis.cell(policy, '', 0.0).prediction
    return analysis.cell(policy, family.name, level).prediction


def top_of(estimates: Sequence[Estimate]) -> float:
    """Upper end of an axis of returns, at least 105."""
    highs = [max(one.value, one.high) if one.high == one.high else one.value for one in estimates]
    return max([105.0, *(1.05 * high for high in highs if not math.isnan(high))])
