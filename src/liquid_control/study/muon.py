"""Muon for hidden weight matrices, with AdamW for all other parameters."""

from collections.abc import Iterable

import torch

_COEFFICIENTS = 3.4445, -4.7750, 2.0315
_MOMENTUM = 0.95
_BETAS = 0.9, 0.98
"""Of AdamW."""


class Muon(torch.optim.Optimizer):
    """Momentum with orthogonalised updates, one matrix at a time (Jordan et al. 2024).

    A stacked matrix, such as the gates of a recurrent cell, is split into square blocks if its rows
    are a multiple of its columns. All other parameters use AdamW. Only matrices have weight decay.

    Args:
        hidden: weight matrices between hidden units.
        others: the remaining parameters.
        learning_rate: step size of Muon. A schedule scales both step sizes through the ``share``
            of each parameter group.
        adam_rate: step size of AdamW.
        decay: weight decay, multiplied by the step size.
        momentum: decay of Muon's momentum.
        betas: decays of AdamW's moments.
    """

    def __init__(
        self,
        hidden: Iterable[torch.nn.Parameter],
        others: Iterable[torch.nn.Parameter],
        learning_rate: float,
        adam_rate: float,
        decay: float,
    ):
        groups = [
            {'params': list(hidden), 'rate': learning_rate, 'orthogonal': True},
            {'params': list(others), 'rate': adam_rate, 'orthogonal': False},
        ]
        super().__init__(groups, {'share': 1.0, 'decay': decay})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            rate = group['rate'] * group['share']
            for parameter in group['params']:
                if parameter.ndim > 1:
                    parameter.mul_(1.0 - rate * group['decay'])
                step = self._orthogonal if group['orthogonal'] else self._adam
                parameter.add_(step(parameter), alpha=-rate)

    def _orthogonal(self, parameter: torch.Tensor) -> torch.Tensor:
        state = self.state[parameter]
        if not state:
            state['momentum'] = torch.zeros_like(parameter)
        average = state['momentum'].lerp_(parameter.grad, 1.0 - _MOMENTUM)
        rows, columns = parameter.shape
        squares = rows // columns if rows % columns == 0 else 1
        update = parameter.grad.lerp(average, _MOMENTUM)
        update = orthogonal(update.reshape(squares, rows // squares, columns))
        return update.reshape(rows, columns) * max(1.0, rows / squares / columns) ** 0.5

    def _adam(self, parameter: torch.Tensor) -> torch.Tensor:
        state = self.state[parameter]
        if not state:
            state['step'] = torch.zeros(())
            state['mean'] = torch.zeros_like(parameter)
            state['square'] = torch.zeros_like(parameter)
        state['step'] += 1
        first, second = (1.0 - beta ** float(state['step']) for beta in _BETAS)
        state['mean'].lerp_(parameter.grad, 1.0 - _BETAS[0])
        state['square'].lerp_(parameter.grad.square(), 1.0 - _BETAS[1])
        return state['mean'] / first / ((state['square'] / second).sqrt() + 1e-8)


def orthogonal(matrices: torch.Tensor, iterations: int = 5) -> torch.Tensor:
    """Orthogonalise matrices (N, R, C) by Newton-Schulz: all singular values become about one."""
    a, b, c = _COEFFICIENTS
    x = matrices / (matrices.norm(dim=(1, 2), keepdim=True) + 1e-7)
    wide = x.shape[1] > x.shape[2]
    x = x.mT if wide else x
    for _ in range(iterations):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.mT if wide else x
