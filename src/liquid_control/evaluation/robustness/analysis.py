"""Derive figures with intervals, curves, ranks and comparisons from what was measured.

It needs SciPy. After Agarwal et al. 2021 (arXiv 2108.13264): interquartile means, stratified
bootstrap intervals, performance profiles, probability of improvement.
"""

import dataclasses

import numpy as np
from scipy import stats

from liquid_control.evaluation.robustness.curves import family_curves, mean_under
from liquid_control.evaluation.robustness.figures import Analysis, Cell, Estimate, Gain
from liquid_control.evaluation.robustness.ranking import (
    improvements,
    profiles,
    standings,
)
from liquid_control.evaluation.robustness.resampling import LEAST, Means, Resamples
from liquid_control.evaluation.robustness.results import MEASURED, NOMINAL, RobustnessResults
from liquid_control.evaluation.robustness.sampled import verdicts
from liquid_control.evaluation.robustness.scores import CLEAN, Condition, Runs, Scores, scores_of
from liquid_control.evaluation.statistics import LEVEL


def analyse(results: RobustnessResults, seed: int = 0) -> Analysis:
    """Derive all figures of a comparison.

    Args:
        results: what was measured; what is missing in it is missing in the figures, and said so.
        seed: seed of the resampling.

    Raises:
        ValueError: the reference's return is not above 0, or measurements differ in their number
            of episodes.
    """
    scores = scores_of(results)
    resamples = Resamples(scores, seed)
    means = resamples.means(scores)
    faulty = {
        name: [mean_under(family, name, means) for family in results.families]
        for name in scores.policies
    }
    curves = [
        curve
        for family in results.families
        for elapsed in (MEASURED, NOMINAL)
        if any((c.family, c.elapsed) == (family.name, elapsed) for c in scores.conditions)
        for curve in family_curves(family, scores.policies, means, elapsed)
    ]
    return Analysis(
        covers(scores),
        tuple(_cells(scores, means, resamples)),
        tuple(curves),
        standings(scores, means, faulty, resamples),
        improvements(scores, resamples),
        profiles(scores, resamples),
        _gains(scores, means),
    )


def covers(scores: Scores) -> str:
    """What an interval covers, in one sentence."""
    if scores.episodes < LEAST:
        return (
            f'No intervals: they need at least {LEAST} episodes, found {scores.episodes}, so '
            'nothing here is certain.'
        )
    episodes = f'{scores.episodes} episodes'
    if max(scores.trainings) == 1:
        return (
            f'Intervals (95 %) cover the choice of {episodes}, not that of the training: each '
            'policy was trained once.'
        )
    once = [p for p, n in zip(scores.policies, scores.trainings, strict=True) if n == 1]
    but = f', but of {", ".join(once)} only the former: trained once' if once else ''
    return f'Intervals (95 %) cover the choice of {episodes} and that of the trainings{but}.'


def _cells(scores: Scores, means: Means, resamples: Resamples) -> list[Cell]:
    cells = []
    for condition in scores.conditions:
        compared = verdicts({name: means[name, condition] for name in scores.policies})
        for name in scores.policies:
            cell = Cell(
                name,
                condition.family,
                condition.level,
                scores.faults[condition],
                condition.elapsed,
                error=scores.errors.get((name, condition), ''),
            )
            runs = scores.runs[name].get(condition)
            if runs is not None:
                percent = means[name, condition]
                cell = dataclasses.replace(
                    cell,
                    percent=percent.estimate(),
                    keeps=(percent / means[name, CLEAN] * 100.0).estimate(),
                    mean=resamples.mean(name, runs.percent).estimate(),
                    episodes=runs.fallen.size,
                    falls=int(runs.fallen.sum()),
                    fallen=_share(int(runs.fallen.sum()), runs.fallen.size),
                    stopped=int(runs.stopped.sum()),
                    prediction=_prediction(resamples, name, runs),
                    **compared[name]._asdict(),
                )
            cells.append(cell)
    return cells


def _share(count: int, total: int) -> Estimate:
    """A count in % of a total, with Wilson's interval."""
    bounds = stats.binomtest(count, total).proportion_ci(LEVEL, 'wilson')
    return Estimate(100.0 * count / total, 100.0 * float(bounds.low), 100.0 * float(bounds.high))


def _prediction(resamples: Resamples, name: str, runs: Runs) -> Estimate:
    """Error of the predictions as a share of that of predicting no change."""
    sums = np.stack([np.nan_to_num(runs.errors), np.nan_to_num(runs.persistence)], axis=-1)
    drawn = resamples.mean(name, sums)
    return (drawn[0] / drawn[1]).estimate()


def _gains(scores: Scores, means: Means) -> tuple[Gain, ...]:
    """What the measured elapsed time gives each policy, where it was also held at 1."""
    nominal = [c for c in scores.conditions if c.elapsed == NOMINAL]
    found = []
    for condition in nominal:
        measured = Condition(condition.family, condition.level, MEASURED)
        for name in scores.policies:
            points = means[name, measured] - means[name, condition]
            found.append(Gain(name, condition.family, condition.level, points.estimate()))
    return tuple(found)
