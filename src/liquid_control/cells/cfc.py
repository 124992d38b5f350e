"""Closed-form continuous-time cell (CfC)."""

import torch

from liquid_control.cells.base import Cell


def lecun_tanh(x: torch.Tensor) -> torch.Tensor:
    """1.7159 · tanh(0.666 · x), LeCun's scaled hyperbolic tangent."""
    return 1.7159 * torch.tanh(0.666 * x)


class CfC(Cell):
    """CfC of Hasani et al. 2022, "Closed-form continuous-time neural networks", default mode.

    z = backbone([x, h]); f1, f2 = tanh heads; T = sigmoid(t_a·Δt + t_b);
    h' = f1·(1 − T) + T·f2. The output is the new state. Also known as a closed-form liquid
    network; not to be confused with CT-RNN, which is integrated numerically. Weights start
    uniform by Glorot & Bengio's rule, as the authors' do, each head on its own.

    Args:
        input_size: I.
        hidden_size: H, the state and the output.
        backbone: units of the one backbone layer, with LeCun's tanh.
    """

    def __init__(self, input_size: int, hidden_size: int, backbone: int = 64):
        super().__init__()
        self.input_size = input_size
        self.output_size = self.state_size = hidden_size
        self.backbone = torch.nn.Linear(input_size + hidden_size, backbone)
        self.heads = torch.nn.Linear(backbone, 4 * hidden_size)
        for weight in (self.backbone.weight, *self.heads.weight.chunk(4)):
            torch.nn.init.xavier_uniform_(weight)

    def advance(self, x, state, elapsed):
        z = lecun_tanh(self.backbone(torch.cat([x, state], dim=1)))
        f1, f2, time_a, time_b = self.heads(z).chunk(4, dim=1)
        gate = torch.sigmoid(time_a * elapsed + time_b)
        f1, f2 = torch.tanh(f1), torch.tanh(f2)
        after = f1 + gate * (f2 - f1)
        return after, after
