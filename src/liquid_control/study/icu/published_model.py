"""The models of the published recipes."""

import numpy as np
import torch

from liquid_control import cells
from liquid_control.models import ModelSettings
from liquid_control.study.icu.variables import VARIABLES
from liquid_control.study.model import StudyModel, last
from liquid_control.study.run import Run
from liquid_control.study.sequences import Sequences

VALUES = len(VARIABLES)


class PublishedModel(StudyModel):
    """A cell on scaled values and their mask, and two class scores after the last step.

    A value v of a variable whose least and greatest values in training are a and b enters as
    (v - a)/b, and 0 before the variable is first measured. There is no encoder.

    Args:
        settings: cell and sizes.
        low: least values of the 41 variables, (41,).
        high: their greatest values, (41,).
    """

    low: torch.Tensor
    high: torch.Tensor
    skewed: torch.Tensor

    def __init__(self, settings: ModelSettings, low: np.ndarray, high: np.ndarray):
        super().__init__()
        self.settings = settings
        self.register_buffer('low', torch.as_tensor(low, dtype=torch.float32))
        self.register_buffer('high', torch.as_tensor(high, dtype=torch.float32))
        self.register_buffer('skewed', torch.tensor([one.skewed for one in VARIABLES]))
        self.cell = cells.make(
            settings.cell, 2 * VALUES, settings.hidden_size, **settings.cell_settings
        )
        # As the authors' LTC adds to the elapsed time.
        self.added = 1.0 if settings.cell == 'ltc' else 0.0
        self.readout = torch.nn.Linear(self.cell.output_size, 2)

    def forward(
        self,
        x: torch.Tensor,
        elapsed: torch.Tensor,
        present: torch.Tensor | None,
        observed: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Logit of a death, (B, 1), and the state.

        Args:
            x: values (B, T, 41), skewed ones as log(1 + value).
            elapsed: hours since the step before, (B, T, 1).
            present: which steps are no padding, (B, T) bool; None: all.
            observed: which values were measured, (B, T, 41) bool.
        """
        raw = torch.where(self.skewed, torch.expm1(torch.where(self.skewed, x, 0.0)), x)
        known = observed.cumsum(dim=1) > 0
        scaled = torch.where(known, (raw - self.low) / self.high, 0.0)
        inputs = torch.cat([scaled, observed.to(x.dtype)], dim=-1)
        outputs, state = self.cell(inputs, elapsed + self.added)
        final = outputs[:, -1] if present is None else last(outputs, present.sum(dim=1))
        return self.readout(final).diff(dim=-1), state


def extremes(train: Sequences) -> tuple[np.ndarray, np.ndarray]:
    """Least and greatest measured value of each variable, not as logarithms; 0 and 1 if none."""
    skewed = np.array([one.skewed for one in VARIABLES])
    raw = np.where(skewed, np.expm1(np.where(skewed, train.x, 0.0)), train.x)
    low = np.where(train.measured, raw, np.inf).min(axis=(0, 1))
    high = np.where(train.measured, raw, -np.inf).max(axis=(0, 1))
    return np.where(np.isfinite(low), low, 0.0), np.where(high > 0, high, 1.0)


def build(run: Run, train: Sequences) -> PublishedModel:
    """The run's model with initial weights and the scales of the training patients."""
    torch.manual_seed(run.seed)
    settings = ModelSettings(run.cell, run.model['units'], cell_settings=run.model['settings'])
    return PublishedModel(settings, *extremes(train))
