"""Made-up comparisons with known answers."""

from collections.abc import Callable

import numpy as np

from liquid_control.evaluation.families import Family
from liquid_control.evaluation.robustness import (
    MEASURED,
    NOMINAL,
    Measurement,
    PolicyFacts,
    RobustnessResults,
)

NOISE = Family('noise', 'noise', 'σ', 'gaussian:{}', (0.1, 0.3))
FRICTION = Family('friction', 'friction', '×', 'friction:{}', (0.25, 0.5, 2.0), unchanged=1.0)
UNEVEN = Family('uneven', 'uneven periods', '', 'jitter:0.25')
REFERENCE = 200.0
"""Return of the reference."""

Returns = Callable[[str, float, int], np.ndarray]
"""(family, level, training) → returns in % of the reference, (E,); no family: no fault."""


def compared(
    policies: dict[str, Returns],
    families: tuple[Family, ...] = (NOISE,),
    trainings: int = 1,
    nominal: Returns | None = None,
    change: Callable[[Measurement], Measurement | None] = lambda one: one,
) -> RobustnessResults:
    """Results of policies with these returns.

    Args:
        policies: name → returns.
        families: the faults.
        trainings: bundles of each policy.
        nominal: returns of every policy with the elapsed time held at 1.
        change: what becomes of each measurement; None: it is missing.
    """
    rows = []
    for name, returns in policies.items():
        for training in range(trainings):
            for family, level, elapsed in _conditions(families, nominal is not None):
                made = nominal if elapsed == NOMINAL and nominal else returns
                percent = np.asarray(made(family.name if family else '', level, training))
                count = len(percent)
                rows.append(
                    Measurement(
                        name, f'{name}{training}', family.name if family else '', level,
                        family.fault(level) if family else 'none', elapsed,
                        tuple((percent * REFERENCE / 100.0).tolist()), (1000,) * count,
                        (False,) * count, (False,) * count, (0.25,) * count, (1.0,) * count,
                    )
                )  # fmt: skip
    facts = tuple(
        PolicyFacts(
            name,
            name,
            tuple({'path': '', 'sha256': f'{name}{n}', 'seed': n} for n in range(trainings)),
        )
        for name in policies
    )
    changed = [change(row) for row in rows]
    return RobustnessResults(
        'compare', 'walker2d', {'name': 'expert', 'return': REFERENCE}, 0, facts, families,
        tuple(row for row in changed if row is not None),
    )  # fmt: skip


def _conditions(families, nominal):
    yield None, 0.0, MEASURED
    for family in families:
        for level in family.levels:
            yield family, level, MEASURED
            if nominal:
                yield family, level, NOMINAL


def steady(clean: float, slope: float, episodes: int = 8) -> Returns:
    """The same return in every episode, which falls with the level."""
    return lambda family, level, training: np.full(
        episodes, clean - (slope * level if family else 0.0)
    )


def drawn(seed: int, mean: float = 90.0, episodes: int = 10, fall: float = 0.3) -> Returns:
    """Independent returns: near the mean, or anything below it after a fall."""
    rng = np.random.default_rng(seed)

    def returns(family: str, level: float, training: int) -> np.ndarray:
        whole = rng.normal(mean, 2.0, episodes)
        return np.where(rng.random(episodes) < fall, rng.uniform(5.0, mean, episodes), whole)

    return returns
