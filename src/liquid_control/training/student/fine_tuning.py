"""Fine-tuning of students by reinforcement learning on the return, under all their faults.

PPO (Schulman et al. 2017) with truncated backpropagation from the carried recurrent state. The
value function sees the true state, the last command and the faults (asymmetric actor-critic,
Pinto et al. 2018) and is used only in training.
"""

import math
from pathlib import Path
from typing import Any

import numpy as np
import torch

from liquid_control.models import PolicyModel
from liquid_control.provenance import continued
from liquid_control.training import checkpoint
from liquid_control.training.cuda_graphs import Passes
from liquid_control.training.finite import NotFiniteError, check_parameters, clip_gradients
from liquid_control.training.optimizers import Optimizers
from liquid_control.training.student.averaged import Averaged
from liquid_control.training.student.chunks import mean, missed_changes, persistence, sequences
from liquid_control.training.student.exploration import Explorer, Rollout
from liquid_control.training.student.learner import Learner
from liquid_control.training.student.settings import FineTuningSettings, Stream, StudentSettings
from liquid_control.training.student.value import Value, advantages

_UP_ROUNDS = 30
"""Rounds of step-size warm-up, while Adam's moments build up."""
_SLOWER, _FASTER = 0.8, 1.03
"""Factors on the step size after a round that moved too far, and after one that moved little."""
_USUAL = 2.0
"""Approximate reward per step, which with the discount gives the scale of returns."""
_LAST = 0.02
"""Share of the step size that is left at the end."""


class _Explored(torch.nn.Module):
    """A student with the standard deviation of its sampled actions."""

    def __init__(self, model: PolicyModel, spread: float):
        super().__init__()
        self.model = model
        self.log_spread = torch.nn.Parameter(torch.full_like(model.lower, spread).log())


