"""The scores of a comparison as arrays: one a policy, condition and elapsed time."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from liquid_control.evaluation.robustness.results import (
    MEASURED,
    NOMINAL,
    Measurement,
    RobustnessResults,
)


class Condition(NamedTuple):
    """One fault at one level, with one elapsed time; no family means no fault."""

    family: str = ''
    level: float = 0.0
    elapsed: str = MEASURED


CLEAN = Condition()


@dataclass(frozen=True)
class Runs:
    """The episodes of one policy under one condition: T trainings, E episodes each.

    Attributes:
        percent: return in % of the reference, (T, E). An episode in which the policy was stopped
            has failed: it counts as a return of 0, or as its own if that is less.
        fallen: whether it ended with a fall, (T, E).
        stopped: whether the policy was stopped, (T, E).
        errors: summed squared error of the predictions, (T, E); NaN where there was none.
        persistence: the same of predicting no change, (T, E).
    """

    percent: np.ndarray
    fallen: np.ndarray
    stopped: np.ndarray
    errors: np.ndarray
    persistence: np.ndarray


@dataclass(frozen=True)
class Scores:
    """All runs of a comparison.

    Attributes:
        policies: names of the policies, in their order.
        trainings: how many trainings each has.
        episodes: episodes of each training under each condition; 0 if nothing was measured.
        conditions: all conditions, the one without a fault first.
        faults: each condition's fault, as text.
        runs: policy → condition → its runs, where every training was measured.
        errors: (policy, condition) → why there are none, of the others.
    """

    policies: tuple[str, ...]
    trainings: tuple[int, ...]
    episodes: int
    conditions: tuple[Condition, ...]
    faults: dict[Condition, str]
    runs: dict[str, dict[Condition, Runs]]
    errors: dict[tuple[str, Condition], str]

    @property
    def faulty(self) -> list[Condition]:
        """The conditions under which policies are compared: faults, elapsed time as measured."""
        return [c for c in self.conditions if c.family and c.elapsed == MEASURED]

    @property
    def complete(self) -> list[str]:
        """The policies that were measured under every condition: those that have a rank."""
        measured = [p for p in self.policies if not self.missing(p)]
        return measured if self.faulty else []

    def missing(self, policy: str) -> int:
        """Number of conditions, with the elapsed time as measured, without figures."""
        return sum(c not in self.runs[policy] for c in (CLEAN, *self.faulty))


def scores_of(results: RobustnessResults) -> Scores:
    """Arrange the measurements by policy and condition.

    A condition of which a training is missing or failed has no runs, only the reason.

    Raises:
        ValueError: the reference's return is not above 0, or measurements differ in their number
            of episodes.
    """
    reference = float(results.reference['return'])
    if not reference > 0.0:
        raise ValueError(f'reference: expected a return above 0, found {reference:g}')
    conditions = [CLEAN]
    conditions += [Condition(f.name, level) for f in results.families for level in f.levels]
    found: dict[tuple[str, Condition], dict[str, Measurement]] = {}
    for one in results.measurements:
        condition = Condition(one.family, one.level, one.elapsed) if one.family else CLEAN
        found.setdefault((one.policy, condition), {})[one.bundle] = one
        if condition.elapsed == NOMINAL and condition not in conditions:
            conditions.append(condition)
    episodes = _episodes(results)
    faults = {
        Condition(f.name, level, elapsed): f.fault(level)
        for f in results.families
        for level in f.levels
        for elapsed in (MEASURED, NOMINAL)
    }
    runs: dict[str, dict[Condition, Runs]] = {facts.name: {} for facts in results.policies}
    errors: dict[tuple[str, Condition], str] = {}
    for facts in results.policies:
        for condition in conditions:
            rows = found.get((facts.name, condition), {})
            wanted = [rows.get(bundle['sha256']) for bundle in facts.bundles]
            if problem := _problem(wanted):
                errors[facts.name, condition] = problem
            else:
                done = [one for one in wanted if one is not None]
                runs[facts.name][condition] = _runs(done, reference)
    return Scores(
        tuple(facts.name for facts in results.policies),
        tuple(len(facts.bundles) for facts in results.policies),
        episodes,
        tuple(conditions),
        {CLEAN: 'none', **faults},
        runs,
        errors,
    )


def _episodes(results: RobustnessResults) -> int:
    counts = {len(one.returns) for one in results.measurements if not one.error}
    if len(counts) > 1:
        raise ValueError(f'expected as many episodes in every measurement, found {sorted(counts)}')
    return counts.pop() if counts else 0


def _problem(rows: list[Measurement | None]) -> str:
    """Why a condition has no figures; empty if it has."""
    wrong = ['not measured' if one is None else one.error for one in rows]
    wrong = [text for text in wrong if text]
    if not wrong or len(rows) == 1:
        return wrong[0] if wrong else ''
    return f'{len(wrong)} of {len(rows)} trainings: {wrong[0]}'


def _runs(rows: list[Measurement], reference: float) -> Runs:
    returns = np.array([one.returns for one in rows], dtype=float)
    stopped = np.array([one.stopped for one in rows], dtype=bool)
    steps = np.array([one.steps for one in rows], dtype=float)
    scored = np.where(stopped, np.minimum(np.nan_to_num(returns), 0.0), returns)
    sums = [
        steps * np.array([getattr(one, name) for one in rows], dtype=float)
        for name in ('errors', 'persistence')
    ]
    both = np.isfinite(sums[0]) & np.isfinite(sums[1])
    errors, persistence = (np.where(both, each, np.nan) for each in sums)
    fallen = np.array([one.fallen for one in rows], dtype=bool)
    return Runs(100.0 * scored / reference, fallen, stopped, errors, persistence)
