"""Which policy is better: ranks, probabilities of improvement, performance profiles."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from scipy import stats

from liquid_control.evaluation.robustness.figures import NOTHING, Improvement, Profile, Standing
from liquid_control.evaluation.robustness.resampling import Means, Resamples
from liquid_control.evaluation.robustness.sampled import (
    Sampled,
    differences,
    ranks,
    stacked,
    verdicts,
)
from liquid_control.evaluation.robustness.scores import CLEAN, Scores

THRESHOLDS = tuple(float(percent) for percent in range(0, 121, 2))
"""Thresholds of performance profiles, in % of the reference."""


def standings(
    scores: Scores, means: Means, faulty: Mapping[str, list[Sampled]], resamples: Resamples
) -> tuple[Standing, ...]:
    """Where each policy stands, from best to worst, those without a rank last.

    Args:
        scores: all runs.
        means: interquartile mean of each policy under each condition.
        faulty: policy → its mean return over the levels of each family.
        resamples: episodes and trainings of each resample.
    """
    overall = {name: stacked(faulty[name]).average() for name in scores.complete}
    found = [_unranked(scores, means, name) for name in scores.policies]
    if not overall:
        return tuple(found)
    pairs = differences(overall)
    compared = verdicts(overall, pairs)
    placed = stats.rankdata([-float(one.value) for one in overall.values()], 'min')
    first = max(overall, key=lambda name: float(overall[name].value))
    mean_ranks = stacked(
        [ranks([means[name, condition] for name in overall]) for condition in scores.faulty]
    ).average()
    for index, name in enumerate(overall):
        runs = np.array([scores.runs[name][condition].percent for condition in scores.faulty])
        position = scores.policies.index(name)
        found[position] = replace(
            found[position],
            overall=overall[name].estimate(),
            keeps=(overall[name] / means[name, CLEAN] * 100.0).estimate(),
            interquartile=resamples.pooled(name, runs).estimate(),
            mean_rank=mean_ranks.estimate(index),
            rank=int(placed[index]),
            rank_low=1 + sum(one.positive for (_, other), one in pairs.items() if other == name),
            rank_high=len(overall)
            - sum(one.positive for (better, _), one in pairs.items() if better == name),
            behind=pairs.get((name, first), NOTHING),
            **compared[name]._asdict(),
        )
    return tuple(sorted(found, key=lambda one: (one.rank == 0, one.rank)))


def _unranked(scores: Scores, means: Means, name: str) -> Standing:
    """What is known of every policy, also where conditions are missing."""
    runs = scores.runs[name]
    faulty = [runs[condition] for condition in scores.faulty if condition in runs]
    clean = [runs[CLEAN]] if CLEAN in runs else []
    return Standing(
        name,
        clean=means[name, CLEAN].estimate(),
        falls=sum(int(run.fallen.sum()) for run in faulty),
        stopped=sum(int(run.stopped.sum()) for run in (*clean, *faulty)),
        episodes=sum(run.fallen.size for run in faulty),
        missing=scores.missing(name),
    )


def improvements(scores: Scores, resamples: Resamples) -> tuple[Improvement, ...]:
    """The probability of improvement of each ranked policy over each other one."""
    if not scores.faulty:
        return ()
    found = []
    for better in scores.complete:
        for worse in scores.complete:
            if better != worse:
                probability = _probability(scores, resamples, better, worse)
                found.append(Improvement(better, worse, probability.estimate()))
    return tuple(found)


def _probability(scores: Scores, resamples: Resamples, better: str, worse: str) -> Sampled:
    """Mean over conditions of the Mann-Whitney statistic, as a share."""
    wins = 0.0
    for condition in scores.faulty:
        one = scores.runs[better][condition].percent.ravel()[:, None]
        other = scores.runs[worse][condition].percent.ravel()
        wins = wins + ((one > other) + 0.5 * (one == other)) / len(scores.faulty)
    table = np.asarray(wins)
    drawn = np.einsum(
        'bi,ij,bj->b', resamples.shares(better), table, resamples.shares(worse), optimize=True
    )
    return Sampled(np.asarray(table.mean()), drawn, resamples.units(better, worse))


def profiles(scores: Scores, resamples: Resamples) -> tuple[Profile, ...]:
    """The performance profile of each ranked policy."""
    if not scores.faulty:
        return ()
    found, limits = [], np.array(THRESHOLDS)
    for name in scores.complete:
        above = 0.0
        for condition in scores.faulty:
            percent = scores.runs[name][condition].percent[..., None]
            above = above + (percent > limits) / len(scores.faulty)
        shares = resamples.mean(name, np.asarray(above))
        estimates = tuple(shares.estimate(index) for index in range(len(limits)))
        found.append(Profile(name, THRESHOLDS, estimates))
    return tuple(found)
