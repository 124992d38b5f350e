"""The Walker2d kinematics study: its runs, and how they are carried out."""

import fnmatch
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from liquid_control import cells
from liquid_control.control.schema import unknown
from liquid_control.jobs import Progress, Report
from liquid_control.study import carry_out as running
from liquid_control.study.checks import check_results
from liquid_control.study.footing import Footing
from liquid_control.study.run import COMPARISON, ResultStore, Run
from liquid_control.study.walker2d_kinematics import best, comparison, published
from liquid_control.study.walker2d_kinematics import dataset as data

PARTS = (published.PART, COMPARISON, best.PART)
QUICK_PLAN: Mapping[str, Any] = {
    'parts': (COMPARISON,), 'cells': ('cfc', 'lstm'), 'seeds': 1, 'updates': 20,
}  # fmt: skip
"""Settings of a plan to try the study."""


@dataclass(frozen=True)
class Plan:
    """The requested part of the study."""

    parts: tuple[str, ...] = PARTS
    cells: tuple[str, ...] = ()
    """Cells of the comparison and the recipes; empty for all registered cells."""
    pattern: str = '*'
    """Pattern of run names to include; tuning runs are added as the comparison needs them."""
    seeds: int = 3
    budgets: tuple[int, ...] = comparison.BUDGETS[:1]
    updates: int | None = None
    """Gradient steps of a compared run; None: 50 rounds."""

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

    @property
    def footing(self) -> Footing:
        """The comparison, whether or not it is among the parts."""
        return comparison.footing(self.cells, self.budgets, self.seeds, self.updates, self.pattern)

    def tuning(self) -> list[Run]:
        """The runs that determine the step sizes for the comparison."""
        return self.footing.tuning() if COMPARISON in self.parts else []

    def runs(self, chosen: Mapping[tuple[str, int], float]) -> list[Run]:
        """All runs except tuning runs, given the step sizes ``chosen`` by tuning."""
        return [*self.compared(chosen), *self.others()]

    def compared(self, chosen: Mapping[tuple[str, int], float]) -> list[Run]:
        """The runs of the comparison, if it is among the parts."""
        return self.footing.runs(chosen) if COMPARISON in self.parts else []

    def others(self) -> list[Run]:
        """The runs of the other parts."""
        runs = []
        if published.PART in self.parts:
            known = self.cells or cells.names()
            runs += [run for run in published.runs(self.seeds) if run.cell in known]
        if best.PART in self.parts:
            runs += best.runs(self.seeds)
        return [run for run in runs if fnmatch.fnmatch(run.name, self.pattern)]


def execute(run: Run, folder: Path, data_folder: Path, device: str, report: Report) -> None:
    """Carry out one recipe or a best model in its own process, and keep its result.

    A training that becomes non-finite is a result too; ``failed`` says where.
    """
    import torch

    from liquid_control.models import parameters
    from liquid_control.study.evaluate import error
    from liquid_control.study.train import train
    from liquid_control.study.walker2d_kinematics import published_model
    from liquid_control.training.device import device_named, peak_resident_mb, use

    torch.set_num_threads(1)
    where = device_named(device)
    use(where)
    rollouts = data.load(data_folder)
    windows = data.protocol(rollouts)
    store = ResultStore(folder, rollouts.sha256, 'mse')
    with running.keeping(run, store) as result:
        result['resident_before_mb'] = peak_resident_mb()
        if run.part == best.PART:
            result |= best.train(run, rollouts, windows, store, report, where)
        else:
            model = published_model.build(run)
            counts = model.to(where).cell.counts()._asdict()
            result |= {'parameters': parameters(model), 'counts': counts}
            result |= train(run, model, windows, store, report)
            result['test_mse'] = error(model, windows.test)


def carry_out(
    plan: Plan, store: ResultStore, data_folder: Path, workers: int, device: str
) -> Generator[Progress]:
    """Carry out all missing runs, tuning first, yielding progress from time to time.

    Raises:
        ValueError: a result in the folder has other settings or other data.
    """
    tuning, others = plan.tuning(), plan.others()
    compared = plan.compared({})
    check_results([*tuning, *others], compared, store, plan.footing.tunes)
    progress = Progress(workers)
    for run in (*tuning, *compared, *others):
        progress.add(run.name, running.size_of(run))
    arguments = store.folder, comparison.Walker2dKinematics(data_folder), device
    yield from running.stage(tuning, progress, store, running.execute, arguments)
    if COMPARISON in plan.parts:
        chosen = plan.footing.choose(running.results_of(tuning, store))
        ready = running.tuned(plan.footing, chosen, progress)
        yield from running.stage(ready, progress, store, running.execute, arguments)
    yield from running.stage(others, progress, store, execute, (store.folder, data_folder, device))


def results(plan: Plan, store: ResultStore) -> dict[str, dict[str, Any]]:
    """Run name → result, for every finished run of a plan.

    Raises:
        ValueError: as for :func:`carry_out`.
    """
    found = running.results_of(plan.others(), store)
    if COMPARISON in plan.parts:
        data = comparison.Walker2dKinematics(Path())
        found = running.results(plan.footing, store, data) | found
    return found
