"""The predictor of our best run: the walker's kinematics, residual blocks, one recurrent cell."""

from dataclasses import asdict, dataclass
from typing import Any

import torch

from liquid_control import cells
from liquid_control.models import Normalizer
from liquid_control.sim import simulated_robot

PERIOD, LIMIT = simulated_robot('walker2d').period_s, 10.0
"""Seconds between frames; magnitude at which the data set's velocities are clipped."""
_POSITIONS = 8
_TORSO, _THIGH, _LEG, _FOOT, _RADIUS = 0.2, 0.45, 0.5, 0.2, 0.06
"""Metres from torso centre to hip, hip to knee, knee to ankle, ankle to toes; foot radius."""
_MOST_LOST = 6.0
"""Upper bound on the elapsed frames in the features; longer gaps look the same."""


@dataclass(frozen=True)
class BestSettings:
    """Everything needed to rebuild the predictor."""

    cell: str = 'gru'
    hidden_size: int = 64
    width: int = 128
    """Width of the residual stream."""
    before: int = 2
    """Residual blocks before the cell."""
    after: int = 2
    """Residual blocks after it."""
    dropout: float = 0.0
    """Dropout probability in every block."""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


class Block(torch.nn.Module):
    """x + W·SiLU(V·LayerNorm(x)), for each frame separately."""

    def __init__(self, width: int, dropout: float):
        super().__init__()
        self.norm = torch.nn.LayerNorm(width)
        self.first, self.second = (torch.nn.Linear(width, width) for _ in range(2))
        self.dropout = torch.nn.Dropout(dropout)
        torch.nn.init.normal_(self.second.weight, std=0.3 * width**-0.5)
        torch.nn.init.zeros_(self.second.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        hidden = torch.nn.functional.silu(self.first(self.norm(x)))
        return x + self.second(self.dropout(hidden))


class BestPredictor(torch.nn.Module):
    """Frames and elapsed times of a window → the next raw frame of each; causal, from zero state.

    The network predicts the change that the present velocities do not explain. Predicted
    velocities are clipped as in the data, with a straight-through gradient, so that values
    rightly beyond the limit cost nothing. In training it is told which windows are simulated,
    because the policies that walk in them differ slightly from those in the data.

    Args:
        settings: cell and sizes.
        normalizer: scales of the raw training frames and of their change.
    """

    mean: torch.Tensor
    std: torch.Tensor
    change: torch.Tensor

    def __init__(self, settings: BestSettings, normalizer: Normalizer):
        super().__init__()
        self.settings = settings
        normalizer.register(self)
        one = torch.ones(1, 1, 1)
        inputs = self.features(torch.zeros(1, 1, len(self.mean)), one).shape[-1] + 1
        width, dropout = settings.width, settings.dropout
        self.encoder = torch.nn.Linear(inputs, width)
        self.before = torch.nn.Sequential(*(Block(width, dropout) for _ in range(settings.before)))
        self.norm = torch.nn.LayerNorm(width)
        self.cell = cells.make(settings.cell, width, settings.hidden_size)
        self.back = torch.nn.Linear(self.cell.output_size, width)
        self.after = torch.nn.Sequential(*(Block(width, dropout) for _ in range(settings.after)))
        last = torch.nn.Linear(width, len(self.mean))
        self.head = torch.nn.Sequential(torch.nn.LayerNorm(width), last)
        torch.nn.init.normal_(last.weight, std=0.01)
        torch.nn.init.zeros_(last.bias)

    def hidden_weights(self) -> list[torch.nn.Parameter]:
        """Weight matrices between hidden units, without those of the encoder and the head."""
        outer = {id(self.encoder.weight), id(self.head[1].weight)}
        return [p for p in self.parameters() if p.ndim > 1 and id(p) not in outer]

    def forward(
        self, x: torch.Tensor, elapsed: torch.Tensor, simulated: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Predict over a window.

        Args:
            x: raw frames (B, T, 17).
            elapsed: frames since the previous one (B, T, 1).
            simulated: 1 for simulated windows, (B, 1, 1), for training; None if there are none.

        Returns:
            Predictions (B, T, 17) and the last state of the cell.
        """
        simulated = x.new_zeros(len(x), 1, 1) if simulated is None else simulated
        seen = [self.features(x, elapsed), simulated.expand(-1, x.shape[1], 1)]
        stream = self.before(self.encoder(torch.cat(seen, dim=-1)))
        remembered, state = self.cell(self.norm(stream), elapsed)
        change = self.head(self.after(stream + self.back(remembered))) * self.change
        positions = x[..., :_POSITIONS] + PERIOD * x[..., -_POSITIONS:]
        positions = positions + 0.3 * change[..., :_POSITIONS]
        velocities = x[..., _POSITIONS:] + change[..., _POSITIONS:]
        clipped = velocities.clamp(-LIMIT, LIMIT)
        return torch.cat([positions, velocities + (clipped - velocities).detach()], -1), state

    def features(self, x: torch.Tensor, elapsed: torch.Tensor) -> torch.Tensor:
        """The network's inputs from each frame and the one before it, (B, T, F).

        If a velocity is clipped, the mean velocity since the previous frame is more informative.
        """
        previous = torch.cat([x[:, :1], x[:, :-1]], dim=1)
        first = torch.zeros_like(elapsed)
        first[:, 0] = 1.0
        elapsed = elapsed.clamp(max=_MOST_LOST)
        moved = (x - previous)[..., :_POSITIONS] / (PERIOD * elapsed)
        velocity = x[..., -_POSITIONS:]  # of the same coordinates, starting with that of x
        moved = torch.where(first > 0, velocity, moved)
        scale = self.std[-_POSITIONS:]
        extrapolated = 2.0 * moved - previous[..., -_POSITIONS:]
        clipped = (velocity.abs() >= LIMIT - 1e-3) * velocity.sign()
        return torch.cat(
            [
                (x - self.mean) / self.std,
                elapsed - 1.0,
                first,
                (moved - velocity) / scale,
                (extrapolated - velocity) / scale,
                (x - previous)[..., _POSITIONS:] / self.change[_POSITIONS:] / elapsed,
                clipped,
                feet(x),
            ],
            dim=-1,
        )


def feet(x: torch.Tensor) -> torch.Tensor:
    """Scaled heights and velocities of heels and toes, (..., 16), from raw frames (..., 17).

    Uses the geometry of Gymnasium's Walker2d, and resolves heights near the ground more finely.
    """
    position, velocity = x[..., :_POSITIONS], x[..., _POSITIONS:]
    pitch, rate = position[..., 1], velocity[..., 2]
    features = []
    for joint in (2, 5):
        angle, turn = pitch, rate
        height = position[..., 0] - _TORSO * pitch.cos() - _RADIUS
        forward = velocity[..., 0] - _TORSO * pitch.cos() * rate
        upward = velocity[..., 1] + _TORSO * pitch.sin() * rate
        for hinge, length in ((joint, _THIGH), (joint + 1, _LEG)):
            angle, turn = angle - position[..., hinge], turn - velocity[..., hinge + 1]
            height = height - length * angle.cos()
            forward = forward - length * angle.cos() * turn
            upward = upward + length * angle.sin() * turn
        angle, turn = angle - position[..., joint + 2], turn - velocity[..., joint + 3]
        toes = height - _FOOT * angle.sin()
        toes_up = upward - _FOOT * angle.cos() * turn
        toes_forward = forward - _FOOT * angle.sin() * turn
        features += [5.0 * height, 5.0 * toes, (30.0 * height).tanh(), (30.0 * toes).tanh()]
        features += [upward / 2.0, toes_up / 2.0, forward / 2.0, toes_forward / 2.0]
    return torch.stack(features, dim=-1)
