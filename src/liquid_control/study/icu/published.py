"""The published recipes for in-hospital mortality, as data.

From Hasani et al. 2022, "Closed-form continuous-time neural networks", and the code released with
it (``train_physio.py``): the last epoch's weights, no validation, 80 % of the patients to train and
the rest to test, the settings chosen by that test. What differs here, in both the data and the
measures:

- The authors' code hands the cell the elapsed time of the step before, times -1, by a slip in how
  it pads a batch. Here the cell gets the elapsed time of its own step; the sign does not matter,
  since the weights of the gate are initialised evenly about 0.
- Its values keep -1 and what cannot be; here the data are cleaned.
- It scales with the least and greatest value of all patients, here of those trained on.
- It drops backbone units after the second layer alone, here after every one.
- Its one split of the patients depends on the order of files on the authors' disk; here there are
  five, see :mod:`liquid_control.study.icu.dataset`.
"""

from dataclasses import dataclass, field
from typing import Any

PART = 'recipes'


@dataclass(frozen=True)
class Published:
    """One row of the paper's table, and the recipe behind it."""

    auroc: float
    """Area under the curve on the authors' 800 test patients, mean of five seeds."""
    deviation: float | None
    """Deviation over the seeds; None where it is not reported."""
    units: int
    epochs: int
    positive_weight: float
    """Weight of a death in the loss."""
    learning_rate: float
    decay: float
    """Factor of the step size an epoch."""
    weight_decay: float
    batch: int = 128
    settings: dict[str, Any] = field(default_factory=dict)
    """Settings of the cell."""


PUBLISHED = {
    'cfc': Published(
        0.839, 0.002, units=256, epochs=57, positive_weight=11.69, learning_rate=0.002, decay=0.9,
        weight_decay=4e-6,
        settings={
            'backbone': 64, 'backbone_layers': 2, 'activation': 'silu', 'dropout': 0.2, 'gain': 0.5,
        },
    ),
    'cfc_mixed': Published(
        0.840, None, units=64, epochs=65, positive_weight=5.91, learning_rate=0.001, decay=0.9,
        weight_decay=4e-6,
        settings={
            'backbone': 64, 'backbone_layers': 2, 'activation': 'lecun_tanh', 'dropout': 0.3,
            'gain': 0.6,
        },
    ),
    'cfc_no_gate': Published(
        0.8395, 0.0033, units=64, epochs=58, positive_weight=7.73, learning_rate=0.003, decay=0.73,
        weight_decay=5e-5,
        settings={'backbone': 192, 'backbone_layers': 2, 'activation': 'relu', 'gain': 0.55},
    ),
    'cfc_pure': Published(
        0.6431, 0.0180, units=64, epochs=116, positive_weight=18.25, learning_rate=0.003,
        decay=0.72, weight_decay=5e-5,
        settings={
            'backbone': 64, 'backbone_layers': 3, 'activation': 'tanh', 'dropout': 0.1,
            'gain': 0.53,
        },
    ),
    'ltc': Published(
        0.658, None, units=64, epochs=80, positive_weight=8.0, learning_rate=0.05, decay=0.95,
        weight_decay=0.0, batch=64, settings={'unfolds': 6},
    ),
}  # fmt: skip
