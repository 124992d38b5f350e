"""Trained models of the study, measured on another set of the same format."""

from collections.abc import Iterable, Mapping
from typing import Any

from liquid_control.study.evaluate import load
from liquid_control.study.icu.dataset import IcuData
from liquid_control.study.icu.patients import Patients
from liquid_control.study.run import TUNING, ResultStore, Run


def evaluate(
    results: Iterable[Mapping[str, Any]], store: ResultStore, data: IcuData, other: Patients
) -> list[dict[str, Any]]:
    """The results with the other set's scores instead of the test's, without tuning.

    Args:
        results: of finished runs; those that failed are left out.
        store: has the weights.
        data: the set that the models were trained on.
        other: none of its patients are trained on.

    Raises:
        ValueError: weights are missing or broken.
    """
    found = []
    for result in results:
        if result['run']['part'] == TUNING or 'failed' in result:
            continue
        run = Run.of(result)
        source = data.of_run(run)
        # The scales of this model are among the weights that are loaded.
        model = source.build(run, other.sequences)
        load(model, run, store)
        found.append({**result, **source.measured(model, other.sequences)})
    return found
