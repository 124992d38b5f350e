"""Training of a model of mortality: weighted cross entropy, AdamW, one checkpoint an epoch.

All randomness follows from the seed and the epoch, so that a training resumed from a checkpoint
gives the same result as an uninterrupted one.
"""

import math
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from liquid_control.study.icu.models import logits, tensors
from liquid_control.study.icu.scores import auroc
from liquid_control.study.run import ResultStore, Run
from liquid_control.study.sequences import Sequences
from liquid_control.training import checkpoint
from liquid_control.training.device import peak_resident_mb
from liquid_control.training.finite import NotFiniteError, clip_gradients
from liquid_control.training.optimizers import warm_cosine

_SORTED = 10
"""Batches among whose patients those with as many steps go together."""
_HUGE = 1e9
"""Maximum norm of the gradient where it is not clipped."""


def train(
    run: Run,
    model: torch.nn.Module,
    data: Sequences,
    validation: Sequences | None,
    store: ResultStore,
    report: Callable[[float, str], None],
) -> dict[str, Any]:
    """Train for all epochs, resuming after the last finished one.

    The model ends with the weights of the epoch with the greatest validation AUROC, or without
    validation with those of the last. They are kept on the store.

    Args:
        run: its recipe, with ``every`` updates an epoch; its ``model`` has ``weight_decay`` and
            ``positive_weight``, the weight of a death in the loss.
        model: with initial weights.
        data: training patients.
        validation: patients that choose the epoch; None: the last epoch counts.
        store: has the checkpoint and receives the weights.
        report: called with the share done and a text.

    Raises:
        NotFiniteError: a loss or gradient is not finite.
        ValueError: the checkpoint is broken, or of another run.
    """
    path, epochs = store.checkpoint(run), math.ceil(run.recipe.updates / run.recipe.every)
    optimizer = torch.optim.AdamW(
        model.parameters(), run.recipe.learning_rate, weight_decay=run.model['weight_decay']
    )
    about: dict[str, Any] | None = checkpoint.restore(path, model, optimizer, store.origin(run))
    if about is None:
        about = {'origin': store.origin(run), 'curve': [], 'best': -1.0, 'seconds': 0.0}
    model.train()
    while len(about['curve']) < epochs:
        epoch, started = len(about['curve']), time.perf_counter()
        torch.manual_seed(run.seed * 1_000_003 + epoch)
        losses = [
            _update(run, model, optimizer, data, rows, epoch * run.recipe.every + index)
            for index, rows in enumerate(batches(run, data, epoch))
        ]
        point = {'epoch': epoch + 1, 'loss': float(np.mean(losses))}
        if validation is not None:
            found = logits(model, validation)[:, 0]
            point['auroc'] = float(auroc(found, validation.target[:, 0] > 0.5))
        if point.get('auroc', epoch) > about['best']:
            about['best'] = point.get('auroc', epoch)
            about['epoch'] = epoch + 1
            checkpoint.write(store.weights(run), model.state_dict(), {})
        about['curve'].append(point)
        about['seconds'] += time.perf_counter() - started
        checkpoint.save(path, model, optimizer, about)
        report((epoch + 1) / epochs, f'loss {point["loss"]:.3f}')
    load(model, run, store)
    return {
        'epoch': about['epoch'],
        'curve': about['curve'],
        'seconds': about['seconds'],
        'seconds_round': about['seconds'] / epochs,
        'peak_resident_mb': peak_resident_mb(),
    }


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


def batches(run: Run, data: Sequences, epoch: int) -> list[np.ndarray]:
    """Rows of each batch of an epoch: shuffled, then sorted by length within ten batches."""
    rng, size = np.random.default_rng([run.seed, epoch]), run.recipe.batch
    order, lengths = rng.permutation(len(data)), data.lengths
    found = []
    for start in range(0, len(order), _SORTED * size):
        rows = order[start : start + _SORTED * size]
        rows = rows[np.argsort(lengths[rows], kind='stable')]
        found += [rows[first : first + size] for first in range(0, len(rows), size)]
    return [found[index] for index in rng.permutation(len(found))]


def joined(one: Sequences, other: Sequences) -> Sequences:
    """The patients of both parts, which come from one set."""
    arrays = {
        name: np.concatenate([getattr(one, name), getattr(other, name)])
        for name in ('x', 'elapsed', 'target', 'present', 'observed')
    }
    return replace(one, names=(*one.names, *other.names), **arrays)


def _update(run: Run, model, optimizer, data: Sequences, rows: np.ndarray, update: int) -> float:
    """One gradient step; the loss is the mean cross entropy, weighted by class."""
    recipe, target = run.recipe, torch.from_numpy(data.target[rows])
    rate = recipe.decay ** (update // recipe.every)
    if recipe.schedule == 'cosine':
        rate = warm_cosine(update, recipe.updates, 0.05 * recipe.updates)
    for group in optimizer.param_groups:
        group['lr'] = recipe.learning_rate * rate
    weight = torch.where(target > 0.5, run.model['positive_weight'], 1.0)
    loss = torch.nn.functional.binary_cross_entropy_with_logits(
        model(*tensors(data, rows)), target, weight, reduction='sum'
    )
    loss = loss / weight.sum()
    context = f'{run.name}, epoch {update // recipe.every + 1}'
    if not torch.isfinite(loss):
        raise NotFiniteError(f'{context}: the loss is {float(loss)}')
    optimizer.zero_grad()
    loss.backward()
    clip_gradients(model, recipe.clip or _HUGE, context)
    optimizer.step()
    return float(loss.detach())
