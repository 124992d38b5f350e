"""The model in which a study compares cells: encoder, cell and readout, for any data set."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch.nn.functional import dropout

from liquid_control import cells
from liquid_control.models import ModelSettings, Normalizer, cell_settings, parameters, width_for
from liquid_control.study.sequences import Sequences, StudyData

ENCODER = 32
"""Width of the encoder."""


class StudyModel(torch.nn.Module):
    """A model of a study: x, elapsed, present and observed → output, state.

    Attributes:
        settings: cell and sizes.
        cell: the cell.
    """

    settings: ModelSettings
    cell: cells.Cell


class SequenceModel(StudyModel):
    """Inputs and elapsed times → the frame after each step, or one logit after the last step.

    The encoder sees the normalised inputs, which of them were measured (if ``masked``), which were
    measured so far (if ``carried``) and the elapsed time less 1; the cell also gets the elapsed
    time as its Δt. A frame to come is the present frame plus a scaled change; a channel of it that
    was not measured counts as its last measured value, or as its mean before the first.

    Args:
        settings: cell and sizes.
        normalizer: of the C channels, from the training sequences only.
        masked: whether the inputs come with a mask of what was measured.
        binary: whether to return a logit after the last step that is present.
        carried: whether the last measured value stands for those that are missing after it.
        dropped: share of the encoder's inputs, the cell's inputs and its outputs that are dropped
            in training.
        cut: deviations from the mean at which normalised inputs are cut; infinity: they are not.
    """

    mean: torch.Tensor
    std: torch.Tensor
    change: torch.Tensor

    def __init__(
        self,
        settings: ModelSettings,
        normalizer: Normalizer,
        masked: bool = False,
        binary: bool = False,
        carried: bool = False,
        dropped: float = 0.0,
        cut: float = math.inf,
    ):
        super().__init__()
        self.settings, self.masked, self.binary = settings, masked, binary
        self.carried, self.dropped, self.cut = carried, dropped, cut
        normalizer.register(self)
        channels = len(self.mean)
        inputs = channels * (1 + masked + carried) + 1
        self.encoder = torch.nn.Linear(inputs, settings.encoder)
        self.cell = cells.make(
            settings.cell, settings.encoder, settings.hidden_size, **settings.cell_settings
        )
        self.prediction = torch.nn.Linear(self.cell.output_size, 1 if binary else channels)

    def forward(
        self,
        x: torch.Tensor,
        elapsed: torch.Tensor,
        present: torch.Tensor | None = None,
        observed: torch.Tensor | None = None,
        state: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Predict; a forecast can be continued by passing the state that was returned.

        Args:
            x: inputs, (B, T, C).
            elapsed: time since the previous step, (B, T, 1).
            present: which steps are no padding, (B, T) bool; None: all.
            observed: which inputs were measured, (B, T, C) bool; None: all.
            state: of the cell, (B, S); None: its initial state.

        Returns:
            The next frames, (B, T, C), or the logits, (B, 1); the state after the last step.
        """
        normal = (x - self.mean) / self.std
        if self.cut < math.inf:
            normal = normal.clamp(-self.cut, self.cut)
        seen = [normal, elapsed - 1.0]
        if self.masked:
            mask = torch.ones_like(x) if observed is None else observed.to(x.dtype)
            known = mask.cummax(dim=1).values if self.carried else mask
            masks = [mask, known] if self.carried else [mask]
            seen = [normal * known, *masks, elapsed - 1.0]
        encoded = torch.tanh(self.encoder(self._some(torch.cat(seen, dim=-1))))
        outputs, state = self.cell(self._some(encoded), elapsed, state)
        outputs = self._some(outputs)
        if not self.binary:
            frame = x if observed is None else held(x, observed, self.mean)
            return frame + self.change * self.prediction(outputs), state
        if present is None:
            return self.prediction(outputs[:, -1]), state
        return self.prediction(last(outputs, present.sum(dim=1))), state

    def _some(self, values: torch.Tensor) -> torch.Tensor:
        return dropout(values, self.dropped, self.training)


def last(outputs: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """The last output (B, O) of sequences of these lengths (B,), from all outputs (B, T, O)."""
    return outputs[torch.arange(len(outputs), device=outputs.device), lengths - 1]


def held(x: torch.Tensor, observed: torch.Tensor, before: torch.Tensor) -> torch.Tensor:
    """The last measured value of each channel at each step, or ``before`` there is one.

    Args:
        x: (B, T, C).
        observed: which of them were measured, (B, T, C) bool.
        before: (C,).
    """
    steps = torch.arange(x.shape[1], device=x.device)[:, None]
    latest = torch.where(observed, steps, -1).cummax(dim=1).values
    return torch.where(latest < 0, before, x.gather(1, latest.clamp(min=0)))


def scales(train: Sequences, binary: bool) -> Normalizer:
    """Mean and deviation of the measured inputs, and of the change up to the known targets.

    A channel that is constant or never measured keeps its scale: deviation 1.
    """
    mean, std = moments(train.x, train.measured)
    if binary:
        return Normalizer(mean, std, np.ones_like(std))
    frame = train.x
    if train.observed is not None:
        arrays = (train.x, train.measured, mean.astype(np.float32))
        frame = held(*(torch.from_numpy(np.ascontiguousarray(values)) for values in arrays)).numpy()
    return Normalizer(mean, std, moments(train.target - frame, train.scored)[1])


def moments(values: np.ndarray, there: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation of each channel over the values that are there; 0 and 1 if there are none.

    Args:
        values: (N, T, C).
        there: which of them count, (N, T, C) bool.
    """
    counts = np.maximum(1, there.sum(axis=(0, 1)))
    mean = np.where(there, values, 0.0).sum(axis=(0, 1), dtype=np.float64) / counts
    squares = np.where(there, (values - mean) ** 2, 0.0).sum(axis=(0, 1), dtype=np.float64)
    std = np.sqrt(squares / counts)
    return mean, np.where(std > 1e-6, std, 1.0)


def settings(cell: str, width: int) -> ModelSettings:
    """Settings of a model with a cell of this width; LTC has 3 unfolds, as published."""
    more = {'unfolds': 3} if cell in ('ltc', 'ltc_ncp') else {}
    return ModelSettings(cell, width, ENCODER, cell_settings(cell, width) | more)


def fitted(
    cell: str, budget: int, channels: int, masked: bool, binary: bool, carried: bool = False
) -> ModelSettings:
    """Settings of the model whose size comes closest to a parameter budget.

    Raises:
        ValueError: the cell cannot meet the budget.
    """
    unscaled = Normalizer(*np.ones((3, channels)))

    def count(width: int) -> int:
        return parameters(SequenceModel(settings(cell, width), unscaled, masked, binary, carried))

    return settings(cell, width_for(count, budget))


def build(
    cell: str, model: Mapping[str, Any], data: StudyData, train: Sequences, seed: int
) -> SequenceModel:
    """A model with initial weights and the scales of the training sequences.

    Args:
        cell: name of the cell.
        model: ``budget``: parameters of the whole model; or ``units``: width of the cell.
            ``dropped``, ``cut``: of :class:`SequenceModel`, by default none.
        data: the data set.
        train: its training sequences.
        seed: seed of the weights.
    """
    kind = train.observed is not None, data.binary, data.carried
    if 'units' in model:
        chosen = settings(cell, model['units'])
    else:
        chosen = fitted(cell, model['budget'], train.x.shape[-1], *kind)
    torch.manual_seed(seed)
    more = {name: model[name] for name in ('dropped', 'cut') if name in model}
    return SequenceModel(chosen, scales(train, data.binary), *kind, **more)
