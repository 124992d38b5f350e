"""The scores of several seeds of one training, and of the best of them."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np

from liquid_control.control.bundle import Bundle
from liquid_control.evaluation.statistics import interval, mean
from liquid_control.evaluation.suite import SCORED, VERSION


def overall(bundle: Bundle) -> float:
    """The criterion for the best of several seeds: the mean return over all faults."""
    return float(np.mean([bundle.scores[fault]['return_mean'] for fault in SCORED]))


def seed_scores(bundles: list[Bundle]) -> dict[str, Any]:
    """The scores of several seeds of one training, with 95 % intervals over the seeds."""
    scores: dict[str, Any] = {'seeds': [bundle.provenance['seed'] for bundle in bundles]}
    for fault in SCORED:
        scores[fault] = {'suite': VERSION}
        for name in ('percent', 'return_mean', 'prediction_ratio'):
            values = [bundle.scores[fault].get(name) for bundle in bundles]
            if None in values:
                continue
            usual, low, high = (round(x, 4) for x in interval(values, statistic=mean))
            spread = {} if len(values) < 2 else {'low': low, 'high': high}
            scores[fault][name] = {'values': values, 'mean': usual, **spread}
    return scores


def rescored(bundle: Bundle, path: Path, scores: dict[str, Any]) -> Bundle:
    """Write the same policy with new scores."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scores = json.loads(json.dumps(scores))
    return dataclasses.replace(bundle, scores=scores).write(path, bundle.graph)
