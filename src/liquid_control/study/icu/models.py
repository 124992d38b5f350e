"""The models of the study: a cell in the same surroundings for all, or as published."""

from typing import Any

import numpy as np
import torch
from torch.nn.functional import dropout

from liquid_control import cells
from liquid_control.study.icu.variables import VARIABLES
from liquid_control.study.model import last
from liquid_control.study.sequences import Sequences

VALUES = len(VARIABLES)
ENCODER, DROPOUT, CLIP = 64, 0.3, 5.0
"""Width of the encoder, share of values dropped in training, and greatest normalised value."""


class ComparedModel(torch.nn.Module):
    """Normalised values, two masks and the elapsed time → encoder → cell → logit of a death.

    The masks say what was measured at this step, and so far. Values not measured so far are 0, the
    mean of the training patients. Inputs, encoded steps and last output are dropped alike in
    training.

    Args:
        cell: name.
        units: hidden size.
        settings: settings of the cell.
        mean, std: of the measured values of the training patients, (41,) each.
    """

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(
        self, cell: str, units: int, settings: dict[str, Any], mean: np.ndarray, std: np.ndarray
    ):
        super().__init__()
        self.register_buffer('mean', torch.as_tensor(mean, dtype=torch.float32))
        self.register_buffer('std', torch.as_tensor(std, dtype=torch.float32))
        self.encoder = torch.nn.Linear(3 * VALUES + 1, ENCODER)
        self.cell = cells.make(cell, ENCODER, units, **settings)
        self.readout = torch.nn.Linear(self.cell.output_size, 1)

    def forward(
        self,
        x: torch.Tensor,
        elapsed: torch.Tensor,
        observed: torch.Tensor,
        lengths: torch.Tensor,
    ) -> torch.Tensor:
        """Logit of a death, (B, 1).

        Args:
            x: values (B, T, 41), skewed ones as log(1 + value).
            elapsed: hours since the step before, (B, T, 1).
            observed: which were measured, (B, T, 41) bool.
            lengths: steps of each patient, (B,).
        """
        seen = so_far(observed)
        normal = ((x - self.mean) / self.std).clamp(-CLIP, CLIP)
        masks = observed.to(x.dtype), seen.to(x.dtype)
        inputs = torch.cat([torch.where(seen, normal, 0.0), *masks, elapsed - 1.0], dim=-1)
        encoded = torch.tanh(self.encoder(self._dropped(inputs)))
        outputs, _ = self.cell(self._dropped(encoded), elapsed, lengths=lengths)
        return self.readout(self._dropped(last(outputs, lengths)))

    def _dropped(self, values: torch.Tensor) -> torch.Tensor:
        return dropout(values, DROPOUT, self.training)


class PublishedModel(torch.nn.Module):
    """A cell on scaled values and their mask, and two class scores after the last step.

    A value v of a variable whose least and greatest values in training are a and b enters as
    (v - a)/b, and 0 before the variable is first measured. There is no encoder.

    Args:
        cell: name.
        units: hidden size.
        settings: settings of the cell.
        low, high: least and greatest values of the 41 variables, (41,) each.
    """

    low: torch.Tensor
    high: torch.Tensor
    skewed: torch.Tensor

    def __init__(
        self, cell: str, units: int, settings: dict[str, Any], low: np.ndarray, high: np.ndarray
    ):
        super().__init__()
        self.register_buffer('low', torch.as_tensor(low, dtype=torch.float32))
        self.register_buffer('high', torch.as_tensor(high, dtype=torch.float32))
        self.register_buffer('skewed', torch.tensor([one.skewed for one in VARIABLES]))
        self.cell = cells.make(cell, 2 * VALUES, units, **settings)
        self.added = 1.0 if cell == 'ltc' else 0.0  # as the authors' LTC adds to elapsed time
        self.readout = torch.nn.Linear(self.cell.output_size, 2)

    def forward(
        self,
        x: torch.Tensor,
        elapsed: torch.Tensor,
        observed: torch.Tensor,
        lengths: torch.Tensor,
    ) -> torch.Tensor:
        """Logit of a death, (B, 1); arguments as for :class:`ComparedModel`."""
        raw = torch.where(self.skewed, torch.expm1(torch.where(self.skewed, x, 0.0)), x)
        scaled = torch.where(so_far(observed), (raw - self.low) / self.high, 0.0)
        inputs = torch.cat([scaled, observed.to(x.dtype)], dim=-1)
        outputs, _ = self.cell(inputs, elapsed + self.added, lengths=lengths)
        return self.readout(last(outputs, lengths)).diff(dim=-1)


def so_far(observed: torch.Tensor) -> torch.Tensor:
    """Which variables have been measured up to each step, (B, T, 41) bool."""
    return observed.cumsum(dim=1) > 0


def extremes(train: Sequences) -> tuple[np.ndarray, np.ndarray]:
    """Least and greatest measured value of each variable, not as logarithms; 0 and 1 if none."""
    skewed = np.array([one.skewed for one in VARIABLES])
    raw = np.where(skewed, np.expm1(np.where(skewed, train.x, 0.0)), train.x)
    low = np.where(train.measured, raw, np.inf).min(axis=(0, 1))
    high = np.where(train.measured, raw, -np.inf).max(axis=(0, 1))
    return np.where(np.isfinite(low), low, 0.0), np.where(high > 0, high, 1.0)


def logits(model: torch.nn.Module, data: Sequences, batch: int = 256) -> np.ndarray:
    """A model's logits for all patients, (N, 1); patients with as many steps go together."""
    training = model.training
    model.eval()
    found = np.zeros((len(data), 1), np.float32)
    order = np.argsort(data.lengths, kind='stable')
    with torch.no_grad():
        for start in range(0, len(order), batch):
            rows = order[start : start + batch]
            found[rows] = model(*tensors(data, rows)).numpy()
    model.train(training)
    return found


def tensors(data: Sequences, rows: np.ndarray) -> tuple[torch.Tensor, ...]:
    """x, elapsed, observed and lengths of some patients, as long as the longest of them."""
    lengths = data.lengths[rows]
    steps = int(lengths.max())
    observed = data.measured[rows, :steps]
    values = data.x[rows, :steps], data.elapsed[rows, :steps], observed, lengths
    return tuple(torch.from_numpy(np.ascontiguousarray(one)) for one in values)
