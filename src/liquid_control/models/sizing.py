"""The scales that a model normalises with, and the hidden size that meets a parameter budget."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch


@dataclass(frozen=True)
class Normalizer:
    """Mean and std of the p sensed values, and the std of their change in one period."""

    mean: np.ndarray
    std: np.ndarray
    change: np.ndarray

    def register(self, module: torch.nn.Module) -> None:
        """Give a module these as float32 buffers ``mean``, ``std`` and ``change``."""
        for name in ('mean', 'std', 'change'):
            values = torch.as_tensor(getattr(self, name), dtype=torch.float32)
            module.register_buffer(name, values)


def cell_settings(cell: str, width: int) -> dict[str, Any]:
    """Settings that differ from a cell's defaults: a CfC's backbone is as wide as its state."""
    return {'backbone': width} if cell.startswith('cfc') and cell != 'cfc_ncp' else {}


def parameters(model: torch.nn.Module) -> int:
    """Number of trainable parameters; what a wiring masks is not counted."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def width_for(count: Callable[[int], int], budget: int, least: int = 8, most: int = 4096) -> int:
    """The hidden size whose model comes closest to a parameter budget.

    Args:
        count: hidden size → parameters, increasing. It is called as seldom as possible, by
            assuming that it grows roughly with the square of the size.
        budget: parameters wanted.
        least: smallest hidden size to try.
        most: largest hidden size to try.

    Raises:
        ValueError: the budget lies outside the range of these hidden sizes.
    """
    known = {least: count(least)}
    if known[least] > budget:
        raise ValueError(f'budget {budget}: {least} units already have {known[least]} parameters')
    low = high = least
    while known[high] < budget:
        if high == most:
            raise ValueError(f'budget {budget}: {most} units have only {known[most]} parameters')
        low, high = high, min(most, math.ceil(1.1 * high * math.sqrt(budget / known[high])))
        known[high] = count(high)
    while high - low > 1:
        below, above = math.sqrt(known[low]), math.sqrt(known[high])
        guess = low + (high - low) * (math.sqrt(budget) - below) / (above - below)
        middle = min(max(round(guess), low + 1), high - 1)
        known[middle] = count(middle)
        low, high = (middle, high) if known[middle] < budget else (low, middle)
    return min((low, high), key=lambda width: abs(known[width] - budget))
