"""The same footing: every cell in the same model, equally tuned, with the same updates.

There are two stages. Tuning runs each cell at each size with each step size from a list, for few
seeds and a share of the updates. The comparison then runs all seeds with the step size of the best
validation score, on average over the seeds of tuning.
"""

import fnmatch
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from liquid_control import cells
from liquid_control.control.schema import unknown
from liquid_control.study.run import COMPARISON, TUNING, Recipe, Run

Chosen = Mapping[tuple[str, int], float]
"""(cell, size) → step size."""


@dataclass(frozen=True)
class Footing:
    """What is compared, and how each run is trained."""

    cells: tuple[str, ...] = ()
    """Cells; empty for all registered ones."""
    sizes: tuple[int, ...] = (20_000,)
    """Sizes of the models, in the unit that ``size`` names."""
    size: str = 'budget'
    """``budget``: parameters of the whole model; ``units``: width of the cell."""
    updates: int = 1000
    """Gradient steps of a compared run."""
    learning_rates: tuple[float, ...] = (0.004, 0.01, 0.025, 0.06, 0.15)
    """Peak step sizes tried in tuning; with only one, nothing is tuned."""
    tuning_share: float = 0.1
    """Share of the gradient steps in a tuning run; its schedule is shortened accordingly."""
    tuning_seeds: int = 1
    """Number of seeds in tuning, from 0 on."""
    batch: int = 32
    """Sequences per gradient step."""
    rounds: int = 50
    """Validations per run, the last at its end; the best one's weights are kept."""
    seeds: int = 3
    """Number of seeds, from 0 on."""
    dropped: float = 0.0
    """Share of a model's inputs, encoded inputs and outputs that are dropped in training."""
    cut: float | None = None
    """Deviations from the mean at which a model's inputs are cut; None: they are not."""
    weight_decay: float = 0.0
    """Share of each weight that a step of size 1 takes away."""
    by_length: bool = False
    """Whether sequences of about as many steps go together in a batch."""
    best_round: bool = True
    """Whether a compared run keeps the weights of its best round, or the last. A tuning run always
    keeps those of the best."""
    pattern: str = '*'
    """Pattern of the names of compared runs; tuning runs are added as these need them."""

    def __post_init__(self):
        for name in self.cells:
            if name not in cells.names():
                raise ValueError(unknown('cell', name, cells.names()))
        if self.size not in ('budget', 'units'):
            raise ValueError(f'size: expected budget or units, found {self.size!r}')
        if not 0.0 <= self.dropped < 1.0:
            raise ValueError(f'dropped: expected 0 or more and less than 1, found {self.dropped}')
        if self.cut is not None and self.cut <= 0.0:
            raise ValueError(f'cut: expected more than 0, found {self.cut}')
        for name in ('updates', 'batch', 'rounds', 'seeds', 'tuning_seeds'):
            if getattr(self, name) < 1:
                raise ValueError(f'{name}: expected 1 or more, found {getattr(self, name)}')
        if not self.sizes or not self.learning_rates:
            raise ValueError('expected at least one size and one step size')

    @property
    def tunes(self) -> bool:
        """Whether there are step sizes to choose from."""
        return len(self.learning_rates) > 1

    def tuning(self) -> list[Run]:
        """One run per cell, size, step size and seed of tuning; none for a single step size."""
        if not self.tunes:
            return []
        steps = math.ceil(self.tuning_share * self.updates)
        rounds = math.ceil(self.tuning_share * self.rounds)
        compared = {(run.cell, _size(run)) for run in self.runs({})}
        return [
            self._run(
                TUNING,
                cell,
                size,
                seed,
                rate,
                f'lr{rate:g}' + (f'-seed{seed}' if self.tuning_seeds > 1 else ''),
                steps,
                rounds,
            )
            for size in self.sizes
            for cell in self.cells or cells.names()
            for rate in self.learning_rates
            for seed in range(self.tuning_seeds)
            if (cell, size) in compared
        ]

    def runs(self, chosen: Chosen) -> list[Run]:
        """The compared runs; a pair of cell and size that is not chosen takes the middle rate."""
        middle = self.learning_rates[len(self.learning_rates) // 2]
        runs = [
            self._run(
                COMPARISON, cell, size, seed, chosen.get((cell, size), middle), f'seed{seed}',
                self.updates, self.rounds,
            )
            for size in self.sizes
            for seed in range(self.seeds)
            for cell in self.cells or cells.names()
        ]  # fmt: skip
        return [run for run in runs if fnmatch.fnmatch(run.name, self.pattern)]

    def choose(
        self,
        results: Mapping[str, Mapping[str, Any]],
        criterion: str = 'mse',
        greater: bool = False,
    ) -> dict[tuple[str, int], float]:
        """(cell, size) → the step size with the best mean validation score in tuning.

        Pairs with a missing tuning run, or without any finite result, are left out.

        Args:
            results: run name → result.
            criterion: name of the score.
            greater: whether a greater score is better.
        """
        if not self.tunes:
            return {(run.cell, _size(run)): self.learning_rates[0] for run in self.runs({})}
        worst, sign = math.inf, -1.0 if greater else 1.0
        scores: dict[tuple[str, int], dict[float, list[float]]] = {}
        for run in self.tuning():
            rates = scores.setdefault((run.cell, _size(run)), {})
            if run.name in results:
                found = results[run.name].get(f'validation_{criterion}')
                score = worst if found is None else sign * found
                rates.setdefault(run.recipe.learning_rate, []).append(score)
        chosen = {}
        for key, rates in scores.items():
            if sum(map(len, rates.values())) == len(self.learning_rates) * self.tuning_seeds:
                score, rate = min((fmean(found), rate) for rate, found in rates.items())
                if math.isfinite(score):
                    chosen[key] = rate
        return chosen

    def is_tuned(self, run: Run, chosen: Chosen) -> bool:
        """Whether a run's step size is known; runs of other parts have their own."""
        return run.part != COMPARISON or (run.cell, _size(run)) in chosen

    def _run(self, part, cell, size, seed, rate, suffix, steps, rounds) -> Run:
        every = math.ceil(steps / rounds)
        recipe = Recipe(
            steps, rate, self.batch, every, best_round=self.best_round or part == TUNING,
            weight_decay=self.weight_decay, by_length=self.by_length,
        )  # fmt: skip
        name = f'{part}-{cell}-{size}-{suffix}'
        model: dict[str, Any] = {self.size: size}
        if self.dropped:
            model['dropped'] = self.dropped
        if self.cut is not None:
            model['cut'] = self.cut
        return Run(name, part, cell, seed, recipe, model)


def at_end(rate: float, rates: Iterable[float]) -> bool:
    """Whether the chosen step size is the least or the greatest of several that were tried."""
    rates = sorted(rates)
    return len(rates) > 1 and rate in (rates[0], rates[-1])


def _size(run: Run) -> int:
    return next(iter(run.model.values()))
