"""Students by imitation: they see positions, their previous command and Δt, and learn the rest.

DAgger over the student's own rollouts, with truncated backpropagation through time from the
carried recurrent state; each student also learns the next observation.
"""

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from liquid_control.control.contract import Contract
from liquid_control.models import ModelSettings, PolicyModel
from liquid_control.sim.batch import BatchWalkers, episode_returns
from liquid_control.training.rollouts import Chunk, Collector, Conditions, measure_normalizer
from liquid_control.training.teacher import Teacher

ASKED = ('joint_position', 'previous_action')
"""Terms of the robot's contract that a student asks for."""


@dataclass(frozen=True)
class ImitationSettings:
    """Settings of one training."""

    cell: str
    """Name of the recurrent cell."""
    seed: int = 0
    """Of starts, noise, initial weights and batches."""
    rounds: int = 900
    """Chunks collected, and rounds of updates."""
    walkers: int = 64
    """Walkers that walk together."""
    steps: int = 64
    """Steps of a chunk, and length of backpropagation."""
    updates: int = 4
    """Gradient steps a round, the first on the newest chunk alone."""
    batch: int = 64
    """Sequences a gradient step, from two chunks."""
    burn_in: int = 20
    """First steps of an old chunk whose state is stale and that are not learned from."""
    memory: int = 250
    """Chunks kept."""
    learning_rate: float = 2e-3
    """Adam step at its highest; falls on a cosine to a fiftieth."""
    prediction_weight: float = 0.05
    """Weight of the next-observation loss beside the action's."""
    average: float = 0.995
    """Decay of the averaged weights, which are what is kept."""
    taught: float = 0.15
    """Share of the rounds over which the teacher hands over to the student."""
    judge_every: int = 50
    """Rounds between two judgements over the last half, from which the best is kept."""
    episodes: int = 20
    """Fresh episodes of a judgement."""


def train_student(
    settings: ImitationSettings,
    robot: Contract,
    teacher_path: Path,
    folder: Path,
    report: Callable[[float, str], None],
) -> PolicyModel:
    """Train one student; ``report(fraction, text)`` hears of progress.

    The best weights so far are always in ``folder`` as safetensors.

    Raises:
        ValueError: no cell of that name, or a teacher that does not see everything.
        FloatingPointError: the loss is no longer finite.
    """
    contract = robot.asking(*ASKED)
    model_settings = ModelSettings.fitted(settings.cell, contract)
    torch.manual_seed(settings.seed)
    rng = np.random.default_rng(settings.seed)
    teacher = Teacher(teacher_path, settings.walkers)
    normalizer, _ = measure_normalizer(teacher, settings.walkers, settings.seed + 1)
    model = PolicyModel(model_settings, contract, normalizer)
    averaged = copy.deepcopy(model)
    optimizer = torch.optim.Adam(model.parameters(), settings.learning_rate)
    collector = Collector(model, teacher, settings.walkers, settings.seed + 2, Conditions())
    folder.mkdir(parents=True, exist_ok=True)
    kept, best, said = folder / 'best.safetensors', -math.inf, ''
    chunks: list[Chunk] = []
    for done in range(settings.rounds):
        share = done / settings.rounds
        for group in optimizer.param_groups:
            group['lr'] = _learning_rate(settings, done)
        chunks.append(collector.collect(settings.steps, max(0.05, 1.0 - share / settings.taught)))
        if len(chunks) > settings.memory:
            chunks.pop(rng.integers(settings.memory // 2))
        for update in range(settings.updates):
            batch = _draw(chunks, settings, rng, newest=update == 0)
            first = 0 if update == 0 else settings.burn_in
            losses = sequence_loss(model, batch, first)
            loss = losses[0] + settings.prediction_weight * losses[1]
            if not torch.isfinite(loss):
                raise FloatingPointError(f'round {done}: the loss is {loss.item()}')
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            _average(averaged, model, settings.average if done > 50 else 0.9)
        last = done + 1 == settings.rounds
        if last or (share >= 0.5 and done % settings.judge_every == 0):
            returns = student_returns(averaged, settings.episodes, seed=30_000)
            said = f', return {returns.mean():.0f}, worst {returns.min():.0f}'
            if returns.mean() + returns.min() > best:
                best = returns.mean() + returns.min()
                save_file(averaged.state_dict(), kept)
        losses = [float(x.detach()) for x in losses]
        report((done + 1) / settings.rounds, f'losses {losses[0]:.4f} {losses[1]:.3f}{said}')
    collector.close()
    averaged.load_state_dict(load_file(kept))
    return averaged.eval()


def _learning_rate(settings: ImitationSettings, done: int) -> float:
    warm = min(1.0, (done + 1) / 20)
    cosine = 0.5 * (1.0 + math.cos(math.pi * done / settings.rounds))
    return settings.learning_rate * warm * (0.02 + 0.98 * cosine)


def _draw(chunks: list[Chunk], settings: ImitationSettings, rng, newest: bool) -> Chunk:
    """Sequences from two chunks, or from the newest alone."""
    size = settings.batch // (1 if newest else 2)
    picks = [len(chunks) - 1] if newest else rng.integers(len(chunks), size=2)
    parts = []
    for pick in picks:
        walkers = rng.choice(settings.walkers, min(size, settings.walkers), replace=False)
        parts.append(chunks[pick].some(torch.from_numpy(walkers)))
    fields = Chunk.__dataclass_fields__
    return Chunk(
        *(
            torch.cat([getattr(part, name) for part in parts], dim=0 if name == 'state' else 1)
            for name in fields
        )
    )


def sequence_loss(
    model: PolicyModel, chunk: Chunk, first: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean squared error of actions and of normalised changes, from step ``first`` on."""
    state, zero = chunk.state, torch.zeros_like(chunk.state)
    action_loss = prediction_loss = torch.zeros(())
    for t in range(len(chunk.observation)):
        action, prediction, after = model.step(chunk.observation[t], chunk.elapsed[t], state)
        if t >= first:
            seen = chunk.seen[t].float()
            action_loss = action_loss + (seen * (action - chunk.label[t]) ** 2).mean()
            error = ((prediction - chunk.target[t]) / model.change).clamp(-20.0, 20.0)
            going_on = seen * (~chunk.ended[t]).float()
            prediction_loss = prediction_loss + (going_on * error**2).mean()
        state = torch.where(chunk.seen[t], after, state)
        state = torch.where(chunk.ended[t], zero, state)
    count = len(chunk.observation) - first
    return action_loss / count, prediction_loss / count


def _average(averaged: PolicyModel, model: PolicyModel, decay: float) -> None:
    with torch.no_grad():
        for kept, new in zip(averaged.parameters(), model.parameters(), strict=True):
            kept.lerp_(new, 1.0 - decay)


def student_returns(model: PolicyModel, episodes: int, seed: int) -> np.ndarray:
    """Returns (episodes,) of a student alone, without faults."""
    state, elapsed = model.initial_state(episodes), torch.ones(episodes, 1)
    sent = np.tile(np.array(model.contract.action.safe, dtype=np.float32), (episodes, 1))

    def act(walkers: BatchWalkers) -> np.ndarray:
        nonlocal state, sent
        observation = np.concatenate([walkers.qpos[:, 1:], sent], axis=1).astype(np.float32)
        with torch.no_grad():
            action, _, state = model(torch.from_numpy(observation), elapsed, state)
        sent = action.numpy()
        return sent

    return episode_returns(act, episodes, seed)
