"""Optimisers by name: Adam, or Muon for matrices and Adam for all other parameters."""

import torch

from liquid_control.control.schema import unknown
from liquid_control.training import checkpoint

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
        for place, part in enumerate(self._parts):
            found |= checkpoint.named(str(place), checkpoint.moments(part))
        return found

    def restore(self, tensors: dict[str, torch.Tensor]) -> None:
        """Restore what :meth:`tensors` returned."""
        for place, part in enumerate(self._parts):
            checkpoint.load_moments(part, checkpoint.under(str(place), tensors))


def _is_matrix(value: torch.Tensor) -> bool:
    """Whether a parameter is a matrix; a single row of per-unit values is not."""
    return value.ndim == 2 and min(value.shape) > 1
