"""The published recipes for Walker2d kinematics, as data.

From Hasani et al. 2022, "Closed-form continuous-time neural networks", and the settings that the
authors released with it: raw frames as input, mean squared error, Adam as in Keras, step size × .95
per epoch, 50 epochs, the last epoch's weights. What the papers leave open comes from the released
code: the penalty on the weights, which is part of the published error, and the initialisation.
"""

import math
from dataclasses import dataclass, field
from typing import Any

from liquid_control.models import ModelSettings
from liquid_control.study.run import Recipe, Run
from liquid_control.study.walker2d_kinematics.dataset import COUNTS

PART, EPOCHS = 'recipes', 50


@dataclass(frozen=True)
class Published:
    """One row of the paper's table, and the recipe behind it."""

    mse: float
    """Mean squared error on the test windows plus the penalty, mean of five seeds."""
    deviation: float
    """Deviation over the seeds."""
    units: int
    batch: int
    learning_rate: float
    clip: float
    """Maximum gradient norm of each Keras variable."""
    penalty: float = 0.0
    """Weight of the squared weights of backbone and heads."""
    settings: dict[str, Any] = field(default_factory=dict)
    """Settings of the cell."""


PUBLISHED = {
    'cfc': Published(
        0.640, 0.006, units=64, batch=256, learning_rate=0.02, clip=1.0, penalty=1e-6,
        settings={
            'backbone': 256, 'activation': 'silu', 'head_activation': 'lecun_tanh', 'dropout': 0.1,
        },
    ),
    'cfc_mixed': Published(
        0.617, 0.006, units=128, batch=128, learning_rate=0.005, clip=10.0, penalty=6e-6,
        settings={
            'backbone': 128, 'backbone_layers': 2, 'activation': 'lecun_tanh',
            'head_activation': 'lecun_tanh', 'dropout': 0.2,
        },
    ),
    'cfc_no_gate': Published(
        0.650, 0.008, units=256, batch=128, learning_rate=0.008, clip=1.0, penalty=3e-5,
        settings={
            'backbone': 128, 'activation': 'lecun_tanh', 'head_activation': 'lecun_tanh',
            'dropout': 0.1,
        },
    ),
    'cfc_pure': Published(
        0.948, 0.010, units=256, batch=128, learning_rate=0.006, clip=10.0, penalty=1e-6,
        settings={'backbone': 192, 'activation': 'silu'},
    ),
    'ltc': Published(
        0.662, 0.013, units=128, batch=128, learning_rate=0.05, clip=10.0,
        settings={'unfolds': 3},
    ),
}  # fmt: skip


def runs(seeds: int) -> list[Run]:
    """Every recipe, with seeds 0, 1, …"""
    return [
        Run(
            f'{PART}-{cell}-seed{seed}',
            PART,
            cell,
            seed,
            _recipe(row),
            ModelSettings(cell, row.units, 0, row.settings).to_dict(),
        )
        for cell, row in PUBLISHED.items()
        for seed in range(seeds)
    ]


def _recipe(row: Published) -> Recipe:
    round_ = math.ceil(COUNTS['train'] / row.batch)
    return Recipe(
        updates=EPOCHS * round_,
        learning_rate=row.learning_rate,
        batch=row.batch,
        every=round_,
        schedule='exponential',
        clip=row.clip,
        clip_variables=True,
        epsilon=1e-7,
        penalty=row.penalty,
    )
