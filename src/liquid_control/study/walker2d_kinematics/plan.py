"""The Walker2d kinematics study: its runs, and how they are carried out."""

import contextlib
import fnmatch
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from liquid_control import cells
from liquid_control.control.schema import unknown
from liquid_control.jobs.pool import Job, work
from liquid_control.provenance import provenance
from liquid_control.study.run import Run, Shelf
from liquid_control.study.walker2d_kinematics import best, comparison, published
from liquid_control.study.walker2d_kinematics import dataset as data
from liquid_control.study.walker2d_kinematics.estimate import Estimate

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
        found = self._compared(chosen)
        if published.PART in self.parts:
            found += [run for run in published.runs(self.seeds) if run.cell in self._cells()]
        if best.PART in self.parts:
            found += best.runs(self.seeds)
        return self._fitting(found)

    def _compared(self, chosen: Mapping[tuple[str, int], float]) -> list[Run]:
        if comparison.PART not in self.parts:
            return []
        runs = comparison.runs(self._cells(), self.budgets, self.seeds, chosen, self.updates)
        return self._fitting(runs)

    def _fitting(self, runs: Iterable[Run]) -> list[Run]:
        return [run for run in runs if fnmatch.fnmatch(run.name, self.pattern)]

    def _cells(self) -> Sequence[str]:
        return self.cells or cells.names()


def execute(
    run: Run, folder: Path, data_folder: Path, device: str, report: Callable[[float, str], None]
) -> None:
    """Carry out one run, in its own process, and keep its result in the study's folder.

    A training that becomes non-finite is a result too; ``failed`` says where.
    """
    import torch

    from liquid_control.models.policy import parameters
    from liquid_control.study.train import error, train
    from liquid_control.study.walker2d_kinematics import published_model
    from liquid_control.training.device import device_named, peak_resident_mb, use
    from liquid_control.training.finite import NotFiniteError

    torch.set_num_threads(1)
    where = device_named(device)
    use(where)
    rollouts = data.load(data_folder)
    windows = data.protocol(rollouts)
    shelf = Shelf(folder, rollouts.sha256)
    before = peak_resident_mb()
    origin = provenance(seed=run.seed)
    result: dict[str, Any] = {}
    try:
        if run.part == best.PART:
            result = best.train(run, rollouts, windows, shelf, report, where)
        else:
            model = (
                published_model.build(run)
                if run.part == published.PART
                else comparison.build(run, rollouts)
            )
            counts = model.to(where).cell.counts()._asdict()
            result = {'parameters': parameters(model), 'counts': counts}
            result |= train(run, model, windows, shelf, report)
            if run.part != comparison.TUNING:
                result['test_mse'] = error(model, windows.test)
    except NotFiniteError as error:
        result['failed'] = str(error)
    shelf.keep(run, {'provenance': origin, 'resident_before_mb': before, **result})


@dataclass
class Standing:
    """Progress of a study."""

    total: int
    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Run name → result, for every finished run."""
    failed: dict[str, str] = field(default_factory=dict)
    """Run name → what went wrong, for runs without a result."""
    live: dict[str, tuple[float, str]] = field(default_factory=dict)
    """Run name → share done and loss, for runs under way."""
    left_s: float | None = None
    """Estimated time left, in seconds; None before there is an estimate."""
    estimate: Estimate = field(default_factory=Estimate)

    def take(self, run: Run, result: dict[str, Any]) -> None:
        self.results[run.name] = result
        self.estimate.learn(run, result)


def carry_out(
    plan: Plan, shelf: Shelf, data_folder: Path, workers: int, device: str
) -> Generator[Standing]:
    """Carry out all missing runs, tuning first, yielding progress from time to time.

    Raises:
        ValueError: a result in the folder has other settings or other data.
    """
    standing = Standing(total=len(plan.tuning()) + len(plan.runs({})))
    tuning = plan.tuning()
    yield from _stage(tuning, plan.runs({}), standing, shelf, data_folder, workers, device)
    chosen = comparison.choose(tuning, standing.results)
    runs = []
    for run in plan.runs(chosen):
        tuned = run.part != comparison.PART or (run.cell, run.model['budget']) in chosen
        if not tuned:
            standing.failed[run.name] = 'its tuning found no step size'
        else:
            runs.append(run)
    yield from _stage(runs, [], standing, shelf, data_folder, workers, device)


def _stage(runs, later, standing, shelf, data_folder, workers, device) -> Generator[Standing]:
    by_name = {run.name: run for run in runs}
    missing = []
    for run in runs:
        result = shelf.result(run)
        if result is None:
            missing.append(run)
        else:
            standing.take(run, result)
    jobs = [Job(run.name, execute, (run, shelf.folder, data_folder, device)) for run in missing]
    yield standing
    with contextlib.closing(work(jobs, workers, preload=(__name__, 'torch'))) as states:
        for state in states:
            for name in state.finished.keys() - standing.results.keys():
                standing.take(by_name[name], shelf.result(by_name[name]))
            standing.failed.update(state.failed)
            standing.live = {live.job.name: (live.share, live.text) for live in state.live.values()}
            standing.left_s = standing.estimate.left(
                [by_name[job.name] for job in state.waiting] + later,
                [(by_name[live.job.name], live) for live in state.live.values()],
                workers,
            )
            yield standing
