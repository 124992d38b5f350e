"""The scores of bundles in closed loop: of one, of several seeds, and of the best of them."""

import dataclasses
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from liquid_control.control.bundle import Bundle
from liquid_control.control.contract import Contract
from liquid_control.control.controller import Controller
from liquid_control.control.runtime import PolicyRunner
from liquid_control.evaluation.episodes import run_episodes
from liquid_control.evaluation.metrics import figures
from liquid_control.evaluation.statistics import interval, mean
from liquid_control.evaluation.suite import SCORED, VERSION
from liquid_control.faults import parse

EPISODES, SEED = 50, 500_000
"""Episodes per fault, and the seed of the first; no choice is made by these episodes, except that
of the best of several seeds."""


def teacher_return(
    teacher: Path, robot: Contract, episodes: int = EPISODES, seed: int = SEED
) -> float:
    """Mean return of a teacher without faults, over the episodes on which students are scored."""
    walks = _walks(PolicyRunner(teacher), robot, 'none', episodes, seed)
    return float(np.mean([walk.total for walk in walks]))


def closed_loop_scores(
    policy: Bundle | Path,
    robot: Contract,
    reference: float | None = None,
    episodes: int = EPISODES,
    seed: int = SEED,
    report: Callable[[float, str], None] = lambda share, text: None,
    faults: Sequence[str] = SCORED,
) -> dict[str, dict]:
    """In-process returns of a bundle under each fault, over fresh episodes.

    ``prediction_ratio`` is the error of its predictions as a share of that of persistence;
    ``percent`` is the mean return in percent of ``reference``, if given. ``low`` and ``high`` are
    the bounds of the 95 % bootstrap interval of a mean over the episodes.

    Args:
        policy: a bundle, or its path.
        robot: the robot's contract.
        reference: return of the teacher.
        episodes: episodes per fault.
        seed: seed of the first episode; each later one adds 1.
        report: called as ``report(fraction, fault)`` before each fault and at the end.
        faults: the faults; by default the suite.
    """
    scores = {}
    for place, fault in enumerate(faults):
        report(place / len(faults), fault)
        runner = PolicyRunner(policy)
        walks = _walks(runner, robot, fault, episodes, seed)
        returns = np.array([walk.total for walk in walks])
        ratio = figures(runner.contract, [walk.trace for walk in walks])['prediction_ratio']
        scores[fault] = _score(returns, sum(walk.terminated for walk in walks), ratio, seed)
        if reference:
            scores[fault]['teacher_return'] = round(reference, 1)
            for bound in ('mean', 'low', 'high'):
                if f'return_{bound}' in scores[fault]:
                    name = 'percent' if bound == 'mean' else f'percent_{bound}'
                    percent = 100.0 * scores[fault][f'return_{bound}'] / reference
                    scores[fault][name] = round(percent, 1)
    report(1.0, '')
    return scores


def overall(bundle: Bundle) -> float:
    """The criterion for the best of several seeds: the mean return over all faults."""
    return float(np.mean([bundle.scores[fault]['return_mean'] for fault in SCORED]))


def seed_scores(bundles: list[Bundle]) -> dict[str, Any]:
    """The scores of several seeds of one training, with 95 % intervals over the seeds."""
    found: dict[str, Any] = {'seeds': [bundle.provenance['seed'] for bundle in bundles]}
    for fault in SCORED:
        found[fault] = {'suite': VERSION}
        for name in ('percent', 'return_mean', 'prediction_ratio'):
            values = [bundle.scores[fault].get(name) for bundle in bundles]
            if None in values:
                continue
            usual, low, high = (round(x, 4) for x in interval(values, statistic=mean))
            spread = {} if len(values) < 2 else {'low': low, 'high': high}
            found[fault][name] = {'values': values, 'mean': usual, **spread}
    return found


def rescored(bundle: Bundle, path: Path, scores: dict[str, Any]) -> Bundle:
    """Write the same policy with new scores."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scores = json.loads(json.dumps(scores))
    return dataclasses.replace(bundle, scores=scores).write(path, bundle.graph)


def _score(returns: np.ndarray, falls: int, ratio: float | None, seed: int) -> dict[str, Any]:
    usual, low, high = interval(returns, statistic=mean)
    found = {
        'return_mean': round(usual, 1),
        'return_min': round(float(returns.min()), 1),
        'falls': falls,
        'prediction_ratio': None if ratio is None else round(ratio, 4),
        'episodes': len(returns),
        'seed': seed,
        'suite': VERSION,
    }
    if len(returns) > 1:
        found |= {
            'return_low': round(low, 1),
            'return_high': round(high, 1),
            'return_std': round(float(returns.std(ddof=1)), 1),
        }
    return found


def _walks(runner: PolicyRunner, robot: Contract, fault: str, episodes: int, seed: int):
    return run_episodes(Controller(runner, robot), robot, parse(fault), episodes, seed)