class FineTuning:
    """The state of a fine-tuning; its folder holds all that is needed to resume.

    Args:
        settings: settings of the whole training.
        model: the student to start from.
        score: score of that student.
        folder: folder for checkpoints.
        origin: what identifies the whole training; checkpoints of other trainings are refused.
        history: where the training ran so far, see :func:`provenance.continued`.
        device: name of the device on which to train.

    Raises:
        ValueError: no such device, or the folder's checkpoint is broken or from another training.
    """

    def __init__(
        self,
        settings: StudentSettings,
        model: PolicyModel,
        score: float,
        folder: Path,
        origin: dict[str, Any],
        history: list[dict[str, Any]],
        device: str = 'cpu',
    ):
        self.settings, self._name = settings.fine_tuning, settings.title
        self._episodes, self._origin = settings.episodes, origin
        tuned = settings.fine_tuning
        worlds = math.ceil(tuned.walkers / tuned.batches)
        self.learner = Learner(model, device, worlds, tuned.steps, sent=True)
        self._before, self.history = settings.rounds, history
        self._path = folder / 'fine_tuning.safetensors'
        self.averaged = Averaged(self.learner.model, settings.title)
        self._explored = _Explored(self.learner.model, tuned.spread)
        self._optimizer = Optimizers('adam', self._explored, tuned.learning_rate)
        self._rng = np.random.default_rng(settings.seed_of(Stream.TUNING_BATCHES))
        self._explorer = Explorer(
            model, tuned.walkers, settings.seed_of(Stream.TUNING_WORLDS), settings.conditions
        )
        torch.manual_seed(settings.seed_of(Stream.TUNING_WEIGHTS))
        scale = _USUAL / max(1.0 - tuned.discount, 1e-3)
        self._value = Value(self._explorer.privileged().shape[1], scale)
        self.done, self._pace = 0, 1.0
        saved = checkpoint.read_of(self._path, origin)
        if saved is None:
            self.averaged.keep(score)
        else:
            self._restore(*saved)

    def _restore(self, tensors: dict[str, torch.Tensor], about: dict[str, Any]) -> None:
        with checkpoint.restoring(self._path):
            self._explored.load_state_dict(checkpoint.under('explored', tensors))
            self.learner.follow()
            self.averaged.restore(checkpoint.under('averaged', tensors), about['best'])
            self._optimizer.restore(checkpoint.under('optimizer', tensors))
            self._value.restore(checkpoint.under('value', tensors))
            self._explorer.restore(checkpoint.under('worlds', tensors), about['worlds'])
            self._rng.bit_generator.state = about['generator']
            self.done = about['done']
            done = self._before + self.done
            self.history = continued(about['history'], done, self.learner.title)
            self._pace = about['pace']

    def save(self) -> None:
        """Write a checkpoint; the previous one is kept until this is complete.

        Raises:
            OSError: the checkpoint cannot be written, e.g. the disk is full.
        """
        worlds, about = self._explorer.snapshot()
        tensors = (
            checkpoint.named('explored', self._explored.state_dict())
            | checkpoint.named('averaged', self.averaged.tensors())
            | checkpoint.named('optimizer', self._optimizer.tensors())
            | checkpoint.named('value', self._value.tensors())
            | checkpoint.named('worlds', worlds)
        )
        about = {
            'origin': self._origin,
            'history': self.history,
            'done': self.done,
            'pace': self._pace,
            'best': self.averaged.best,
            'generator': self._rng.bit_generator.state,
            'worlds': about,
        }
        checkpoint.write(self._path, tensors, about)

    def advance(self) -> dict[str, float]:
        """Run one round, a rollout and its updates; returns its metrics by name.

        Raises:
            NotFiniteError: a value is no longer finite; the message says where.
        """
        settings, value = self.settings, self._value
        spread = self._explored.log_spread.detach().exp().cpu().numpy()
        rollout = self._explorer.collect(settings.steps, spread)
        if self.done <= settings.warm_up:
            value.measure(rollout.before)
        before, after = value.of(rollout.before), value.of(rollout.after)
        gained = advantages(rollout, before, after, settings.discount, settings.trace)
        where = f'{self._name}, fine-tuning, round {self.done}'
        if not np.isfinite(gained).all():
            raise self._explain(where, reward=rollout.reward, estimate=[before, after])
        error = value.learn(rollout.before, before + gained, settings.epochs, self._rng)
        metrics = {'reward': float(rollout.reward.mean()), 'loss/value': error,
                   'spread': float(spread.mean())}  # fmt: skip
        if self.done >= settings.warm_up:
            metrics |= self._update(rollout, gained, where)
            self.learner.follow()
        self.done += 1
        return metrics

    def _explain(
        self, where: str, reward: np.ndarray, estimate: list[np.ndarray]
    ) -> NotFiniteError:
        """The error that says why advantages are not finite."""
        check_parameters(self._explored, where)
        check_parameters(self._value, f'{where}, return estimate')
        for name, values in (('reward', reward), ('return estimate', estimate)):
            if not np.isfinite(values).all():
                return NotFiniteError(f'{where}: the {name} is not finite')
        return NotFiniteError(f'{where}: the advantages overflow')

    def _update(self, rollout: Rollout, gained: np.ndarray, where: str) -> dict[str, float]:
        settings, learner = self.settings, self.learner
        model, log_spread = learner.model, self._explored.log_spread
        chosen = gained[rollout.seen]  # without a sample, the last command was held
        normal = (gained - chosen.mean()) / (chosen.std() + 1e-8)
        series = {**rollout.series, 'advantage': normal[..., None]}
        tensors, world, _ = sequences(series, rollout.seen, rollout.ended, rollout.start)
        rate = settings.learning_rate * self._pace * self._schedule()
        changes, missed, updates = [], [], 0
        for _ in range(settings.epochs):
            order = torch.from_numpy(self._rng.permutation(len(world)))
            for rows in order.chunk(settings.batches):
                batch = learner.take({name: values[rows] for name, values in tensors.items()})
                loss, change, wrong = surrogate(
                    settings, model, log_spread, batch, learner.sequence
                )
                changes.append(change)
                missed.append(wrong)
                if not torch.isfinite(loss):
                    check_parameters(self._explored, where)
                    terms = _terms(settings, model, log_spread, batch, model.sequence)[0]
                    names = [name for name, term in terms.items() if not torch.isfinite(term)]
                    why = f'in its terms {", ".join(names)}' if names else 'its sum overflows'
                    raise NotFiniteError(f'{where}: the loss is not finite: {why}')
                if change > settings.most_change:
                    self._pace *= _SLOWER
                    return _figures(changes, missed, updates)
                self._step(loss, rate, where)
                updates += 1
        if changes[-1] < 0.5 * settings.most_change:
            self._pace = min(1.0, self._pace * _FASTER)
        return _figures(changes, missed, updates)

    def _schedule(self) -> float:
        """Factor on the step size: warm-up while Adam's moments build up, with linear decay."""
        past = self.done - self.settings.warm_up
        share = past / max(1, self.settings.rounds - self.settings.warm_up)
        return min(1.0, (past + 1) / _UP_ROUNDS) * max(_LAST, 1.0 - share)

    def _step(self, loss: torch.Tensor, rate: float, where: str) -> None:
        loss.backward()
        clip_gradients(self._explored, 0.5, where)
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
    sequence: Passes | None = None,
) -> tuple[torch.Tensor, float, float]:
    """PPO's clipped loss of a batch of sequences, plus the prediction loss.

    Args:
        sequence: computes the same as the model's own :meth:`sequence`, which is the default.

    Returns:
        The loss, the KL divergence from the rollout's policy, and the prediction error as a share
        of that of persistence.
    """
    terms, divergence = _terms(settings, model, log_spread, batch, sequence or model.sequence)
    policy, beyond, missed = terms.values()
    loss = policy + settings.beyond_weight * beyond + settings.prediction_weight * missed
    return loss, divergence, float(missed.detach())


def _terms(settings, model, log_spread, batch, sequence) -> tuple[dict[str, torch.Tensor], float]:
    """The terms of the loss by name, without their weights, and the KL divergence."""
    action, change = sequence(
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
    with torch.no_grad():
        divergence = mean(ratio - 1.0 - moved, acted)
    return {'policy': policy, 'beyond': beyond, 'prediction': missed}, float(divergence)


def _figures(changes: list[float], missed: list[float], updates: int) -> dict[str, float]:
    return {'divergence': changes[-1], 'loss/prediction': float(np.mean(missed)),
            'updates': float(updates)}  # fmt: skip
