"""Imitation learning of students, which see positions, their previous command and Δt.

DAgger over the student's own rollouts, with truncated backpropagation through time from the
carried recurrent state; each student also learns to predict the next observation.
"""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from liquid_control.control.bundle import Bundle
from liquid_control.control.contract import Contract
from liquid_control.models import ModelSettings, Normalizer, PolicyModel
from liquid_control.provenance import continued
from liquid_control.sim import robot_of
from liquid_control.training import checkpoint
from liquid_control.training.finite import clip_gradients, explain
from liquid_control.training.folder import CHUNKS
from liquid_control.training.optimizers import Optimizers, warm_cosine
from liquid_control.training.student.averaged import Averaged
from liquid_control.training.student.chunks import Chunk, losses
from liquid_control.training.student.learner import Learner
from liquid_control.training.student.replay_memory import ReplayMemory
from liquid_control.training.student.rollouts import Collector, measure_normalizer
from liquid_control.training.student.settings import Stream, StudentSettings
from liquid_control.training.teacher import Teacher, student_contract


class Imitation:
    """The state of an imitation; its folder holds all that is needed to resume.

    Attributes:
        done: rounds done.
        history: where the rounds ran, see :func:`provenance.continued`.
        origin: what identifies the training; checkpoints of others are refused.
        learner: the student.
        averaged: the weights that are kept.

    Raises:
        ValueError: unknown cell, optimiser or device, another robot, a policy that cannot teach, or
            a folder with another training's checkpoint.
    """

    def __init__(
        self,
        settings: StudentSettings,
        robot: Contract,
        teacher: Bundle,
        folder: Path,
        device: str = 'cpu',
    ):
        self.settings, self._folder = settings, folder
        contract = student_contract(robot)
        model_settings = ModelSettings.fitted(settings.cell, contract)
        torch.manual_seed(settings.seed)
        labels = Teacher(teacher, settings.walkers, robot_of(contract))
        self._rng = np.random.default_rng(settings.seed_of(Stream.BATCHES))
        unscaled = Normalizer(*(np.ones(contract.sensed_size),) * 3)
        model = PolicyModel(model_settings, contract, unscaled)
        self._memory = ReplayMemory(folder / CHUNKS, settings.memory)
        self.origin = {
            'robot': robot.robot,
            'settings': _plain(settings),
            'teacher_sha256': teacher.sha256,
            'contract_sha256': contract.hash,
        }
        folder.mkdir(parents=True, exist_ok=True)
        saved = checkpoint.read_of(self._path, self.origin)
        if saved is None:
            scales = settings.seed_of(Stream.SCALES)
            normalizer = measure_normalizer(labels, contract, settings.walkers, scales)
            normalizer.register(model)
        self.learner = Learner(model, device, settings.batch, settings.steps, sent=False)
        self._optimizer = Optimizers(settings.optimizer, self.learner.model, settings.rate)
        self.done, self.history = 0, continued([], 0, self.learner.title)
        self.averaged = Averaged(self.learner.model, settings.title)
        self._collector = Collector(
            model, labels, settings.walkers, settings.seed_of(Stream.WORLDS), settings.conditions
        )
        if saved is not None:
            self._restore(*saved)

    @property
    def _path(self) -> Path:
        return self._folder / 'checkpoint.safetensors'

    def _restore(self, tensors, about) -> None:
        with checkpoint.restoring(self._path):
            self.learner.load(checkpoint.under('model', tensors))
            self.averaged.restore(checkpoint.under('averaged', tensors), about['best'])
            self._optimizer.restore(checkpoint.under('optimizer', tensors))
            self._collector.restore(checkpoint.under('worlds', tensors), about['worlds'])
            self._rng.bit_generator.state = about['generator']
            torch.set_rng_state(tensors['torch'])
            self.done = about['done']
            self.history = continued(about['history'], self.done, self.learner.title)
            chunks = list(about['chunks'])
        self._memory.load(chunks)  # names its own files

    def save(self) -> None:
        """Write a checkpoint; the previous one is kept until this is complete.

        Raises:
            OSError: the checkpoint cannot be written, e.g. the disk is full.
        """
        if self.done == self.settings.rounds:
            self._memory.clear()  # nothing will be learned from it any more
        worlds, about = self._collector.snapshot()
        tensors = (
            checkpoint.named('model', self.learner.acting.state_dict())
            | checkpoint.named('averaged', self.averaged.tensors())
            | checkpoint.named('optimizer', self._optimizer.tensors())
            | checkpoint.named('worlds', worlds)
            | {'torch': torch.get_rng_state()}
        )
        about = {
            'origin': self.origin,
            'history': self.history,
            'done': self.done,
            'best': self.averaged.best,
            'chunks': self._memory.store(),
            'generator': self._rng.bit_generator.state,
            'worlds': about,
        }
        checkpoint.write(self._path, tensors, about)
        self._memory.sweep()

    def advance(self) -> dict[str, float]:
        """Run one round, a chunk and its updates; returns the last update's losses by name."""
        settings, share = self.settings, self.done / self.settings.rounds
        chunk = self._collector.collect(
            settings.steps,
            max(0.05, 1.0 - share / settings.taught),
            settings.conditions.level(share),
        )
        self._memory.add(self.done, chunk, self._rng)
        for update in range(settings.updates):
            newest = update == 0
            batch = self._memory.draw(settings.walkers, settings.batch, self._rng, newest)
            last = self._update(batch, 0 if newest else settings.burn_in, update)
        self.learner.follow()
        self.done += 1
        return last

    def _update(self, batch: Chunk, burn_in: int, update: int) -> dict[str, float]:
        settings, model = self.settings, self.learner.model
        where = f'{settings.title}, round {self.done}, update {update}'
        batch = Chunk(**self.learner.take(batch.tensors()))
        action, change = losses(model, batch, burn_in, self.learner.sequence)
        loss = action + settings.prediction_weight * change
        if not torch.isfinite(loss):
            data = (batch.observation, batch.elapsed, batch.target)
            raise explain(
                _Whole(model, batch.state), data, where,
                lambda row: f'a sequence of world {int(batch.world[row])}', label=batch.label,
            )  # fmt: skip
        loss.backward()
        clip_gradients(model, 1.0, where)
        self._optimizer.step(learning_rate(settings, self.done))
        decay = settings.average if self.done > 50 else min(0.9, settings.average)
        self.averaged.follow(model, decay)
        return {'loss/action': float(action.detach()), 'loss/prediction': float(change.detach())}

    def judge(self) -> dict[str, np.ndarray]:
        """Evaluate the averaged weights under every condition; keep them if they are the best."""
        return self.averaged.judge(self.settings.episodes)

    def close(self) -> None:
        self._collector.close()


def learning_rate(settings: StudentSettings, done: int) -> float:
    """Step size in a round: warm-up over 20 rounds, with cosine decay."""
    return settings.rate * warm_cosine(done, settings.rounds, 20)


def _plain(settings: StudentSettings) -> dict:
    """The settings after a round trip through JSON."""
    return json.loads(json.dumps(asdict(settings)))


class _Whole(torch.nn.Module):
    """A student applied to whole sequences from given states, for :func:`explain`."""

    def __init__(self, model: PolicyModel, state: torch.Tensor):
        super().__init__()
        self.model, self.state = model, state

    def forward(self, x, elapsed):
        return self.model.sequence(x, elapsed, self.state)
