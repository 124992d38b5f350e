"""Activations by name."""

from collections.abc import Callable

import torch

from liquid_control.control.schema import unknown


def lecun_tanh(x: torch.Tensor) -> torch.Tensor:
    """1.7159 · tanh(0.666 · x), LeCun's scaled hyperbolic tangent."""
    return 1.7159 * torch.tanh(0.666 * x)


_ACTIVATIONS = {
    'gelu': torch.nn.functional.gelu,
    'lecun_tanh': lecun_tanh,
    'relu': torch.relu,
    'silu': torch.nn.functional.silu,
    'tanh': torch.tanh,
}
CENTRED = {'lecun_tanh': (1.332, 3.4318), 'tanh': (2.0, 2.0)}
"""(i, o) of the activations that equal o·c(i·x) to about 1e-7, where c(x) = sigmoid(x) − ½. Used
for training on a CPU, where PyTorch's tanh costs as much as five sigmoids and i and o can be folded
into the weights."""
COSTS = {'gelu': 1, 'lecun_tanh': 3, 'relu': 1, 'silu': 1, 'tanh': 1}
"""Multiplications plus non-linear function evaluations per activation."""


def centred(x: torch.Tensor) -> torch.Tensor:
    """sigmoid(x) − ½."""
    return torch.sigmoid(x) - 0.5


def activation(name: str, among: tuple[str, ...] = tuple(_ACTIVATIONS)) -> Callable:
    """The activation function with that name.

    Raises:
        ValueError: unknown name; the message suggests the nearest.
    """
    if name not in among:
        raise ValueError(unknown('activation', name, among))
    return _ACTIVATIONS[name]
