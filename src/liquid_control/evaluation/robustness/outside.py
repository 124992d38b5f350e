"""Control periods that lie outside of what a policy was trained with."""

from liquid_control.control.elapsed import TOLERANCE
from liquid_control.evaluation.robustness.results import PolicyFacts, RobustnessResults
from liquid_control.faults import ClockFault, of_kind, parse

LOW, HIGH, PERIOD_MS = 'trained_elapsed_low', 'trained_elapsed_high', 'period_ms'
"""Figures of a policy: its shortest and longest mean elapsed time in training, in nominal periods,
and that period."""


def outside(policy: PolicyFacts, fault: str) -> str:
    """Why a fault's mean control period is none that a policy was trained with; else empty."""
    figures = policy.figures
    if not {LOW, HIGH, PERIOD_MS} <= figures.keys():
        return ''
    low, high = figures[LOW], figures[HIGH]
    for _, clock in of_kind(parse(fault), ClockFault):
        if clock.mean is None:
            continue
        periods = clock.mean / (figures[PERIOD_MS] if clock.in_ms else 1.0)
        if not low * (1.0 - TOLERANCE) <= periods <= high * (1.0 + TOLERANCE):
            return f'{periods:.3g} nominal periods; trained with {low:.3g} to {high:.3g}'
    return ''


def notes(results: RobustnessResults) -> list[str]:
    """A line for each range of periods in training, of the policies that meet others."""
    alike: dict[tuple[float, float, tuple[str, ...]], list[str]] = {}
    for policy in results.policies:
        met = [one.fault for one in results.measurements if one.policy == policy.name]
        faults = tuple(fault for fault in dict.fromkeys(met) if outside(policy, fault))
        if faults:
            trained = policy.figures[LOW], policy.figures[HIGH]
            alike.setdefault((*trained, faults), []).append(policy.name)
    return [
        f'Trained with periods of {low:.3g} to {high:.3g} nominal ones only: {", ".join(names)}. '
        f'Outside of that: {", ".join(faults)}.'
        for (low, high, faults), names in alike.items()
    ]
