"""Curves of return against the level of a fault, and the areas under them."""

import itertools

import numpy as np

from liquid_control.evaluation.families import Family
from liquid_control.evaluation.robustness.figures import Curve
from liquid_control.evaluation.robustness.resampling import Means
from liquid_control.evaluation.robustness.results import MEASURED
from liquid_control.evaluation.robustness.sampled import Sampled, stacked, verdicts
from liquid_control.evaluation.robustness.scores import CLEAN, Condition


def positions(family: Family) -> dict[float, float]:
    """Level → its position, in ascending order of the levels, with the unchanged one.

    A position is 0 at the unchanged level and 1 at the last level of each side of it; those
    between are equally far apart, whatever their unit.
    """
    below = sorted(level for level in family.levels if level < family.unchanged)
    above = sorted(level for level in family.levels if level > family.unchanged)
    found = {level: 1.0 - index / len(below) for index, level in enumerate(below)}
    found[family.unchanged] = 0.0
    return found | {level: (index + 1) / len(above) for index, level in enumerate(above)}


def area_weights(places: list[float]) -> np.ndarray:
    """Weight of each level in the area under a curve.

    The area of a side is that of trapezoids over positions 0 to 1; that of a family is the mean
    of its sides. So it counts the return without a fault, at position 0.
    """
    unchanged = places.index(0.0)
    sides = [range(unchanged, -1, -1), range(unchanged, len(places))]
    sides = [side for side in sides if len(side) > 1]
    weights = np.zeros(len(places))
    for side in sides:
        for one, other in itertools.pairwise(side):
            gap = (places[other] - places[one]) / 2.0 / len(sides)
            weights[[one, other]] += gap
    return weights


def mean_under(family: Family, policy: str, means: Means) -> Sampled:
    """Mean return over a family's levels, in % of the reference, without that of no fault."""
    conditions = [Condition(family.name, level, MEASURED) for level in family.levels]
    return stacked([means[policy, condition] for condition in conditions]).average()


def area(family: Family, policy: str, means: Means, elapsed: str = MEASURED) -> Sampled:
    """Area under a policy's curve, in % of the reference."""
    points = _points(family, policy, means, elapsed)
    return stacked(points).weighted(area_weights(list(positions(family).values())))


def family_curves(
    family: Family, policies: tuple[str, ...], means: Means, elapsed: str
) -> list[Curve]:
    """The curve of each policy."""
    places = positions(family)
    areas = {policy: area(family, policy, means, elapsed) for policy in policies}
    compared = verdicts(areas)
    curves = []
    for policy in policies:
        points, clean = _points(family, policy, means, elapsed), means[policy, CLEAN]
        curves.append(
            Curve(
                policy,
                family.name,
                elapsed,
                tuple(places),
                tuple(places.values()),
                tuple(point.estimate() for point in points),
                tuple((point / clean * 100.0).estimate() for point in points),
                areas[policy].estimate(),
                (areas[policy] / clean * 100.0).estimate(),
                **compared[policy]._asdict(),
            )
        )
    return curves


def _points(family: Family, policy: str, means: Means, elapsed: str) -> list[Sampled]:
    conditions = [
        CLEAN if level == family.unchanged else Condition(family.name, level, elapsed)
        for level in positions(family)
    ]
    return [means[policy, condition] for condition in conditions]
