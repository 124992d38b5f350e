"""The published recipes for Walker2d kinematics, as data, and the models that they train.

From Hasani et al. 2022, "Closed-form continuous-time neural networks", and the settings that the
authors released with it: raw frames in, mean squared error, Adam, the last epoch's weights.
"""

import math
from typing import Any, NamedTuple

import torch

from liquid_control.data.walker2d_kinematics import CHANNELS, COUNTS
from liquid_control.predictor import PredictorSettings, RawPredictor
from liquid_control.training.run import Recipe, Run

PART, EPOCHS = 'recipes', 50


class Published(NamedTuple):
    """One row of the paper's table: its figure over five seeds, and how it was had."""

    mse: float
    deviation: float
    size: int
    batch: int
    learning_rate: float
    clip: float
    penalty: float
    """Weight of the squared kernels of backbone and heads, in the loss and in the figure."""
    settings: dict[str, Any] = {}  # noqa: RUF012


_HEADS = {'head_activation': 'lecun_tanh'}
PUBLISHED = {
    'cfc': Published(
        0.640, 0.006, 64, 256, 0.02, 1.0, 1e-6,
        {'backbone_units': 256, 'backbone_layers': 1, 'activation': 'silu', 'dropout': 0.1,
         **_HEADS},
    ),
    'cfc_mixed': Published(
        0.617, 0.006, 128, 128, 0.005, 10.0, 6e-6,
        {'backbone_units': 128, 'backbone_layers': 2, 'activation': 'lecun_tanh', 'dropout': 0.2,
         **_HEADS},
    ),
    'cfc_no_gate': Published(
        0.650, 0.008, 256, 128, 0.008, 1.0, 3e-5,
        {'backbone_units': 128, 'backbone_layers': 1, 'activation': 'lecun_tanh', 'dropout': 0.1,
         **_HEADS},
    ),
    'cfc_pure': Published(
        0.948, 0.010, 256, 128, 0.006, 10.0, 1e-6,
        {'backbone_units': 192, 'backbone_layers': 1, 'activation': 'silu'},
    ),
    'ltc': Published(0.662, 0.013, 128, 128, 0.05, 10.0, 0.0, {'unfolds': 3}),
}  # fmt: skip
ADDED_TIME = {'ltc': 1e-3}
"""What the authors' LTC adds to the elapsed time."""


def runs(seeds: int) -> list[Run]:
    """Every recipe, with seeds 0, 1, …"""
    found = []
    for cell, row in PUBLISHED.items():
        rounds = math.ceil(COUNTS['train'] / row.batch)
        recipe = Recipe(
            updates=EPOCHS * rounds,
            learning_rate=row.learning_rate,
            batch=row.batch,
            every=rounds,
            schedule='exponential',
            clip=row.clip,
            clip_each=True,
            epsilon=1e-7,
            penalty=row.penalty,
        )
        settings = PredictorSettings(cell, row.size, 0, row.settings).to_dict()
        found += [
            Run(f'{PART}-{cell}-seed{seed}', PART, cell, seed, recipe, settings)
            for seed in range(seeds)
        ]
    return found


class PublishedModel(RawPredictor):
    """The raw predictor with initial values and penalty as Keras has them.

    The authors' gate is sigmoid(−t_a·Δt + t_b), ours sigmoid(t_a·Δt + t_b): the weights of t_a
    start symmetric around 0, so that one is the other with their sign turned.
    """

    def __init__(self, settings: PredictorSettings):
        super().__init__(settings, CHANNELS, ADDED_TIME.get(settings.cell, 0.0))
        for layer in self._layers():
            torch.nn.init.zeros_(layer.bias)

    def penalised(self) -> list[torch.Tensor]:
        """Weights of backbone and heads."""
        return [layer.weight for layer in self._layers()]

    def _layers(self) -> list[torch.nn.Linear]:
        return [
            module
            for name, module in self.cell.named_modules()
            if isinstance(module, torch.nn.Linear) and ('backbone' in name or 'head' in name)
        ]


def build(run: Run) -> PublishedModel:
    """The run's model with its initial values."""
    torch.manual_seed(run.seed)
    return PublishedModel(PredictorSettings(**run.model))
