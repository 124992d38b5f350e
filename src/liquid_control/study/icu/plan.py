"""The runs of the study of mortality: the comparison's footing, and the published recipes."""

import fnmatch
import math
from dataclasses import dataclass, replace

from liquid_control.control.schema import unknown
from liquid_control.study.footing import Footing
from liquid_control.study.icu.published import PART as RECIPES
from liquid_control.study.icu.published import PUBLISHED
from liquid_control.study.run import COMPARISON, Recipe, Run

PARTS = (RECIPES, COMPARISON)
BUDGET, EPOCHS, BATCH = 20_000, 12, 64
"""Parameters of a compared model, its epochs, and patients per gradient step."""
LEARNING_RATES, TUNING_SHARE, TUNING_SEEDS = (0.003, 0.006, 0.012), 0.5, 3
DROPPED, CUT = 0.3, 5.0
QUICK_CELLS, QUICK_EPOCHS, QUICK_SEEDS = ('cfc', 'gru'), 3, 3
PATIENTS = 4000
"""Patients of the published set, of which 80 % train a model; 64 % in tuning."""


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
        for name in self.parts:
            if name not in PARTS:
                raise ValueError(unknown('part', name, PARTS))

    @property
    def footing(self) -> Footing:
        """The comparison; without runs if it is not among the parts."""
        epochs = self.epochs or EPOCHS
        return Footing(
            cells=self.cells,
            sizes=(BUDGET,),
            updates=epochs * math.ceil(0.8 * PATIENTS / BATCH),
            learning_rates=self.rates,
            tuning_share=TUNING_SHARE,
            tuning_seeds=min(self.seeds, TUNING_SEEDS),
            batch=BATCH,
            rounds=epochs,
            seeds=self.seeds,
            dropped=DROPPED,
            cut=CUT,
            by_length=True,
            best_round=False,
            pattern=self.pattern if COMPARISON in self.parts else '',
        )

    def quick(self) -> 'Plan':
        """A shorter plan, to try the study: two cells, few epochs, no tuning."""
        return replace(
            self,
            cells=self.cells or QUICK_CELLS,
            seeds=min(self.seeds, QUICK_SEEDS),
            epochs=self.epochs or QUICK_EPOCHS,
            rates=self.rates[1:2],
        )

    def recipes(self) -> list[Run]:
        """The published recipes, a run for each cell and seed."""
        runs = [
            published_run(cell, seed, self.epochs)
            for cell in PUBLISHED
            for seed in range(self.seeds)
            if not self.cells or cell in self.cells
        ]
        asked = RECIPES in self.parts
        return [run for run in runs if asked and fnmatch.fnmatch(run.name, self.pattern)]


def published_run(cell: str, seed: int, epochs: int | None = None) -> Run:
    """A published recipe as a run."""
    row = PUBLISHED[cell]
    every = math.ceil(0.8 * PATIENTS / row.batch)
    recipe = Recipe(
        (epochs or row.epochs) * every, row.learning_rate, row.batch, every, 'steps', row.decay,
        clip=0.0, weight_decay=row.weight_decay, by_length=True,
    )  # fmt: skip
    model = {
        'units': row.units, 'settings': row.settings, 'positive_weight': row.positive_weight,
    }  # fmt: skip
    return Run(f'{RECIPES}-{cell}-seed{seed}', RECIPES, cell, seed, recipe, model)
