"""Training of a predictor on windows: plain mean squared error of the next raw frame.

All randomness follows from the seed and the step number, so that a training resumed from a
checkpoint gives the same result as an uninterrupted one.
"""

import math
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
import torch

from liquid_control.study.run import ResultStore, Run
from liquid_control.study.walker2d_kinematics.dataset import Protocol, Windows
from liquid_control.training import checkpoint
from liquid_control.training.cuda_graphs import Outputs, Passes, captured
from liquid_control.training.device import (
    busy_time,
    device_of,
    peak_allocated_mb,
    peak_resident_mb,
    saved_bytes,
    title,
)
from liquid_control.training.finite import NotFiniteError, clip_gradients, explain
from liquid_control.training.optimizers import warm_cosine

Batch = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


class Shuffled:
    """Batches of fixed windows, in a new order each round; the last of a round may be smaller.

    Args:
        windows: N windows.
        batch: windows per batch.
        seed: seed of the orders.
        device: where to put the batches.
    """

    def __init__(self, windows: Windows, batch: int, seed: int, device: torch.device):
        self.windows, self.batch, self.seed, self.device = windows, batch, seed, device
        self.round = math.ceil(len(windows) / batch)

    def __call__(self, update: int) -> Batch:
        """x (B, T, C), elapsed (B, T, 1) and target (B, T, C) of gradient step ``update``."""
        return tensors(self.windows, self.rows(update), self.device)

    def rows(self, update: int) -> np.ndarray:
        """Indices of the windows in gradient step ``update``."""
        number, batch = divmod(update, self.round)
        order = np.random.default_rng([self.seed, number]).permutation(len(self.windows))
        return order[batch * self.batch : (batch + 1) * self.batch]


def train(
    run: Run,
    model: torch.nn.Module,
    data: Protocol,
    store: ResultStore,
    report: Callable[[float, str], None],
) -> dict[str, Any]:
    """Train one run to its end, resuming from its checkpoint if there is one.

    The training takes place on the model's device. The weights of the last step remain in the
    model and are kept on the store. The test windows are not used.

    Returns:
        Validation error, the curve, times, memory: see ``docs/study.md``.

    Raises:
        NotFiniteError: a loss, gradient or input is not finite; the message says where it arose.
        ValueError: the checkpoint is broken, or has other settings or data or another device.
    """
    recipe, device = run.recipe, device_of(model)
    batches = Shuffled(data.train, recipe.batch, run.seed, device)
    optimizer = torch.optim.Adam(model.parameters(), recipe.learning_rate, eps=recipe.epsilon)
    path = store.checkpoint(run)
    origin = {**store.origin(run), 'device': title(device)}
    about: dict[str, Any] | None = checkpoint.restore(path, model, optimizer, origin)
    model.train()
    through = captured(Outputs(model), *batches(0)[:2])
    if about is None:
        about = {'origin': origin, 'done': 0, 'curve': [], 'step_s': [], 'seconds': 0.0}
        about['saved_mb'] = saved_bytes(lambda: _loss(Outputs(model), batches(0)), model) / 2**20
    while about['done'] < recipe.updates:
        started = time.perf_counter()
        torch.manual_seed(run.seed * 1_000_003 + about['done'])
        end = min(recipe.updates, about['done'] + recipe.every)
        losses = []
        for update in range(about['done'], end):
            begun = busy_time(device)
            for group in optimizer.param_groups:
                group['lr'] = learning_rate(run, update, len(data.train))
            losses.append(_update(run, model, through, optimizer, batches, update))
            about['step_s'].append(round(busy_time(device) - begun, 6))
            report((update + 1) / recipe.updates, f'loss {losses[-1]:.3f}')
        validation = error(model, data.validation)
        if not math.isfinite(validation):
            raise NotFiniteError(f'update {end}: the validation error is {validation}')
        about['curve'].append([end, float(np.mean(losses)), validation])
        about['done'] = end
        about['seconds'] += time.perf_counter() - started
        checkpoint.save(path, model, optimizer, about)
    checkpoint.write(store.weights(run), model.state_dict(), {})
    return {
        **course(about, math.ceil(len(data.train) / recipe.batch), device),
        'penalty': float(_penalty(run, model).detach()),
    }


def course(about: dict[str, Any], round_updates: float, device: torch.device) -> dict[str, Any]:
    """The measures of a finished training, as collected in its checkpoint.

    Args:
        about: ``about`` of the checkpoint: curve, seconds, step_s, saved_mb.
        round_updates: gradient steps per round.
        device: where the training took place.
    """
    step = median(about['step_s'])
    peak = {'peak_allocated_mb': peak_allocated_mb(device)} if device.type == 'cuda' else {}
    return {
        'validation_mse': about['curve'][-1][2],
        'train_mse': about['curve'][-1][1],
        'curve': [
            dict(zip(('update', 'train_mse', 'validation_mse'), point, strict=True))
            for point in about['curve']
        ],
        'seconds': about['seconds'],
        'seconds_update': step,
        'seconds_round': step * round_updates,
        'saved_mb': about['saved_mb'],
        'peak_resident_mb': peak_resident_mb(),
        **peak,
        'device': title(device),
    }


def learning_rate(run: Run, update: int, windows: int) -> float:
    """Adam's step size at a gradient step, according to the run's schedule."""
    recipe = run.recipe
    if recipe.schedule == 'exponential':  # by full batches per round, as in Keras
        return recipe.learning_rate * recipe.decay ** (update / max(1, windows // recipe.batch))
    return recipe.learning_rate * warm_cosine(update, recipe.updates, 0.05 * recipe.updates)


def error(model: torch.nn.Module, windows: Windows, batch: int = 128) -> float:
    """Mean squared error over all values of all windows; the model is left in training mode."""
    model.eval()
    total, device = 0.0, device_of(model)
    with torch.no_grad():
        for start in range(0, len(windows), batch):
            x, elapsed, target = tensors(windows, slice(start, start + batch), device)
            total += float((model(x, elapsed)[0] - target).double().square().sum())
    model.train()
    return total / windows.target.size


def tensors(windows: Windows, rows: np.ndarray | slice, device: torch.device) -> Batch:
    """Some of the windows as tensors on a device: x, elapsed, target."""
    x, elapsed, target = (
        torch.from_numpy(values[rows]).to(device)
        for values in (windows.x, windows.elapsed, windows.target)
    )
    return x, elapsed, target  # fmt: skip


def _update(run, model, through, optimizer, batches, update) -> float:
    """Take one gradient step, with a forward pass ``through`` the model; returns its loss.

    The loss is without the penalty.
    """
    recipe, batch = run.recipe, batches(update)
    context = f'{run.name}, round {update // batches.round + 1}, update {update + 1}'
    loss = _loss(through, batch)
    if not torch.isfinite(loss):
        rows = batches.rows(update)
        raise explain(model, batch, context, lambda row: batches.windows.describe(rows[row]))
    optimizer.zero_grad()
    (loss + _penalty(run, model)).backward()
    variables = model.variables if recipe.clip_variables else None
    clip_gradients(model, recipe.clip, context, variables)
    optimizer.step()
    return float(loss.detach())


def _loss(through: Passes, batch: Batch) -> torch.Tensor:
    x, elapsed, target = batch
    return (through(x, elapsed) - target).square().mean()


def _penalty(run: Run, model: Any) -> torch.Tensor:
    if not run.recipe.penalty:
        return torch.zeros(())
    return run.recipe.penalty * sum(value.square().sum() for value in model.penalised())
