"""Optimisers, by name for students and Muon for studies, and how large their steps are."""

import math
from collections.abc import Iterable
from typing import cast

import torch

from liquid_control.control.schema import unknown
from liquid_control.training import checkpoint

_COEFFICIENTS = 3.4445, -4.7750, 2.0315
_MOMENTUM = 0.95
_BETAS = 0.9, 0.98
"""Of AdamW."""
RATES = {'adam': 2e-3, 'muon': 6e-3}
"""Optimiser name → peak step size that suits students."""


def default_name() -> str:
    """The best optimiser for students that this version of torch provides."""
    return 'muon' if hasattr(torch.optim, 'Muon') else 'adam'


def check_name(name: str) -> None:
    """Raise ValueError if the optimiser is unknown or missing from this version of torch."""
    if name not in RATES:
        raise ValueError(unknown('optimizer', name, RATES))
    if name == 'muon' and not hasattr(torch.optim, 'Muon'):
        raise ValueError(f'optimizer muon: expected torch 2.9 or later, found {torch.__version__}')


class Optimizers:
    """One or two optimisers over all parameters of a model, sharing one step size.

    Muon orthogonalises the momentum of every matrix (Jordan et al. 2024), scaled so that the same
    step size suits it and Adam. All other parameters use Adam.

    Raises:
        ValueError: unknown optimiser, or one missing from this version of torch.
    """

    def __init__(self, name: str, model: torch.nn.Module, learning_rate: float):
        check_name(name)
        values = list(model.parameters())
        self._parts: list[torch.optim.Optimizer] = []
        if name == 'muon':
            matrices = [value for value in values if _is_matrix(value)]
            values = [value for value in values if not _is_matrix(value)]
            if matrices:
                self._parts.append(
                    torch.optim.Muon(
                        matrices,
                        learning_rate,
                        weight_decay=0.0,
                        adjust_lr_fn='match_rms_adamw',
                    )
                )
        self._parts.append(torch.optim.Adam(values, learning_rate))

    def step(self, learning_rate: float) -> None:
        """Take one step of this size from the gradients, then clear them."""
        for part in self._parts:
            for group in part.param_groups:
                group['lr'] = learning_rate
            part.step()
            part.zero_grad()

    def tensors(self) -> dict[str, torch.Tensor]:
        """All optimiser state, by optimiser, parameter and name."""
        found: dict[str, torch.Tensor] = {}
        for index, part in enumerate(self._parts):
            found |= checkpoint.named(str(index), checkpoint.moments(part))
        return found

    def restore(self, tensors: dict[str, torch.Tensor]) -> None:
        """Restore what :meth:`tensors` returned."""
        for index, part in enumerate(self._parts):
            checkpoint.load_moments(part, checkpoint.under(str(index), tensors))


def _is_matrix(value: torch.Tensor) -> bool:
    """Whether a parameter is a matrix; a single row of per-unit values is not."""
    return value.ndim == 2 and min(value.shape) > 1


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
        gradient = cast(torch.Tensor, parameter.grad)
        average = state['momentum'].lerp_(gradient, 1.0 - _MOMENTUM)
        rows, columns = parameter.shape
        squares = rows // columns if rows % columns == 0 else 1
        update = gradient.lerp(average, _MOMENTUM)
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
        gradient = cast(torch.Tensor, parameter.grad)
        state['mean'].lerp_(gradient, 1.0 - _BETAS[0])
        state['square'].lerp_(gradient.square(), 1.0 - _BETAS[1])
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


def warm_cosine(done: int, total: int, warm: float, least: float = 0.02) -> float:
    """Share of the largest step size: evenly up, then down on half a cosine.

    Args:
        done: steps so far.
        total: steps of the training.
        warm: steps over which it comes up.
        least: share that is left at the end.
    """
    cosine = 0.5 * (1.0 + math.cos(math.pi * done / total))
    return min(1.0, (done + 1) / max(1.0, warm)) * (least + (1.0 - least) * cosine)
