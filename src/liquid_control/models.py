"""A policy around a cell: normaliser, encoder, cell, action head, next-observation head."""

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch

from liquid_control import cells
from liquid_control.control.contract import Contract
from liquid_control.control.schema import unknown

HIDDEN = {
    'cfc': (64, {'backbone': 64}),
    'lrc': (50, {}),
    'lstm': (56, {}),
    'ltc': (56, {}),
    'ltc_ncp': (176, {'motors': 32}),
    'stc': (56, {}),
}
"""Units and settings by which each cell's policy has about 20 thousand parameters."""


@dataclass(frozen=True)
class ModelSettings:
    """All that is needed to build a policy network again."""

    cell: str
    hidden_size: int
    encoder: int = 32
    cell_settings: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def default(cls, cell: str) -> 'ModelSettings':
        """The settings that give each cell the same budget of parameters.

        Raises:
            ValueError: no cell of that name.
        """
        if cell not in HIDDEN:
            raise ValueError(unknown('cell', cell, HIDDEN))
        hidden, settings = HIDDEN[cell]
        return cls(cell, hidden, cell_settings=settings)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Normalizer:
    """Mean and standard deviation of the p sensed values, and of their change in one period."""

    mean: np.ndarray
    std: np.ndarray
    change: np.ndarray


class PolicyModel(torch.nn.Module):
    """Observation and elapsed time → action and next observation, over irregular time.

    The observation's sensed values are normalised, and put beside the previous action and the
    elapsed time, which every cell gets both as an input and as its Δt. The prediction is the
    present observation plus a normalised change.

    Args:
        settings: cell and sizes.
        contract: what the policy asks of the robot; its sensed terms come first.
        normalizer: of the sensed values.
    """

    def __init__(self, settings: ModelSettings, contract: Contract, normalizer: Normalizer):
        super().__init__()
        self.settings, self.contract = settings, contract
        self.sensed = contract.sensed_size
        for name in ('mean', 'std', 'change'):
            values = torch.as_tensor(getattr(normalizer, name), dtype=torch.float32)
            self.register_buffer(name, values)
        for name in ('lower', 'upper'):
            limits = torch.tensor(getattr(contract.action, name), dtype=torch.float32)
            self.register_buffer(name, limits)
        self.encoder = torch.nn.Linear(contract.observation_size + 1, settings.encoder)
        self.cell = cells.make(
            settings.cell, settings.encoder, settings.hidden_size, **settings.cell_settings
        )
        self.action = torch.nn.Linear(self.cell.output_size, contract.action_size)
        self.prediction = torch.nn.Linear(self.cell.output_size + contract.action_size, self.sensed)

    def initial_state(self, batch: int) -> torch.Tensor:
        return self.cell.initial_state(batch)

    def step(
        self, observation: torch.Tensor, elapsed: torch.Tensor, state: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """One step.

        Args:
            observation: (B, n), sensed values first, then the previous action.
            elapsed: since the previous observation, in nominal periods, (B, 1).
            state: (B, S).

        Returns:
            Action before it is limited (B, m), predicted sensed values (B, p), state (B, S).
        """
        sensed = observation[:, : self.sensed]
        rest = observation[:, self.sensed :]
        normal = (sensed - self.mean) / self.std
        encoded = torch.tanh(self.encoder(torch.cat([normal, rest, elapsed - 1.0], dim=1)))
        output, state = self.cell.step(encoded, state, elapsed)
        action = self.action(output)
        limited = torch.minimum(torch.maximum(action, self.lower), self.upper)
        change = self.prediction(torch.cat([output, limited], dim=1))
        return action, sensed + self.change * change, state

    def forward(self, observation, elapsed, state):
        """The step with its action inside the limits."""
        action, prediction, state = self.step(observation, elapsed, state)
        return torch.minimum(torch.maximum(action, self.lower), self.upper), prediction, state


class StepModel(torch.nn.Module):
    """A policy's step as it is exported: the same function in fewer operations.

    Normalisation is folded into the encoder, the scale of the change into the prediction head.
    """

    def __init__(self, model: PolicyModel):
        super().__init__()
        self.sensed, self.cell, self.action = model.sensed, model.cell, model.action
        self.register_buffer('lower', model.lower)
        self.register_buffer('upper', model.upper)
        rest = model.encoder.in_features - model.sensed
        with torch.no_grad():
            scale = torch.cat([1.0 / model.std, torch.ones(rest)])
            offset = torch.cat([model.mean, torch.zeros(rest - 1), torch.ones(1)])
            self.encoder = _linear(
                model.encoder.weight * scale,
                model.encoder.bias - model.encoder.weight @ (offset * scale),
            )
            self.prediction = _linear(
                model.prediction.weight * model.change[:, None],
                model.prediction.bias * model.change,
            )

    def forward(self, observation, elapsed, state):
        encoded = torch.tanh(self.encoder(torch.cat([observation, elapsed], dim=1)))
        output, state = self.cell.step(encoded, state, elapsed)
        action = torch.minimum(torch.maximum(self.action(output), self.lower), self.upper)
        change = self.prediction(torch.cat([output, action], dim=1))
        return action, observation[:, : self.sensed] + change, state


def _linear(weight: torch.Tensor, bias: torch.Tensor) -> torch.nn.Linear:
    layer = torch.nn.Linear(weight.shape[1], weight.shape[0])
    layer.weight.copy_(weight)
    layer.bias.copy_(bias)
    return layer
