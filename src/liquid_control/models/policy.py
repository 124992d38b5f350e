"""A policy around a cell: normaliser, encoder, cell, action head, next-observation head."""

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch

from liquid_control import cells
from liquid_control.control.contract import Contract
from liquid_control.models.sizing import Normalizer, cell_settings, parameters, width_for

BUDGET = 20_000
"""Parameters of a policy, whatever its cell."""
SHORTEST = 0.25
"""Shortest elapsed time, in nominal periods, by which a change is divided to give a rate."""


@dataclass(frozen=True)
class ModelSettings:
    """Everything needed to rebuild a policy or a predictor."""

    cell: str
    hidden_size: int
    encoder: int = 32
    cell_settings: dict[str, Any] = field(default_factory=dict)
    rates: bool = False
    """Whether a policy is shown how fast its sensed values change since the last sample."""

    @classmethod
    def fitted(cls, cell: str, contract: Contract, budget: int = BUDGET) -> 'ModelSettings':
        """The settings that bring a policy for a contract closest to a parameter budget.

        All cells but the memoryless one are shown rates.

        Raises:
            ValueError: unknown cell name, or a budget that the cell cannot meet.
        """

        def sized(width: int) -> ModelSettings:
            return cls(cell, width, cell_settings=cell_settings(cell, width), rates=cell != 'mlp')

        unscaled = Normalizer(*(np.ones(contract.sensed_size),) * 3)
        return sized(
            width_for(
                lambda width: parameters(PolicyModel(sized(width), contract, unscaled)), budget
            )
        )

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


