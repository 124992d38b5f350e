"""Next-observation models around a cell: normalised and residual, or on raw frames as published."""

import torch

from liquid_control import cells
from liquid_control.control.contract import Contract
from liquid_control.models.policy import ModelSettings
from liquid_control.models.sizing import Normalizer


class Predictor(torch.nn.Module):
    """Frames and elapsed time → the next frame: the model in which every cell is compared.

    The normalised frame and the elapsed time are encoded for the cell, which also gets the elapsed
    time as its Δt. The prediction is the present frame plus a normalised change.

    Args:
        settings: cell and sizes.
        normalizer: of the C channels, from the training part only.
    """

    mean: torch.Tensor
    std: torch.Tensor
    change: torch.Tensor

    def __init__(self, settings: ModelSettings, normalizer: Normalizer):
        super().__init__()
        self.settings = settings
        normalizer.register(self)
        channels = len(self.mean)
        self.encoder = torch.nn.Linear(channels + 1, settings.encoder)
        self.cell = cells.make(
            settings.cell, settings.encoder, settings.hidden_size, **settings.cell_settings
        )
        self.prediction = torch.nn.Linear(self.cell.output_size, channels)

    def forward(
        self, x: torch.Tensor, elapsed: torch.Tensor, state: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Frames (B, T, C), elapsed (B, T, 1) → next frames (B, T, C), last state (B, S)."""
        normal = (x - self.mean) / self.std
        encoded = torch.tanh(self.encoder(torch.cat([normal, elapsed - 1.0], dim=-1)))
        outputs, state = self.cell(encoded, elapsed, state)
        return x + self.change * self.prediction(outputs), state


class RawPredictor(torch.nn.Module):
    """A cell on raw frames with a linear readout of the next frame, as in the papers.

    Args:
        settings: cell and sizes; there is no encoder.
        channels: C.
        added: constant added to the elapsed time; the authors' LTC adds 0.001.
    """

    def __init__(self, settings: ModelSettings, channels: int, added: float = 0.0):
        super().__init__()
        self.settings, self.added = settings, added
        self.cell = cells.make(
            settings.cell, channels, settings.hidden_size, **settings.cell_settings
        )
        self.prediction = torch.nn.Linear(self.cell.output_size, channels)
        torch.nn.init.xavier_uniform_(self.prediction.weight)
        torch.nn.init.zeros_(self.prediction.bias)

    def forward(
        self, x: torch.Tensor, elapsed: torch.Tensor, state: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Frames (B, T, C), elapsed (B, T, 1) → next frames (B, T, C), last state (B, S)."""
        outputs, state = self.cell(x, elapsed + self.added, state)
        return self.prediction(outputs), state


class PredictorStep(torch.nn.Module):
    """One step of a predictor as exported: normalisation folded in, and the safe action as output.

    Args:
        model: predictor whose C channels are the contract's sensed values.
        contract: contract of the robot, without ``previous_action``.
    """

    safe: torch.Tensor

    def __init__(self, model: Predictor, contract: Contract):
        super().__init__()
        self.cell = model.cell
        self.register_buffer('safe', torch.tensor([contract.action.safe], dtype=torch.float32))
        with torch.no_grad():
            scale = torch.cat([1.0 / model.std, torch.ones(1)])
            offset = torch.cat([model.mean, torch.ones(1)])
            self.encoder = torch.nn.Linear(len(scale), model.encoder.out_features)
            self.encoder.weight.copy_(model.encoder.weight * scale)
            self.encoder.bias.copy_(model.encoder.bias - model.encoder.weight @ (offset * scale))
            self.prediction = torch.nn.Linear(model.cell.output_size, len(model.mean))
            self.prediction.weight.copy_(model.prediction.weight * model.change[:, None])
            self.prediction.bias.copy_(model.prediction.bias * model.change)

    def forward(self, observation, elapsed, state):
        """Observation (B, n), elapsed (B, 1), state (B, S) → safe action, prediction, state."""
        encoded = torch.tanh(self.encoder(torch.cat([observation, elapsed], dim=1)))
        output, state = self.cell.step(encoded, state, elapsed)
        safe = self.safe.expand(observation.shape[0], -1)
        return safe, observation + self.prediction(output), state
