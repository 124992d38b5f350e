"""Which policy is better: ties with the best, ranks, probabilities, profiles."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from scipy import stats

from liquid_control.evaluation.robustness.figures import Improvement, Profile, Standing
from liquid_control.evaluation.robustness.resampling import (
    THRESHOLDS,
    Means,
    Resamples,
    Sampled,
    stacked,
)
from liquid_control.evaluation.robustness.scores import CLEAN, Scores
from liquid_control.evaluation.statistics import LEVEL


def tied_with_best(figures: Mapping[str, Sampled]) -> set[str]:
    """The policies that cannot be told from the best, itself among them.

    A policy is worse than the best if the interval of their paired difference lies above 0. The
    intervals of all these differences hold together with 95 % (Bonferroni).
    """
    known = {name: one for name, one in figures.items() if np.isfinite(one.value)}
    if not known:
        return set()
    best = max(known.values(), key=lambda one: float(one.value))
    level = 1.0 - (1.0 - LEVEL) / max(1, len(known) - 1)
    return {name for name, one in known.items() if not (best - one).estimate(level=level).positive}


def standings(
    scores: Scores, means: Means, areas: Mapping[str, list[Sampled]], resamples: Resamples
) -> tuple[Standing, ...]:
    """Where each policy stands, from best to worst, those without a rank last.

    Args:
        scores: all runs.
        means: interquartile mean of each policy under each condition.
        areas: policy → area under its curve of each family.
        resamples: episodes and trainings of each resample.
    """
    overall = {name: stacked(areas[name]).average() for name in scores.complete}
    found = [_unranked(scores, means, name) for name in scores.policies]
    if not overall:
        return tuple(found)
    best, places = tied_with_best(overall), _places(overall)
    ranks = stacked(
        [_ranks([means[name, condition] for name in overall]) for condition in scores.faulty]
    ).average()
    for index, name in enumerate(overall):
        runs = np.array([scores.runs[name][condition].percent for condition in scores.faulty])
        rank, low, high = places[name]
        position = scores.policies.index(name)
        found[position] = replace(
            found[position],
            overall=overall[name].estimate(),
            keeps=overall[name].percent_of(means[name, CLEAN]).estimate(),
            interquartile=resamples.pooled(name, runs).estimate(),
            mean_rank=ranks.estimate(index),
            rank=rank,
            rank_low=low,
            rank_high=high,
            best=name in best,
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


def _ranks(figures: Sequence[Sampled]) -> Sampled:
    """The rank of each figure, 1 for the highest; equal ones share their mean rank."""
    joined = stacked(figures)
    return Sampled(stats.rankdata(-joined.value, axis=0), stats.rankdata(-joined.draws, axis=0))


def _places(figures: Mapping[str, Sampled]) -> dict[str, tuple[int, int, int]]:
    """Policy → rank, and the best and the worst that its interval holds."""
    joined = stacked(list(figures.values()))
    ranks = stats.rankdata(-joined.value, 'min').astype(int)
    count, draws = joined.draws.shape
    if draws == 0:
        return {name: (rank, 1, count) for name, rank in zip(figures, ranks.tolist(), strict=True)}
    outside = 50.0 * (1.0 - LEVEL)
    best = np.percentile(stats.rankdata(-joined.draws, 'min', axis=0), outside, axis=1)
    worst = np.percentile(stats.rankdata(-joined.draws, 'max', axis=0), 100.0 - outside, axis=1)
    low, high = np.floor(best).astype(int), np.ceil(worst).astype(int)
    return {name: (int(ranks[i]), int(low[i]), int(high[i])) for i, name in enumerate(figures)}


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
    return Sampled(np.asarray(table.mean()), drawn)


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
