"""Training of a model on sequences: the loss over the steps present, validated in rounds.

All randomness follows from the seed and the step number, so that a training resumed from a
checkpoint gives the same result as an uninterrupted one.
"""

import copy
import math
import time
from collections.abc import Callable
from statistics import median
from typing import Any, Protocol

import numpy as np
import torch

from liquid_control.study.batches import Batch, Series, Shuffled
from liquid_control.study.evaluate import validated
from liquid_control.study.objective import SQUARED, Objective
from liquid_control.study.run import ResultStore, Run
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


class Parts(Protocol):
    """The sequences to train on and to validate with."""

    @property
    def train(self) -> Series: ...
    @property
    def validation(self) -> Series | None: ...


def train(
    run: Run,
    model: torch.nn.Module,
    data: Parts,
    store: ResultStore,
    report: Callable[[float, str], None],
    objective: Objective = SQUARED,
) -> dict[str, Any]:
    """Train one run to its end, resuming from its checkpoint if there is one.

    The training takes place on the model's device. The weights of the last step, or of the best
    round if the recipe says so, remain in the model and are kept on the store. The test sequences
    are not used.

    Returns:
        Validation score, the curve, times, memory: see ``docs/study.md``.

    Raises:
        NotFiniteError: a loss, gradient or input is not finite; the message says where it arose.
        ValueError: the checkpoint is broken, or has other settings or data or another device.
    """
    recipe, device = run.recipe, device_of(model)
    batches = Shuffled(data.train, recipe.batch, run.seed, device, recipe.by_length)
    optimizer = torch.optim.AdamW(
        model.parameters(), recipe.learning_rate, eps=recipe.epsilon,
        weight_decay=recipe.weight_decay,
    )  # fmt: skip
    chooses = recipe.best_round and data.validation is not None
    kept = {'model': model, **({'best': copy.deepcopy(model)} if chooses else {})}
    whole = torch.nn.ModuleDict(kept)
    path = store.checkpoint(run)
    origin = {**store.origin(run), 'device': title(device)}
    about: dict[str, Any] | None = checkpoint.restore(path, whole, optimizer, origin)
    model.train()
    through = captured(Outputs(model), *batches(0).inputs)
    if about is None:
        about = {'origin': origin, 'done': 0, 'curve': [], 'step_s': [], 'seconds': 0.0}
        about['best'] = None
        about['saved_mb'] = (
            saved_bytes(lambda: _loss(Outputs(model), batches(0), objective), model) / 2**20
        )
    while about['done'] < recipe.updates:
        started = time.perf_counter()
        torch.manual_seed(run.seed * 1_000_003 + about['done'])
        end = min(recipe.updates, about['done'] + recipe.every)
        losses = []
        for update in range(about['done'], end):
            begun = busy_time(device)
            for group in optimizer.param_groups:
                group['lr'] = learning_rate(run, update, len(data.train))
            losses.append(_update(run, model, through, optimizer, batches, update, objective))
            about['step_s'].append(round(busy_time(device) - begun, 6))
            report((update + 1) / recipe.updates, f'loss {losses[-1]:.3f}')
        validation = validated(model, data.validation, objective)
        if validation is not None and not math.isfinite(validation):
            raise NotFiniteError(f'update {end}: the validation score is {validation}')
        about['curve'].append([end, float(np.mean(losses)), validation])
        about['done'] = end
        best = (about['best'] or [0, None])[1]
        if chooses and validation is not None and objective.better(validation, best):
            about['best'] = [end, validation]
            kept['best'].load_state_dict(model.state_dict())
        about['seconds'] += time.perf_counter() - started
        checkpoint.save(path, whole, optimizer, about)
    if chooses:
        model.load_state_dict(kept['best'].state_dict())
    checkpoint.write(store.weights(run), model.state_dict(), {})
    return {
        **course(about, math.ceil(len(data.train) / recipe.batch), device, objective),
        'penalty': float(_penalty(run, model).detach()),
    }


def course(
    about: dict[str, Any],
    round_updates: float,
    device: torch.device,
    objective: Objective = SQUARED,
) -> dict[str, Any]:
    """The measures of a finished training, as collected in its checkpoint.

    Args:
        about: ``about`` of the checkpoint: curve, seconds, step_s, saved_mb, and best, the update
            and validation score of the round whose weights are kept, if it is not the last.
        round_updates: gradient steps per round.
        device: where the training took place.
        objective: names the loss and the score.
    """
    step = median(about['step_s'])
    peak = {'peak_allocated_mb': peak_allocated_mb(device)} if device.type == 'cuda' else {}
    last = about['curve'][-1]
    update, score = about.get('best') or (last[0], last[2])
    loss = next(point[1] for point in about['curve'] if point[0] == update)
    names = 'update', f'train_{objective.loss_name}', f'validation_{objective.criterion}'
    return {
        **({} if score is None else {names[2]: score}),
        names[1]: loss,
        'kept_update': update,
        'curve': [dict(zip(names, point, strict=True)) for point in about['curve']],
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
    if recipe.schedule == 'steps':
        return recipe.learning_rate * recipe.decay ** (update // recipe.every)
    if recipe.schedule == 'exponential':  # by full batches per round, as in Keras
        return recipe.learning_rate * recipe.decay ** (update / max(1, windows // recipe.batch))
    return recipe.learning_rate * warm_cosine(update, recipe.updates, 0.05 * recipe.updates)


def _update(run, model, through, optimizer, batches, update, objective) -> float:
    """Take one gradient step, with a forward pass ``through`` the model; returns its loss.

    The loss is without the penalty.
    """
    recipe, batch = run.recipe, batches(update)
    context = f'{run.name}, round {update // batches.round + 1}, update {update + 1}'
    loss = _loss(through, batch, objective)
    if not torch.isfinite(loss):
        rows = batches.rows(update)
        raise explain(
            model, batch[:3], context, lambda row: batches.windows.describe(rows[row]),
            inputs=batch.inputs,
        )  # fmt: skip
    optimizer.zero_grad()
    (loss + _penalty(run, model)).backward()
    variables = model.variables if recipe.clip_variables else None
    clip_gradients(model, recipe.clip or math.inf, context, variables)
    optimizer.step()
    return float(loss.detach())


def _loss(through: Passes, batch: Batch, objective: Objective) -> torch.Tensor:
    return objective.loss(through(*batch.inputs), batch)


def _penalty(run: Run, model: Any) -> torch.Tensor:
    if not run.recipe.penalty:
        return torch.zeros(())
    return run.recipe.penalty * sum(value.square().sum() for value in model.penalised())
