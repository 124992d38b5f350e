"""Fine-tuning of students by reinforcement learning on the return, under all their faults.

PPO (Schulman et al. 2017) with truncated backpropagation from the carried recurrent state. The
value function sees the true state, the last command and the faults (asymmetric actor-critic,
Pinto et al. 2018) and is used only in training.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from liquid_control.models import PolicyModel
from liquid_control.training import checkpoint
from liquid_control.training.averaged import Averaged
from liquid_control.training.chunks import mean, missed_changes, persistence, sequences
from liquid_control.training.conditions import Conditions
from liquid_control.training.exploration import Explorer, Rollout
from liquid_control.training.finite import NotFiniteError, check_parameters, clip_gradients
from liquid_control.training.optimizers import Optimizers

_UP_ROUNDS = 30
"""Rounds of step-size warm-up, while Adam's moments build up."""
_SLOWER, _FASTER = 0.8, 1.03
"""Factors on the step size after a round that moved too far, and after one that moved little."""
_USUAL = 2.0
"""Approximate reward per step, which with the discount gives the scale of returns."""
_LAST = 0.02
"""Share of the step size that is left at the end."""


@dataclass(frozen=True)
class FineTuningSettings:
    """Settings of fine-tuning after imitation; the same for every cell."""

    rounds: int = 800
    """Rollouts, each followed by its updates; 0 for no fine-tuning."""
    warm_up: int = 30
    """Initial rounds in which only the value function learns."""
    walkers: int = 128
    """Walkers simulated together."""
    steps: int = 64
    """Steps of a rollout, and length of backpropagation."""
    epochs: int = 3
    """Passes over each rollout."""
    batches: int = 8
    """Gradient steps per pass."""
    learning_rate: float = 3e-4
    """Largest step size of Adam; warms up over the first rounds, decays linearly over all rounds,
    and is reduced while rounds exceed ``most_change``."""
    spread: float = 0.12
    """Initial standard deviation of the actions; learned."""
    discount: float = 0.997
    """γ, large enough that a fall costs about as much as the return that the episode loses."""
    trace: float = 0.95
    """λ of generalised advantage estimation."""
    clip: float = 0.2
    """Clipping range of PPO's likelihood ratio around 1."""
    most_change: float = 0.02
    """KL divergence from the rollout's policy beyond which its updates stop."""
    beyond_weight: float = 0.05
    """Weight of the squared distance of actions beyond their limits."""
    prediction_weight: float = 0.5
    """Weight of the next-observation loss."""
    average: float = 0.998
    """Decay of the averaged weights per gradient step."""
    judge_every: int = 100
    """Rounds between evaluations, of which the best is kept."""
    checkpoint_every: int = 50
    """Rounds between checkpoints."""

    def __post_init__(self):
        for name in ('walkers', 'steps', 'epochs', 'batches', 'judge_every', 'checkpoint_every'):
            if getattr(self, name) < 1:
                raise ValueError(f'{name}: expected 1 or more, found {getattr(self, name)}')
        if self.warm_up < 0:
            raise ValueError(f'warm_up: expected 0 or more, found {self.warm_up}')
        if self.rounds != 0 and self.rounds <= self.warm_up:
            raise ValueError(
                f'rounds: expected 0, or more than the {self.warm_up} rounds of warm_up, '
                f'found {self.rounds}'
            )
        for name in ('learning_rate', 'spread', 'clip', 'most_change'):
            if not getattr(self, name) > 0.0:
                raise ValueError(f'{name}: expected more than 0, found {getattr(self, name)}')
        for name in ('discount', 'trace', 'average'):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f'{name}: expected 0 to 1, found {getattr(self, name)}')


