"""What a model puts out on sequences, and how good it is."""

import math
from typing import Any

import numpy as np
import torch

from liquid_control.study.batches import Series, tensors
from liquid_control.study.objective import Objective
from liquid_control.study.run import ResultStore, Run
from liquid_control.study.sequences import Sequences
from liquid_control.training import checkpoint
from liquid_control.training.device import device_of


def error(model: torch.nn.Module, windows: Series, batch: int = 128) -> float:
    """Mean squared error over all known values of all steps; the model is left in training mode."""
    model.eval()
    total, count, device = 0.0, 0, device_of(model)
    with torch.no_grad():
        for start in range(0, len(windows), batch):
            part = tensors(windows, slice(start, start + batch), device)
            errors = part.errors(model(*part.inputs)[0]).double().square()
            total, count = total + float(errors.sum()), count + errors.numel()
    model.train()
    return total / count


def outputs(model: torch.nn.Module, sequences: Sequences, batch: int = 128) -> np.ndarray:
    """A model's output on sequences, of the shape of their targets; 0 in the padding.

    Sequences of as many steps go together. The model is left in training mode.
    """
    model.eval()
    found, device = np.zeros_like(sequences.target), device_of(model)
    order = np.argsort(sequences.lengths, kind='stable')
    with torch.no_grad():
        for start in range(0, len(sequences), batch):
            rows = order[start : start + batch]
            output = model(*tensors(sequences, rows, device).inputs)[0].cpu().numpy()
            if output.ndim == 3:
                found[rows, : output.shape[1]] = output
            else:
                found[rows] = output
    if found.ndim == 3:
        found[~sequences.present] = 0.0
    model.train()
    return found


def load(model: torch.nn.Module, run: Run, store: ResultStore) -> None:
    """Give a model the weights that a run has kept.

    Raises:
        ValueError: there are none, or they do not fit.
    """
    path = store.weights(run)
    saved = checkpoint.read(path)
    if saved is None:
        raise ValueError(f'{path}: no such file')
    with checkpoint.restoring(path):
        model.load_state_dict(saved[0])


def validated(model: torch.nn.Module, part: Any, objective: Objective) -> float | None:
    """The validation score of a model, NaN if an output is not finite; None without a part."""
    if part is None:
        return None
    if objective.score is None:
        return error(model, part)
    found = outputs(model, part)
    return objective.score(found, part) if np.isfinite(found).all() else math.nan
