"""Carry out the runs of a study, each in its own process, resuming from what is kept."""

import contextlib
import math
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from liquid_control.jobs import Job, Progress, Report, Size, work
from liquid_control.provenance import provenance
from liquid_control.study.estimates import core_seconds
from liquid_control.study.footing import Footing
from liquid_control.study.run import TUNING, ResultStore, Run
from liquid_control.study.sequences import DataError, StudyData, naming, scored, values

_STEP_S = 0.05
"""Assumed seconds of a gradient step whose cost was not measured."""
Execute = Callable[..., None]
"""(run, *arguments, report): carries out one run and keeps its result; importable by name."""


def execute(run: Run, folder: Path, data: StudyData, device: str, report: Report) -> None:
    """Train one run of the same footing, measure it, and keep its result in the study's folder.

    The scores on the test sequences, and what :meth:`StudyData.extra` adds, are left out in
    tuning. A training that becomes non-finite is a result too; ``failed`` says where.
    """
    import torch

    from liquid_control.models import parameters
    from liquid_control.study import objective
    from liquid_control.study.evaluate import outputs
    from liquid_control.study.train import train
    from liquid_control.training.device import device_named, peak_resident_mb, use

    torch.set_num_threads(1)
    where = device_named(device)
    use(where)
    with naming(f'{data.name}: of_run()'):
        data = data.of_run(run)
    with naming(f'{data.name}: load()'):
        split = data.load()
    store = ResultStore(folder, split.sha256)
    with keeping(run, store, data.criterion) as result:
        result['resident_before_mb'] = peak_resident_mb()
        with naming(f'{data.name}: build()'):
            model = data.build(run, split.train).to(where)
        result |= {
            'parameters': parameters(model),
            'units': model.settings.hidden_size,
            'counts': model.cell.counts()._asdict(),
            'state_bytes': 4 * model.cell.state_size,
        }
        result |= train(run, model, split, store, report, objective.of(data))
        if run.part != TUNING:
            output = outputs(model, split.test)
            scores = scored(data, output, split.test, 'the test sequences')
            tested = {f'test_{name}': float(score) for name, score in scores.items()}
            result |= tested
            what = f'{data.name}: extra()'
            extra = values(what, lambda: data.extra(model.eval(), split))
            taken = [
                name
                for name, value in extra.items()
                if name in result and not (name in tested and isinstance(value, int | float))
            ]
            if taken:
                raise DataError(
                    f'{what}: expected names that are not taken, or other numbers for the scores '
                    f'of the test, found {", ".join(taken)}'
                )
            result |= extra


@contextlib.contextmanager
def keeping(run: Run, store: ResultStore, criterion: str = 'mse') -> Generator[dict[str, Any]]:
    """A dict for the result of a run, which is kept at the end.

    A training that becomes non-finite is a result too, and so is a test score by the criterion that
    is no finite number; ``failed`` says where.
    """
    from liquid_control.training.finite import NotFiniteError

    result: dict[str, Any] = {'provenance': provenance(seed=run.seed)}
    try:
        yield result
    except NotFiniteError as error:
        result['failed'] = str(error)
    score = result.get(f'test_{criterion}', 0.0)
    if not result.get('failed') and not math.isfinite(score):
        result['failed'] = f'test_{criterion} is {score}'
    store.keep(run, result)


def carry_out(
    footing: Footing,
    store: ResultStore,
    data: StudyData,
    workers: int = 1,
    device: str = 'cpu',
    others: Sequence[Run] = (),
) -> Generator[Progress]:
    """Carry out all missing runs of a comparison, tuning first, then others; yields progress.

    A run that fails does not stop the others; ``failed`` of the progress names it. A training that
    became non-finite is a finished run, whose result says so.

    Args:
        footing: the comparison.
        store: its results on these data, from :func:`checks.checked`.
        data: the data set.
        workers: runs at a time.
        device: where they train.
        others: runs that need no tuning.
    """
    progress = Progress(workers)
    tuning = footing.tuning()
    for run in (*tuning, *footing.runs({}), *others):
        progress.add(run.name, size_of(run))
    arguments = store.folder, data, device
    yield from stage(tuning, progress, store, execute, arguments)
    chosen = footing.choose(results_of(tuning, store), data.criterion, data.greater)
    ready = [*tuned(footing, chosen, progress), *others]
    yield from stage(ready, progress, store, execute, arguments)


def carry_out_all(
    footing: Footing,
    stores: Sequence[tuple[StudyData, ResultStore]],
    workers: int,
    device: str = 'cpu',
) -> Generator[tuple[StudyData, Progress]]:
    """Carry out all missing runs, a data set after the other; see :func:`carry_out`."""
    for data, store in stores:
        states = carry_out(footing, store, data, workers, device)
        with contextlib.closing(states):
            for progress in states:
                progress.title = data.name if len(stores) > 1 else ''
                yield data, progress


def tuned(
    footing: Footing, chosen: Mapping[tuple[str, int], float], progress: Progress
) -> list[Run]:
    """The compared runs whose step size is known; the others are noted as failed."""
    ready = []
    for run in footing.runs(chosen):
        if footing.is_tuned(run, chosen):
            ready.append(run)
        else:
            progress.fail(run.name, 'its tuning found no step size')
    return ready


def stage(
    runs: Sequence[Run],
    progress: Progress,
    store: ResultStore,
    function: Execute,
    arguments: tuple[Any, ...],
) -> Generator[Progress]:
    """Carry out those runs that have no result yet, by ``function(run, *arguments, report)``.

    Args:
        runs: added to ``progress`` already.
        progress: of the whole study.
        store: where results are kept.
        function: importable by name; must keep the result itself.
        arguments: can be pickled.
    """
    jobs = []
    for run in runs:
        result = store.result(run)
        if result is None:
            jobs.append(Job(run.name, function, (run, *arguments), size_of(run)))
        else:
            progress.keep(run.name, result.get('seconds') or 0.0)
    yield progress
    states = work(jobs, progress.workers, (__name__, 'torch'), progress)
    with contextlib.closing(states):
        yield from states


def results(
    footing: Footing, store: ResultStore, data: StudyData, others: Sequence[Run] = ()
) -> dict[str, dict[str, Any]]:
    """Run name → result, for every finished run of a comparison, and of others.

    Raises:
        ValueError: as for :meth:`ResultStore.result`.
    """
    tuning = results_of(footing.tuning(), store)
    chosen = footing.choose(tuning, data.criterion, data.greater)
    ready = [run for run in footing.runs(chosen) if footing.is_tuned(run, chosen)]
    return tuning | results_of([*ready, *others], store)


def results_of(runs: Iterable[Run], store: ResultStore) -> dict[str, dict[str, Any]]:
    """Run name → result, for those of the runs that are finished."""
    found = {run.name: store.result(run) for run in runs}
    return {name: result for name, result in found.items() if result is not None}


def failures(results: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Run name → where its training or score became non-finite; tuning runs are left out."""
    return {
        name: result['failed']
        for name, result in results.items()
        if result.get('failed') and result['run']['part'] != TUNING
    }


def size_of(run: Run) -> Size:
    """About how long a run trains; those of one kind take equally long for each gradient step."""
    kind = run.cell, run.recipe.batch, str(sorted(run.model.items()))
    seconds = core_seconds(run)
    return Size(_STEP_S * run.recipe.updates if seconds is None else seconds, kind)