class Value(torch.nn.Module):
    """Estimates the discounted return from privileged information, (..., q) → (...).

    Args:
        size: q.
        scale: scale of returns, so that the network's output is about one.
    """

    _RATE = 1e-3
    """Step size of Adam."""

    def __init__(self, size: int, scale: float):
        super().__init__()
        self._scale = scale
        self.net = torch.nn.Sequential(
            torch.nn.Linear(size, 128), torch.nn.Tanh(), torch.nn.Linear(128, 128),
            torch.nn.Tanh(), torch.nn.Linear(128, 1),
        )  # fmt: skip
        self.register_buffer('mean', torch.zeros(size))
        self.register_buffer('square', torch.ones(size))
        self.register_buffer('measured', torch.zeros(()))
        self._optimizer = Optimizers('adam', self.net, self._RATE)

    def measure(self, known: np.ndarray) -> None:
        """Update the input normalisation from one more rollout, (T, N, q)."""
        rows = torch.from_numpy(known.reshape(-1, known.shape[-1]))
        self.measured += 1
        share = 1.0 / float(self.measured)
        self.mean.lerp_(rows.mean(0), share)
        self.square.lerp_(rows.square().mean(0), share)

    def forward(self, known: torch.Tensor) -> torch.Tensor:
        std = (self.square - self.mean.square()).clamp(min=0.0).sqrt()
        normal = (known - self.mean) / (std + 0.1)  # faults that nobody has had yet have zero std
        return self._scale * self.net(normal.clamp(-8.0, 8.0))[..., 0]

    def of(self, known: np.ndarray) -> np.ndarray:
        """Estimates without gradients, (T, N, q) → (T, N)."""
        with torch.no_grad():
            return self(torch.from_numpy(known)).numpy()

    def learn(
        self, known: np.ndarray, returns: np.ndarray, epochs: int, rng: np.random.Generator
    ) -> float:
        """Regress towards returns (T, N); returns the mean squared error over scale squared."""
        rows = torch.from_numpy(known.reshape(-1, known.shape[-1]))
        targets = torch.from_numpy(returns.reshape(-1).astype(np.float32))
        total = 0.0
        for _ in range(epochs):
            for part in torch.from_numpy(rng.permutation(len(rows))).split(1024):
                error = (self(rows[part]) - targets[part]).square().mean() / self._scale**2
                error.backward()
                self._optimizer.step(self._RATE)
                total += float(error.detach()) * len(part)
        return total / (epochs * len(rows))

    def tensors(self) -> dict[str, torch.Tensor]:
        """Weights and moments."""
        return checkpoint.named('net', self.state_dict()) | checkpoint.named(
            'moments', self._optimizer.tensors()
        )

    def restore(self, tensors: dict[str, torch.Tensor]) -> None:
        """Restore what :meth:`tensors` returned."""
        self.load_state_dict(checkpoint.under('net', tensors))
        self._optimizer.restore(checkpoint.under('moments', tensors))


def advantages(
    rollout: Rollout, before: np.ndarray, after: np.ndarray, discount: float, trace: float
) -> np.ndarray:
    """Generalised advantage estimates (T, N) (Schulman et al. 2016).

    Episodes that reach their maximum length bootstrap from the estimate; those that fall do not.

    Args:
        before: estimates of the return before each step, (T, N).
        after: the same after each step, (T, N).
    """
    gain = rollout.reward + discount * after * ~rollout.fallen - before
    found, later = np.zeros_like(gain), np.zeros(gain.shape[1])
    for step in reversed(range(len(gain))):
        later = gain[step] + discount * trace * later * ~rollout.ended[step]
        found[step] = later
    return found


class _Explored(torch.nn.Module):
    """A student with the standard deviation of its sampled actions."""

    def __init__(self, model: PolicyModel, spread: float):
        super().__init__()
        self.model = model
        self.log_spread = torch.nn.Parameter(torch.full_like(model.lower, spread).log())