class PolicyModel(torch.nn.Module):
    """Observation and elapsed time → action and next observation, over irregular time.

    The encoder's input is the normalised sensed values, the previous action and the elapsed time,
    which every cell gets both as an input and as its Δt. With rates, it also includes the change
    since the last sample over the elapsed time, in units of twice the normal change; for this the
    state holds, after the cell's own, the last sensed values and whether there were any. The
    prediction is the present observation plus a normalised change.

    Args:
        settings: cell and sizes.
        contract: what the policy asks of the robot; its sensed terms come first.
        normalizer: of the sensed values.
    """

    mean: torch.Tensor
    std: torch.Tensor
    change: torch.Tensor
    lower: torch.Tensor
    upper: torch.Tensor

    def __init__(self, settings: ModelSettings, contract: Contract, normalizer: Normalizer):
        super().__init__()
        self.settings, self.contract = settings, contract
        self.sensed = contract.sensed_size
        normalizer.register(self)
        for name in ('lower', 'upper'):
            limits = torch.tensor(getattr(contract.action, name), dtype=torch.float32)
            self.register_buffer(name, limits)
        seen = self.sensed if settings.rates else 0
        self.encoder = torch.nn.Linear(contract.observation_size + 1 + seen, settings.encoder)
        self.cell = cells.make(
            settings.cell, settings.encoder, settings.hidden_size, **settings.cell_settings
        )
        self.state_size = self.cell.state_size + (seen + 1 if seen else 0)
        self.action = torch.nn.Linear(self.cell.output_size, contract.action_size)
        self.prediction = torch.nn.Linear(self.cell.output_size + contract.action_size, self.sensed)

    def initial_state(self, batch: int) -> torch.Tensor:
        """Zero state (B, S), with the parameters' dtype and device."""
        return self.mean.new_zeros(batch, self.state_size)

    def step(
        self, observation: torch.Tensor, elapsed: torch.Tensor, state: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """One step.

        Args:
            observation: (B, n), sensed values first, then the previous action.
            elapsed: time since the previous observation, in nominal periods, (B, 1).
            state: (B, S).

        Returns:
            Action before limiting (B, m), predicted sensed values (B, p), new state (B, S).
        """
        now = observation[:, : self.sensed]
        inner, *last = self._parts(state)
        rates = self._rates(now, last[0], elapsed) * last[1] if last else None
        output, inner = self.cell.step(self._encode(observation, elapsed, rates), inner, elapsed)
        state = torch.cat([inner, now, torch.ones_like(elapsed)], dim=1) if last else inner
        action, change = self._heads(output)
        return action, now + self.change * change, state

    def sequence(
        self,
        observation: torch.Tensor,
        elapsed: torch.Tensor,
        state: torch.Tensor,
        sent: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """All steps of a sequence, using the cell's own sequence implementation.

        Args:
            observation: (B, T, n).
            elapsed: (B, T, 1).
            state: before the first step, (B, S).
            sent: actions that were sent, (B, T, m), to predict from; by default the policy's own.

        Returns:
            Actions before limiting (B, T, m), and changes to the next sensed values in units of
            the normal change (B, T, p).
        """
        return self._heads(self.outputs(observation, elapsed, state), sent)

    def outputs(
        self, observation: torch.Tensor, elapsed: torch.Tensor, state: torch.Tensor
    ) -> torch.Tensor:
        """The cell's outputs over a sequence, (B, T, h); arguments as for :meth:`sequence`."""
        inner, *last = self._parts(state)
        rates = None
        if last:
            now = observation[..., : self.sensed]
            before = torch.cat([last[0][:, None], now[:, :-1]], dim=1)
            first = torch.ones_like(elapsed)
            first[:, 0] = last[1]
            rates = self._rates(now, before, elapsed) * first
        return self.cell(self._encode(observation, elapsed, rates), elapsed, inner)[0]

    def _parts(self, state: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """The cell's state; with rates, the last sensed values and whether there were any."""
        if not self.settings.rates:
            return (state,)
        return state.split([self.cell.state_size, self.sensed, 1], dim=1)

    def _rates(self, now, before, elapsed):
        return (now - before) / (2.0 * self.change * elapsed.clamp(min=SHORTEST))

    def _encode(
        self, observation: torch.Tensor, elapsed: torch.Tensor, rates: torch.Tensor | None
    ) -> torch.Tensor:
        normal = (observation[..., : self.sensed] - self.mean) / self.std
        rest = [observation[..., self.sensed :], elapsed - 1.0]
        rest += [] if rates is None else [rates]
        return torch.tanh(self.encoder(torch.cat([normal, *rest], dim=-1)))

    def _heads(
        self, output: torch.Tensor, sent: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        action = self.action(output)
        return action, self.prediction(self.readable(output, action if sent is None else sent))

    def readable(self, output: torch.Tensor, action: torch.Tensor) -> torch.Tensor:
        """The prediction head's input, (..., h + m): the cell's output and the limited action.

        Args:
            output: (..., h).
            action: (..., m), not necessarily limited.
        """
        return torch.cat([output, self.limited(action)], dim=-1)

    def limited(self, action: torch.Tensor) -> torch.Tensor:
        """Actions (..., m) inside the limits of the contract."""
        return torch.minimum(torch.maximum(action, self.lower), self.upper)

    def forward(self, observation, elapsed, state):
        """One step, with its action inside the limits."""
        action, prediction, state = self.step(observation, elapsed, state)
        return self.limited(action), prediction, state


class StepModel(torch.nn.Module):
    """A policy's step as exported: the same function in fewer operations.

    Normalisation is folded into the encoder and the scale of the change into the prediction head.
    """

    lower: torch.Tensor
    upper: torch.Tensor

    def __init__(self, model: PolicyModel):
        super().__init__()
        self.sensed, self.cell, self.action = model.sensed, model.cell, model.action
        self.rates = model.settings.rates
        self.register_buffer('lower', model.lower)
        self.register_buffer('upper', model.upper)
        rest = model.contract.observation_size - model.sensed
        rates = [0.5 / model.change] if self.rates else []
        with torch.no_grad():
            scale = torch.cat([1.0 / model.std, torch.ones(rest + 1), *rates])
            offset = torch.cat([model.mean, torch.zeros(rest), torch.ones(1),
                                *map(torch.zeros_like, rates)])  # fmt: skip
            self.encoder = _linear(
                model.encoder.weight * scale,
                model.encoder.bias - model.encoder.weight @ (offset * scale),
            )
            self.prediction = _linear(
                model.prediction.weight * model.change[:, None],
                model.prediction.bias * model.change,
            )

    def forward(self, observation, elapsed, state):
        now, inputs, last = observation[:, : self.sensed], [observation, elapsed], []
        if self.rates:
            state, *last = state.split([self.cell.state_size, self.sensed, 1], dim=1)
            inputs.append((now - last[0]) * (last[1] / elapsed.clamp(min=SHORTEST)))
        encoded = torch.tanh(self.encoder(torch.cat(inputs, dim=1)))
        output, state = self.cell.step(encoded, state, elapsed)
        if self.rates:
            state = torch.cat([state, now, torch.ones_like(elapsed)], dim=1)
        action = torch.minimum(torch.maximum(self.action(output), self.lower), self.upper)
        change = self.prediction(torch.cat([output, action], dim=1))
        return action, now + change, state


def _linear(weight: torch.Tensor, bias: torch.Tensor) -> torch.nn.Linear:
    layer = torch.nn.Linear(weight.shape[1], weight.shape[0])
    layer.weight.copy_(weight)
    layer.bias.copy_(bias)
    return layer
