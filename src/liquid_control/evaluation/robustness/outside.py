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
    """A line for each policy that meets periods outside of its training."""
    found = []
    for policy in results.policies:
        faults = dict.fromkeys(
            one.fault
            for one in results.measurements
            if one.policy == policy.name and outside(policy, one.fault)
        )
        if faults:
            low, high = policy.figures[LOW], policy.figures[HIGH]
            found.append(
                f'{policy.name} meets periods outside of its training ({low:.3g} to {high:.3g} '
                f'nominal periods): {", ".join(faults)}.'
            )
    return found