class FineTuning:
    """The state of a fine-tuning; its folder holds all that is needed to resume.

    Args:
        settings: settings of the fine-tuning.
        conditions: conditions under which the student walks.
        name: cell and seed, for error messages.
        seed: seed of starts, faults, actions and batches.
        model: the student to start from.
        score: score of that student.
        episodes: episodes per evaluation under each condition.
        folder: folder for checkpoints.
        origin: what identifies the whole training; checkpoints of other trainings are refused.

    Raises:
        ValueError: the folder's checkpoint is broken or from another training.
    """

    def __init__(
        self,
        settings: FineTuningSettings,
        conditions: Conditions,
        name: str,
        seed: int,
        model: PolicyModel,
        score: float,
        episodes: int,
        folder: Path,
        origin: dict[str, Any],
    ):
        self.settings, self._name, self._episodes = settings, name, episodes
        self._origin = origin
        self._path = folder / 'fine_tuning.safetensors'
        self.averaged = Averaged(model, folder / 'tuned.safetensors')
        self._explored = _Explored(model.train(), settings.spread)
        self._optimizer = Optimizers('adam', self._explored, settings.learning_rate)
        self._rng = np.random.default_rng(seed + 3)
        self._explorer = Explorer(model, settings.walkers, seed + 4, conditions)
        torch.manual_seed(seed + 5)
        scale = _USUAL / max(1.0 - settings.discount, 1e-3)
        self._value = Value(self._explorer.privileged().shape[1], scale)
        self.done, self._pace = 0, 1.0
        found = checkpoint.read_of(self._path, origin)
        if found is None:
            self.averaged.keep(score)
        else:
            self._restore(*found)

    def _restore(self, tensors: dict[str, torch.Tensor], about: dict[str, Any]) -> None:
        try:
            self._explored.load_state_dict(checkpoint.under('explored', tensors))
            self.averaged.model.load_state_dict(checkpoint.under('averaged', tensors))
            self._optimizer.restore(checkpoint.under('optimizer', tensors))
            self._value.restore(checkpoint.under('value', tensors))
            self._explorer.restore(checkpoint.under('walkers', tensors), about['walkers'])
            self._rng.bit_generator.state = about['generator']
            self.done, self.averaged.best = about['done'], about['best']
            self._pace = about['pace']
        except (KeyError, RuntimeError, TypeError, ValueError) as error:
            raise checkpoint.broken(self._path, error) from None

    def save(self) -> None:
        """Write a checkpoint; the previous one is kept until this is complete.

        Raises:
            OSError: the checkpoint cannot be written, e.g. the disk is full.
        """
        walkers, about = self._explorer.snapshot()
        tensors = (
            checkpoint.named('explored', self._explored.state_dict())
            | checkpoint.named('averaged', self.averaged.model.state_dict())
            | checkpoint.named('optimizer', self._optimizer.tensors())
            | checkpoint.named('value', self._value.tensors())
            | checkpoint.named('walkers', walkers)
        )
        about = {
            'origin': self._origin,
            'done': self.done,
            'pace': self._pace,
            'best': self.averaged.best,
            'generator': self._rng.bit_generator.state,
            'walkers': about,
        }
        checkpoint.write(self._path, tensors, about)

    def advance(self) -> dict[str, float]:
        """Run one round, a rollout and its updates; returns its metrics by name.

        Raises:
            NotFiniteError: a value is no longer finite; the message says where.
        """
        settings, value = self.settings, self._value
        spread = self._explored.log_spread.detach().exp().numpy()
        rollout = self._explorer.collect(settings.steps, spread)
        if self.done <= settings.warm_up:
            value.measure(rollout.before)
        before, after = value.of(rollout.before), value.of(rollout.after)
        gained = advantages(rollout, before, after, settings.discount, settings.trace)
        place = f'{self._name}, fine-tuning, round {self.done}'
        if not np.isfinite(gained).all():
            check_parameters(self._explored, place)
            raise NotFiniteError(f'{place}: the rewards or return estimates are not finite')
        error = value.learn(rollout.before, before + gained, settings.epochs, self._rng)
        found = {'reward': float(rollout.reward.mean()), 'loss/value': error,
                 'spread': float(spread.mean())}  # fmt: skip
        if self.done >= settings.warm_up:
            found |= self._update(rollout, gained, place)
        self.done += 1
        return found

    def _update(self, rollout: Rollout, gained: np.ndarray, place: str) -> dict[str, float]:
        settings, model = self.settings, self._explored.model
        chosen = gained[rollout.seen]  # without a sample, the last command was held
        normal = (gained - chosen.mean()) / (chosen.std() + 1e-8)
        series = {**rollout.series, 'advantage': normal[..., None]}
        tensors, walker, _ = sequences(series, rollout.seen, rollout.ended, rollout.start)
        rate = settings.learning_rate * self._pace * self._schedule()
        changes, missed, updates = [], [], 0
        for _ in range(settings.epochs):
            order = torch.from_numpy(self._rng.permutation(len(walker)))
            for rows in order.chunk(settings.batches):
                batch = {name: values[rows] for name, values in tensors.items()}
                loss, change, wrong = surrogate(settings, model, self._explored.log_spread, batch)
                changes.append(change)
                missed.append(wrong)
                if not torch.isfinite(loss):
                    check_parameters(self._explored, place)
                    raise NotFiniteError(f'{place}: the loss is not finite')
                if change > settings.most_change:
                    self._pace *= _SLOWER
                    return _figures(changes, missed, updates)
                self._step(loss, rate, place)
                updates += 1
        if changes[-1] < 0.5 * settings.most_change:
            self._pace = min(1.0, self._pace * _FASTER)
        return _figures(changes, missed, updates)

    def _schedule(self) -> float:
        """Factor on the step size: warm-up while Adam's moments build up, with linear decay."""
        past = self.done - self.settings.warm_up
        share = past / max(1, self.settings.rounds - self.settings.warm_up)
        return min(1.0, (past + 1) / _UP_ROUNDS) * max(_LAST, 1.0 - share)

    def _step(self, loss: torch.Tensor, rate: float, place: str) -> None:
        loss.backward()
        clip_gradients(self._explored, 0.5, place)
        self._optimizer.step(rate)
        self.averaged.follow(self._explored.model, self.settings.average)

    def judge(self) -> dict[str, np.ndarray]:
        """Evaluate the averaged weights under every condition; keep them if they are the best."""
        return self.averaged.judge(self._episodes)

    def result(self) -> PolicyModel:
        """The best averaged weights, including those it started from."""
        return self.averaged.result()

    def close(self) -> None:
        self._explorer.close()


