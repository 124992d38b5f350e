"""Our best causal predictor of Walker2d kinematics, with at most 200 thousand parameters.

Lost frames and windows are redrawn each round, hidden weights are trained with Muon, and the final
weights are a running average. Half of every batch is simulated, with a policy and a simulator that
the predictor itself does not need.
"""

import copy
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch

from liquid_control.models import Normalizer, parameters
from liquid_control.study.batches import Batch
from liquid_control.study.evaluate import error
from liquid_control.study.run import Recipe, ResultStore, Run
from liquid_control.study.train import course
from liquid_control.study.walker2d_kinematics import best_weights, simulated
from liquid_control.study.walker2d_kinematics import dataset as data
from liquid_control.study.walker2d_kinematics.best_model import BestPredictor, BestSettings
from liquid_control.study.walker2d_kinematics.dataset import Dataset, Protocol
from liquid_control.training import checkpoint
from liquid_control.training.device import busy_time, saved_bytes, title
from liquid_control.training.finite import clip_gradients, explain
from liquid_control.training.optimizers import Muon, warm_cosine

PART, BUDGET = 'best', 200_000
UPDATES, BATCH, EVERY = 4000, 64, 200
SIMULATED = 650_000
"""Approximate number of simulated frames."""
SIMULATING = 0.5
"""Share of a run's time that simulating them takes."""
LEARNING_RATE = 0.02
"""Peak step size of Muon."""
ADAM_SHARE = 0.1
"""Step size of Adam as a share of Muon's."""
DECAY = 0.05
"""Weight decay, multiplied by the step size."""
AVERAGE = 0.998
"""Decay of the running average of the weights per gradient step."""


def runs(seeds: int, updates: int = UPDATES) -> list[Run]:
    """The runs of this part, with seeds 0, 1, …"""
    settings = BestSettings()
    recipe = Recipe(updates, LEARNING_RATE, BATCH, min(EVERY, updates))
    return [
        Run(f'best-seed{seed}', PART, settings.cell, seed, recipe, settings.to_dict())
        for seed in range(seeds)
    ]


class Drawn:
    """Batches of windows, with lost frames and starting points redrawn each round.

    A round sees about as many frames as are kept.

    Args:
        rollouts: name → frames and the frame that follows each, (2, T, 17).
        batch: windows per batch.
        seed: seed of the rounds.
    """

    def __init__(self, rollouts: dict[str, np.ndarray], batch: int, seed: int):
        self.rollouts, self.batch, self.seed = rollouts, batch, seed
        frames = data.KEPT * sum(pair.shape[1] for pair in rollouts.values())
        self.round = max(1, int(frames / data.LENGTH / batch))
        self._number = -1
        self._drawn: tuple[np.ndarray, ...] = ()

    def __call__(self, update: int) -> Batch:
        """x (B, T, C), elapsed (B, T, 1) and target (B, T, C) of gradient step ``update``."""
        number, batch = divmod(update, self.round)
        if number != self._number:
            self._number, self._drawn = number, self._draw(number)
        *parts, rows = self._drawn
        rows = rows[batch * self.batch : (batch + 1) * self.batch, None] + np.arange(data.LENGTH)
        x, elapsed, target = (torch.from_numpy(values[rows]) for values in parts)
        return Batch(x, elapsed, target)

    def _draw(self, number: int) -> tuple[np.ndarray, ...]:
        """The kept frames of all rollouts, concatenated, and where windows start in them."""
        rng = np.random.RandomState([self.seed, number])
        kept, starts, before = [], [], 0
        for frames, following in self.rollouts.values():
            places = np.flatnonzero(rng.rand(len(frames)) < data.KEPT)
            elapsed = np.diff(places, prepend=-1).astype(np.float32)[:, None]
            kept.append((frames[places], elapsed, following[places]))
            starts.append(before + np.arange(max(0, len(places) - data.LENGTH)))
            before += len(places)
        chosen = rng.choice(np.concatenate(starts), self.round * self.batch)
        return *(np.concatenate(values) for values in zip(*kept, strict=True)), chosen


class Mixed:
    """Batches on a device, drawn half from real and half from simulated rollouts, in this order."""

    def __init__(self, real: Drawn, simulated: Drawn, device: torch.device):
        self.real, self.simulated = real, simulated
        half = real.batch, simulated.batch
        self.flag = torch.cat([torch.zeros(half[0], 1, 1), torch.ones(half[1], 1, 1)]).to(device)

    def __call__(self, update: int) -> Batch:
        pairs = zip(self.real(update)[:3], self.simulated(update)[:3], strict=True)
        x, elapsed, target = (torch.cat(pair).to(self.flag.device) for pair in pairs)
        return Batch(x, elapsed, target)


def train(
    run: Run,
    rollouts: Dataset,
    windows: Protocol,
    store: ResultStore,
    report: Callable[[float, str], None],
    device: torch.device,
) -> dict[str, Any]:
    """Train on the training rollouts in our own way, and test by the protocol.

    Resumes from whatever is kept in ``store``: actions found, rollouts simulated, the checkpoint of
    the training. The averaged weights of the last step are kept there; the test windows are used
    only once, at the end.

    Returns:
        What :func:`liquid_control.study.train.course` returns, with ``parameters``,
        ``counts``, ``test_mse`` and ``seconds_simulating``, which ``seconds`` includes; the
        training error is that of the real windows.

    Raises:
        NotFiniteError: a loss or gradient is not finite; the message says where it arose.
        ValueError: a checkpoint is broken, or has other settings or data or another device.
    """
    walked, seconds = simulated.make(
        rollouts.train,
        SIMULATED,
        run.seed,
        partial(store.under_way, run),
        {'data_sha256': store.data_sha256},
        lambda share, text: report(SIMULATING * share, text),
    )

    def training(share: float, text: str) -> None:
        report(SIMULATING + (1.0 - SIMULATING) * share, text)

    result = fit(run, rollouts, walked, windows, store, training, device)
    return {**result, 'seconds': seconds + result['seconds'], 'seconds_simulating': seconds}


