"""The runs of the study of mortality, and how they are carried out."""

import fnmatch
import math
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from liquid_control import cells
from liquid_control.control.schema import unknown
from liquid_control.jobs import Progress, Report
from liquid_control.study.carry_out import keeping, results_of, size_of, stage
from liquid_control.study.icu.dataset import IcuData
from liquid_control.study.icu.published import PART as RECIPES
from liquid_control.study.icu.published import PUBLISHED
from liquid_control.study.icu.scores import reliability
from liquid_control.study.run import Recipe, ResultStore, Run
from liquid_control.study.sequences import Sequences

COMPARISON, TUNING = 'comparison', 'tuning'
PARTS = (RECIPES, COMPARISON)
BUDGET, EPOCHS, BATCH = 20_000, 12, 64
"""Parameters of a compared model, its epochs, and patients per gradient step."""
LEARNING_RATES = (0.002, 0.005, 0.0125)
QUICK_CELLS, QUICK_EPOCHS = ('cfc', 'gru'), 3
PATIENTS = 4000
"""Patients of the published set, of which 64 % train a compared model and 80 % a recipe."""


@dataclass(frozen=True)
class Plan:
    """The requested part of the study."""

    parts: tuple[str, ...] = PARTS
    cells: tuple[str, ...] = ()
    """Cells of the comparison and the recipes; empty for all."""
    pattern: str = '*'
    """Pattern of run names; tuning runs are added as the comparison needs them."""
    seeds: int = 5
    epochs: int | None = None
    """Epochs of every run; None: :data:`EPOCHS`, and those of each recipe."""
    rates: tuple[float, ...] = LEARNING_RATES

    def __post_init__(self):
        for kind, given, known in (
            ('part', self.parts, PARTS),
            ('cell', self.cells, list(cells.names())),
        ):
            for name in given:
                if name not in known:
                    raise ValueError(unknown(kind, name, known))

    def tuning(self) -> list[Run]:
        """One run per compared cell and step size, with seed 0."""
        compared = {run.cell for run in self._compared({})}
        if len(self.rates) < 2:
            return []
        return [
            self._run(TUNING, cell, 0, rate, f'lr{rate:g}')
            for cell in self._cells()
            for rate in self.rates
            if cell in compared
        ]

    def runs(self, chosen: Mapping[str, float]) -> list[Run]:
        """All other runs, given cell → step size; cells not in it take the middle one."""
        found = self._compared(chosen)
        if RECIPES in self.parts:
            recipes = [
                published_run(cell, seed, self.epochs)
                for cell in PUBLISHED
                for seed in range(self.seeds)
                if cell in self._cells()
            ]
            found += self._fitting(recipes)
        return found

    def _compared(self, chosen: Mapping[str, float]) -> list[Run]:
        if COMPARISON not in self.parts:
            return []
        middle = self.rates[len(self.rates) // 2]
        return self._fitting(
            self._run(COMPARISON, cell, seed, chosen.get(cell, middle), f'seed{seed}')
            for seed in range(self.seeds)
            for cell in self._cells()
        )

    def _run(self, part: str, cell: str, seed: int, rate: float, suffix: str) -> Run:
        every = math.ceil(0.64 * PATIENTS / BATCH)
        recipe = Recipe((self.epochs or EPOCHS) * every, rate, BATCH, every)
        units, settings = sized(cell)
        model = {
            'units': units, 'settings': settings, 'weight_decay': 0.0, 'positive_weight': 1.0,
        }  # fmt: skip
        return Run(f'{part}-{cell}-{suffix}', part, cell, seed, recipe, model)

    def _fitting(self, runs: Iterable[Run]) -> list[Run]:
        return [run for run in runs if fnmatch.fnmatch(run.name, self.pattern)]

    def _cells(self) -> Sequence[str]:
        return self.cells or cells.names()


def published_run(cell: str, seed: int, epochs: int | None = None) -> Run:
    """A published recipe as a run."""
    row = PUBLISHED[cell]
    every = math.ceil(0.8 * PATIENTS / row.batch)
    recipe = Recipe(
        (epochs or row.epochs) * every, row.learning_rate, row.batch, every, 'exponential',
        row.decay, clip=0.0,
    )  # fmt: skip
    model = {
        'units': row.units, 'settings': row.settings, 'weight_decay': row.weight_decay,
        'positive_weight': row.positive_weight,
    }  # fmt: skip
    return Run(f'{RECIPES}-{cell}-seed{seed}', RECIPES, cell, seed, recipe, model)


@cache
def sized(cell: str) -> tuple[int, dict[str, Any]]:
    """Hidden size and settings with which a compared model comes closest to :data:`BUDGET`."""
    from liquid_control.models import parameters, width_for
    from liquid_control.study import model
    from liquid_control.study.icu.models import VALUES, ComparedModel

    def settings(width: int) -> dict[str, Any]:
        return model.settings(cell, width).cell_settings

    scales = np.zeros(VALUES), np.ones(VALUES)
    width = width_for(
        lambda width: parameters(ComparedModel(cell, width, settings(width), *scales)), BUDGET
    )
    return width, settings(width)


def choose(runs: Iterable[Run], results: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """Cell → the step size with the greatest validation AUROC, where all tuning runs are done."""
    scores: dict[str, list[tuple[float, float]]] = {}
    for run in runs:
        validation = results.get(run.name, {}).get('validation', {})
        scores.setdefault(run.cell, []).append(
            (validation.get('auroc', -math.inf), run.recipe.learning_rate)
        )
    best = {cell: max(found) for cell, found in scores.items()}
    done = {run.cell for run in runs if run.name not in results}
    return {
        cell: rate for cell, (score, rate) in best.items() if cell not in done and score > -math.inf
    }


def model_of(run: Run, *scales: np.ndarray) -> Any:
    """The run's model with new weights; without scales, to be given those that were kept."""
    from liquid_control.study.icu import models

    kind = models.PublishedModel if run.part == RECIPES else models.ComparedModel
    scales = scales or (np.zeros(models.VALUES), np.ones(models.VALUES))
    return kind(run.cell, run.model['units'], run.model['settings'], *scales)


def build(run: Run, train: Sequences) -> Any:
    """The run's model with initial weights and the scales of the training patients."""
    import torch

    from liquid_control.study.icu.models import extremes
    from liquid_control.study.model import moments

    torch.manual_seed(run.seed)
    if run.part == RECIPES:
        return model_of(run, *extremes(train))
    return model_of(run, *moments(train.x, train.measured))


def execute(run: Run, folder: Path, data: Path, report: Report) -> None:
    """Carry out one run, in its own process, and keep its result in the study's folder.

    A training that becomes non-finite is a result too; ``failed`` says where.
    """
    import torch

    from liquid_control.models import parameters
    from liquid_control.study.icu.models import logits
    from liquid_control.study.icu.training import joined, train

    torch.set_num_threads(1)
    source = replace(IcuData(data), seed=run.seed, positive_weight=run.model['positive_weight'])
    split = source.load()
    store = ResultStore(folder, split.sha256)
    patients, validation = split.train, split.validation
    if run.part == RECIPES:  # as published: 80 % to train, none to validate
        patients, validation = joined(split.train, split.validation), None
    model = build(run, patients)
    with keeping(run, store) as result:
        result |= {'parameters': parameters(model), 'counts': model.cell.counts()._asdict()}
        result |= train(run, model, patients, validation, store, report)
        if validation is not None:
            result['validation'] = dict(source.scores(logits(model, validation), validation))
        if run.part != TUNING:
            result |= measured(source, logits(model, split.test), split.test)


def measured(source: IcuData, output: np.ndarray, data: Sequences) -> dict[str, Any]:
    """Scores, reliability curve and single patients of a model's output (N, 1), as plain JSON."""
    logit, died = source.corrected(output), data.target[:, 0] > 0.5
    return {
        'test': dict(source.scores(output, data)),
        'reliability': reliability(logit, died),
        'logit': logit.tolist(),
        'died': died.tolist(),
    }


def carry_out(plan: Plan, store: ResultStore, data: Path, workers: int) -> Generator[Progress]:
    """Carry out all missing runs, tuning first, yielding progress from time to time.

    Raises:
        ValueError: a result in the folder has other settings or other data.
    """
    progress = Progress(workers)
    tuning = plan.tuning()
    for run in (*tuning, *plan.runs({})):
        progress.add(run.name, size_of(run))
    arguments = store.folder, data
    yield from stage(tuning, progress, store, execute, arguments)
    yield from stage(chosen_runs(plan, store), progress, store, execute, arguments)


def chosen_runs(plan: Plan, store: ResultStore) -> list[Run]:
    """The runs of a plan but tuning, with the step sizes that its finished tuning chooses."""
    tuning = plan.tuning()
    return plan.runs(choose(tuning, results_of(tuning, store)))


def results(plan: Plan, store: ResultStore) -> dict[str, dict[str, Any]]:
    """Run name → result, of all finished runs of a plan."""
    return results_of((*plan.tuning(), *chosen_runs(plan, store)), store)
