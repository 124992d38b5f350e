"""The Walker2d kinematics study: its runs, and how they are carried out."""

import contextlib
import fnmatch
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from liquid_control import cells
from liquid_control.control.schema import unknown
from liquid_control.jobs import Job, Progress, Report, Size, work
from liquid_control.provenance import provenance
from liquid_control.study.run import ResultStore, Run
from liquid_control.study.walker2d_kinematics import best, comparison, published
from liquid_control.study.walker2d_kinematics import dataset as data

PARTS = (published.PART, comparison.PART, best.PART)


@dataclass(frozen=True)
class Plan:
    """The requested part of the study."""

    parts: tuple[str, ...] = PARTS
    cells: tuple[str, ...] = ()
    """Cells of the comparison and the recipes; empty for all registered cells."""
    pattern: str = '*'
    """Pattern of run names to include; tuning runs are added as the comparison needs them."""
    seeds: int = 3
    budgets: tuple[int, ...] = tuple(comparison.BUDGETS)
    updates: int | None = None
    """Gradient steps of a compared run at the smallest budget; None: :data:`comparison.BUDGETS`."""

    def __post_init__(self):
        for kind, given, known in (
            ('part', self.parts, PARTS),
            ('cell', self.cells, cells.names()),
            ('budget', map(str, self.budgets), map(str, comparison.BUDGETS)),
        ):
            known = list(known)
            for name in given:
                if name not in known:
                    raise ValueError(unknown(kind, name, known))

    def tuning(self) -> list[Run]:
        """The runs that determine the step sizes for the comparison."""
        if comparison.PART not in self.parts:  # the models need not be sized
            return []
        compared = {(run.cell, run.model['budget']) for run in self._compared({})}
        runs = comparison.tuning_runs(self._cells(), self.budgets, self.updates)
        return [run for run in runs if (run.cell, run.model['budget']) in compared]

    def runs(self, chosen: Mapping[tuple[str, int], float]) -> list[Run]:
        """All runs except tuning runs, given the step sizes ``chosen`` by tuning."""
        runs = self._compared(chosen)
        if published.PART in self.parts:
            runs += [run for run in published.runs(self.seeds) if run.cell in self._cells()]
        if best.PART in self.parts:
            runs += best.runs(self.seeds)
        return self._fitting(runs)

    def _compared(self, chosen: Mapping[tuple[str, int], float]) -> list[Run]:
        if comparison.PART not in self.parts:
            return []
        runs = comparison.runs(self._cells(), self.budgets, self.seeds, chosen, self.updates)
        return self._fitting(runs)

    def _fitting(self, runs: Iterable[Run]) -> list[Run]:
        return [run for run in runs if fnmatch.fnmatch(run.name, self.pattern)]

    def _cells(self) -> Sequence[str]:
        return self.cells or cells.names()


def execute(run: Run, folder: Path, data_folder: Path, device: str, report: Report) -> None:
    """Carry out one run, in its own process, and keep its result in the study's folder.

    A training that becomes non-finite is a result too; ``failed`` says where.
    """
    import torch

    from liquid_control.models import parameters
    from liquid_control.study.train import error, train
    from liquid_control.study.walker2d_kinematics import published_model
    from liquid_control.training.device import device_named, peak_resident_mb, use
    from liquid_control.training.finite import NotFiniteError

    torch.set_num_threads(1)
    where = device_named(device)
    use(where)
    rollouts = data.load(data_folder)
    windows = data.protocol(rollouts)
    store = ResultStore(folder, rollouts.sha256)
    before = peak_resident_mb()
    origin = provenance(seed=run.seed)
    result: dict[str, Any] = {}
    try:
        if run.part == best.PART:
            result = best.train(run, rollouts, windows, store, report, where)
        else:
            model = (
                published_model.build(run)
                if run.part == published.PART
                else comparison.build(run, rollouts)
            )
            counts = model.to(where).cell.counts()._asdict()
            result = {'parameters': parameters(model), 'counts': counts}
            result |= train(run, model, windows, store, report)
            if run.part != comparison.TUNING:
                result['test_mse'] = error(model, windows.test)
    except NotFiniteError as error:
        result['failed'] = str(error)
    store.keep(run, {'provenance': origin, 'resident_before_mb': before, **result})


def carry_out(
    plan: Plan, store: ResultStore, data_folder: Path, workers: int, device: str
) -> Generator[Progress]:
    """Carry out all missing runs, tuning first, yielding progress from time to time.

    Raises:
        ValueError: a result in the folder has other settings or other data.
    """
    progress = Progress(workers)
    tuning, later = plan.tuning(), plan.runs({})
    for run in (*tuning, *later):
        progress.add(run.name, _size(run))
    yield from _stage(tuning, progress, store, data_folder, device)
    chosen = comparison.choose(tuning, _results(tuning, store))
    runs = plan.runs(chosen)
    for run in runs:
        if not _is_tuned(run, chosen):
            progress.fail(run.name, 'its tuning found no step size')
    tuned = [run for run in runs if _is_tuned(run, chosen)]
    yield from _stage(tuned, progress, store, data_folder, device)


def results(plan: Plan, store: ResultStore) -> dict[str, dict[str, Any]]:
    """Run name → result, for every finished run of a plan.

    Raises:
        ValueError: as for :func:`carry_out`.
    """
    tuning = _results(plan.tuning(), store)
    chosen = comparison.choose(plan.tuning(), tuning)
    tuned = [run for run in plan.runs(chosen) if _is_tuned(run, chosen)]
    return tuning | _results(tuned, store)


def _stage(
    runs: Sequence[Run], progress: Progress, store: ResultStore, data_folder: Path, device: str
) -> Generator[Progress]:
    missing = []
    for run in runs:
        result = store.result(run)
        if result is None:
            missing.append(run)
        else:
            progress.keep(run.name, result.get('seconds') or 0.0)
    jobs = [
        Job(run.name, execute, (run, store.folder, data_folder, device), _size(run))
        for run in missing
    ]
    yield progress
    states = work(jobs, progress.workers, (__name__, 'torch'), progress)
    with contextlib.closing(states):
        yield from states


def _results(runs: Iterable[Run], store: ResultStore) -> dict[str, dict[str, Any]]:
    by_name = {run.name: store.result(run) for run in runs}
    return {name: result for name, result in by_name.items() if result is not None}


def _is_tuned(run: Run, chosen: Mapping[tuple[str, int], float]) -> bool:
    return run.part != comparison.PART or (run.cell, run.model['budget']) in chosen


def _size(run: Run) -> Size:
    """Runs of one kind take equally long for each gradient step."""
    kind = run.cell, run.recipe.batch, str(sorted(run.model.items()))
    return Size(run.recipe.updates, kind)