def surrogate(
    settings: FineTuningSettings,
    model: PolicyModel,
    log_spread: torch.Tensor,
    batch: dict[str, torch.Tensor],
) -> tuple[torch.Tensor, float, float]:
    """PPO's clipped loss of a batch of sequences, plus the prediction loss.

    Returns:
        The loss, the KL divergence from the rollout's policy, and the prediction error as a share
        of that of persistence.
    """
    action, change = model.sequence(
        batch['observation'], batch['elapsed'], batch['state'], batch['action']
    )
    off = (batch['action'] - action) / log_spread.exp()
    likelihood = (-0.5 * off.square() - log_spread).sum(-1, keepdim=True)
    acted, gained = batch['acted'], batch['advantage']
    moved = (likelihood - batch['likelihood']) * acted
    ratio = moved.exp()
    bounded = ratio.clamp(1.0 - settings.clip, 1.0 + settings.clip)
    policy = -mean(torch.minimum(ratio * gained, bounded * gained), acted)
    beyond = mean((action - model.limited(action)).square(), acted)
    there, foretold = (batch['observation'], batch['target']), batch['foretold']
    share = missed_changes(model, change, *there) / persistence(model, *there, foretold)
    missed = mean(share, foretold)
    loss = policy + settings.beyond_weight * beyond + settings.prediction_weight * missed
    with torch.no_grad():
        divergence = mean(ratio - 1.0 - moved, acted)
    return loss, float(divergence), float(missed.detach())


def _figures(changes: list[float], missed: list[float], updates: int) -> dict[str, float]:
    return {'divergence': changes[-1], 'loss/prediction': float(np.mean(missed)),
            'updates': float(updates)}  # fmt: skip
