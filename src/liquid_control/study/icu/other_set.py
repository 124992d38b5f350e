"""Trained models of the study, measured on another set of the same format."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from liquid_control.study.icu import models, patients
from liquid_control.study.icu.dataset import IcuData
from liquid_control.study.icu.patients import Patients
from liquid_control.study.icu.plan import measured, model_of
from liquid_control.study.icu.training import load
from liquid_control.study.run import ResultStore, Run


def evaluate(
    runs: Iterable[Run], results: Mapping[str, Mapping[str, Any]], store: ResultStore, path: Path
) -> tuple[Patients, list[dict[str, Any]]]:
    """The other set, and the results of the finished runs with its scores instead of the test's.

    Args:
        runs: compared runs and recipes.
        results: run name → result.
        store: has the weights.
        path: folder or archive of the other set; none of its patients are trained on.

    Raises:
        DataError: the set cannot be used; the message names file and line.
        ValueError: weights are missing or broken.
    """
    whole, found = patients.load(path), []
    for run in runs:
        result = results.get(run.name)
        if result is None or 'failed' in result:
            continue
        model = model_of(run)
        load(model, run, store)
        source = replace(IcuData(path), positive_weight=run.model['positive_weight'])
        output = models.logits(model, whole.sequences)
        found.append({**result, **measured(source, output, whole.sequences)})
    return whole, found
