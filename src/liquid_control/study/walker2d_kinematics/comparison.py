"""Walker2d kinematics on the same footing: the data set and the budgets."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from liquid_control.study.footing import Footing
from liquid_control.study.sequences import Sequences, Split, StudyData
from liquid_control.study.walker2d_kinematics import dataset
from liquid_control.study.walker2d_kinematics.dataset import Windows

BUDGETS = (20_000, 100_000)
"""Parameters of the whole model; the first is compared by default."""
ROUND, ROUNDS = 303, 50
"""Gradient steps in a round of the training windows; rounds, as in the published recipes."""
LEARNING_RATES = (0.004, 0.01, 0.025, 0.06, 0.15)
TUNING_SHARE = 1 / 4


@dataclass(frozen=True)
class Walker2dKinematics(StudyData):
    """The windows of the published protocol: the next raw frame after each kept one."""

    folder: Path
    """Where ``rollout_000.npy`` … are."""

    name = 'walker2d-kinematics'
    title = 'Walker2d kinematics: next-frame prediction with lost frames'

    def load(self) -> Split:
        rollouts = dataset.load(self.folder)
        windows = dataset.protocol(rollouts)
        parts = (windows.train, windows.validation, windows.test)
        return Split(*map(_sequences, parts), sha256=rollouts.sha256)

    def scores(self, output: np.ndarray, sequences: Sequences) -> Mapping[str, float]:
        errors = (output.astype(np.float64) - sequences.target)[sequences.present]
        return {'mse': float(np.mean(errors**2))}


def _sequences(windows: Windows) -> Sequences:
    names = tuple(map(windows.describe, range(len(windows))))
    present = np.array(windows.present)
    return Sequences(windows.x, windows.elapsed, windows.target, present, names=names)


def footing(
    cells: tuple[str, ...],
    budgets: tuple[int, ...],
    seeds: int,
    updates: int | None = None,
    pattern: str = '*',
) -> Footing:
    """The comparison: 50 rounds, each validated; ``updates`` shortens them."""
    return Footing(
        cells=cells,
        sizes=budgets,
        updates=ROUND * ROUNDS if updates is None else updates,
        learning_rates=LEARNING_RATES,
        tuning_share=TUNING_SHARE,
        batch=32,
        rounds=ROUNDS,
        seeds=seeds,
        pattern=pattern,
    )