def fit(
    run: Run,
    rollouts: Dataset,
    walked: dict[str, np.ndarray],
    windows: Protocol,
    store: ResultStore,
    report: Callable[[float, str], None],
    device: torch.device,
) -> dict[str, Any]:
    """As :func:`train`, given the simulated rollouts, name → (2, T, 17)."""
    torch.manual_seed(run.seed)
    model = BestPredictor(BestSettings(**run.model), normalizer(rollouts)).to(device)
    average = copy.deepcopy(model)
    both = torch.nn.ModuleDict({'model': model, 'average': average})
    optimizer = _optimizer(model, run.recipe)
    half = run.recipe.batch // 2
    real = {name: np.stack([x[:-1], x[1:]]) for name, x in rollouts.train.items()}
    batches = Mixed(Drawn(real, half, run.seed), Drawn(walked, half, run.seed + 1), device)
    path = store.checkpoint(run)
    origin = {**store.origin(run), 'device': title(device)}
    about: dict[str, Any] | None = checkpoint.restore(path, both, optimizer, origin)
    if about is None:
        about = {'origin': origin, 'done': 0, 'curve': [], 'step_s': [], 'seconds': 0.0}
        first = batches(0)
        about['saved_mb'] = (
            saved_bytes(lambda: _errors(model, first, batches).mean(), model) / 2**20
        )
    while about['done'] < run.recipe.updates:
        started = time.perf_counter()
        torch.manual_seed(run.seed * 1_000_003 + about['done'])
        end = min(run.recipe.updates, about['done'] + run.recipe.every)
        losses = []
        for update in range(about['done'], end):
            begun = busy_time(device)
            losses.append(_update(run, model, optimizer, batches, update))
            _follow(average, model, update)
            about['step_s'].append(round(busy_time(device) - begun, 6))
            report((update + 1) / run.recipe.updates, f'loss {losses[-1]:.3f}')
        validation = error(average, windows.validation)
        about['curve'].append([end, float(np.mean(losses)), validation])
        about['done'] = end
        about['seconds'] += time.perf_counter() - started
        checkpoint.save(path, both, optimizer, about)
    best_weights.write(store.weights(run), average, run, store.data_sha256)
    return {
        'parameters': parameters(average),
        'counts': average.cell.counts()._asdict(),
        **course(about, batches.real.round, device),
        'test_mse': error(average, windows.test),
    }


def normalizer(rollouts: Dataset) -> Normalizer:
    """Scales of the raw training frames and of their frame-to-frame change."""
    frames = np.concatenate(list(rollouts.train.values())).astype(np.float64)
    changes = np.concatenate(
        [np.diff(x.astype(np.float64), axis=0) for x in rollouts.train.values()]
    )
    return Normalizer(frames.mean(axis=0), frames.std(axis=0), changes.std(axis=0))


def _optimizer(model: BestPredictor, recipe: Recipe) -> Muon:
    hidden = model.hidden_weights()
    inner = {id(parameter) for parameter in hidden}
    others = [parameter for parameter in model.parameters() if id(parameter) not in inner]
    return Muon(hidden, others, recipe.learning_rate, ADAM_SHARE * recipe.learning_rate, DECAY)


def _update(run: Run, model: BestPredictor, optimizer: Muon, batches: Mixed, update: int) -> float:
    """Take one gradient step; returns the mean squared error of the real half of its batch."""
    batch = batches(update)
    context = f'{run.name}, update {update + 1}'
    share = _share(update, run.recipe.updates)
    for group in optimizer.param_groups:
        group['share'] = share
    model.train()
    errors = _errors(model, batch, batches)
    loss = errors.mean()
    if not torch.isfinite(loss):
        raise explain(model, batch[:3], context, lambda row: f'window {row} of the batch')
    optimizer.zero_grad()
    loss.backward()
    clip_gradients(model, run.recipe.clip, context)
    optimizer.step()
    return float(errors[: batches.real.batch].detach().mean())


def _errors(model: BestPredictor, batch: Batch, batches: Mixed) -> torch.Tensor:
    """Squared errors (B, T, C)."""
    x, elapsed, target = batch[:3]
    with torch.autocast(batches.flag.device.type, torch.bfloat16):
        return (model(x, elapsed, batches.flag)[0] - target).square()


def _share(update: int, updates: int) -> float:
    """Factor on the step size: warm-up over 100 gradient steps, cosine decay to a hundredth."""
    return warm_cosine(update, updates, 100, least=0.01)


def _follow(average: BestPredictor, model: BestPredictor, update: int) -> None:
    """Update the running average of the weights, faster at first."""
    kept = min(AVERAGE, (1 + update) / (10 + update))
    with torch.no_grad():
        torch._foreach_lerp_(list(average.parameters()), list(model.parameters()), 1.0 - kept)
