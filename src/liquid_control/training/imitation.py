"""Imitation learning of students, which see positions, their previous command and Δt.

DAgger over the student's own rollouts, with truncated backpropagation through time from the
carried recurrent state; each student also learns to predict the next observation. Fine-tuning
follows.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch

from liquid_control.control.contract import Contract
from liquid_control.models import ModelSettings, Normalizer, PolicyModel
from liquid_control.training import checkpoint
from liquid_control.training.averaged import Averaged
from liquid_control.training.chunks import Chunk, losses
from liquid_control.training.conditions import Conditions
from liquid_control.training.fine_tuning import FineTuning, FineTuningSettings
from liquid_control.training.finite import clip_gradients, explain
from liquid_control.training.journal import Journal
from liquid_control.training.optimizers import RATES, Optimizers, check_name, default_name
from liquid_control.training.readout import solve_readout
from liquid_control.training.replay_memory import ReplayMemory
from liquid_control.training.rollouts import Collector, measure_normalizer
from liquid_control.training.schedule import warm_cosine
from liquid_control.training.teacher import Teacher

ASKED = ('joint_position', 'previous_action')
"""Terms of the robot's contract that a student reads."""


@dataclass(frozen=True)
class ImitationSettings:
    """Settings of one training; all but the cell are the same for every cell."""

    cell: str
    """Name of the recurrent cell."""
    seed: int = 0
    """Seed of starts, noise, initial weights and batches."""
    rounds: int = 450
    """Chunks collected, each followed by a round of updates."""
    walkers: int = 64
    """Walkers simulated together."""
    steps: int = 64
    """Steps of a chunk, and length of backpropagation."""
    updates: int = 16
    """Gradient steps per round, the first on the newest chunk alone."""
    batch: int = 64
    """Walkers per gradient step, from two chunks."""
    burn_in: int = 20
    """Leading samples of an old chunk that are not learned from, because its state is stale."""
    memory: int = 250
    """Chunks kept."""
    optimizer: str = field(default_factory=default_name)
    """``adam`` or ``muon``."""
    learning_rate: float | None = None
    """Peak step size; decays on a cosine to a fiftieth. None: the default of the optimiser."""
    prediction_weight: float = 0.05
    """Weight of the next-observation loss relative to the action loss."""
    average: float = 0.995
    """Decay of the averaged weights, which are the ones kept."""
    taught: float = 0.15
    """Share of the rounds over which the teacher hands over to the student."""
    judge_every: int = 50
    """Rounds between evaluations in the second half, of which the best is kept."""
    episodes: int = 20
    """Fresh episodes per evaluation under each condition."""
    checkpoint_every: int = 25
    """Rounds between checkpoints."""
    conditions: Conditions = field(default_factory=Conditions)
    """Conditions under which the student walks during training."""
    fine_tuning: FineTuningSettings = field(default_factory=FineTuningSettings)
    """Settings of the reinforcement learning that follows imitation."""
    readout: int = 1024
    """Steps of 64 walkers, rounded up to a multiple of 64, from which the prediction readout is
    finally solved by least squares; 0 keeps the learned readout."""

    def __post_init__(self):
        for name in ('rounds', 'walkers', 'steps', 'updates', 'batch', 'memory', 'judge_every',
                     'episodes', 'checkpoint_every'):  # fmt: skip
            if getattr(self, name) < 1:
                raise ValueError(f'{name}: expected 1 or more, found {getattr(self, name)}')
        if self.readout < 0:
            raise ValueError(f'readout: expected 0 or more, found {self.readout}')
        check_name(self.optimizer)
        if self.learning_rate is None:
            object.__setattr__(self, 'learning_rate', RATES[self.optimizer])
        if not 0.0 < self.learning_rate < 1.0:
            raise ValueError(
                f'learning_rate: expected a number between 0 and 1, found {self.learning_rate}'
            )

    @property
    def title(self) -> str:
        """Cell and seed, for error messages."""
        return f'{self.cell}, seed {self.seed}'


class Training:
    """The state of an imitation training; its folder holds all that is needed to resume.

    Raises:
        ValueError: unknown cell or optimiser, a teacher that does not see everything, or a folder
            with another training's checkpoint.
    """

    def __init__(
        self, settings: ImitationSettings, robot: Contract, teacher_path: Path, folder: Path
    ):
        self.settings, self._folder = settings, folder
        contract = robot.asking(*ASKED)
        model_settings = ModelSettings.fitted(settings.cell, contract)
        torch.manual_seed(settings.seed)
        teacher = Teacher(teacher_path, settings.walkers)
        self._rng = np.random.default_rng(settings.seed)
        unscaled = Normalizer(*(np.ones(contract.sensed_size),) * 3)
        self.model = PolicyModel(model_settings, contract, unscaled)
        self._optimizer = Optimizers(settings.optimizer, self.model, settings.learning_rate)
        self._memory = ReplayMemory(folder / 'chunks', settings.memory)
        self.done = 0
        self._origin = {
            'settings': _plain(settings),
            'teacher_sha256': teacher.sha256,
            'contract_sha256': contract.hash,
        }
        folder.mkdir(parents=True, exist_ok=True)
        found = checkpoint.read_of(self._path, self._origin)
        if found is None:
            normalizer = measure_normalizer(teacher, settings.walkers, settings.seed + 1)
            normalizer.register(self.model)
        self.averaged = Averaged(self.model, folder / 'best.safetensors')
        self._collector = Collector(
            self.model, teacher, settings.walkers, settings.seed + 2, settings.conditions
        )
        if found is not None:
            self._restore(*found)

    @property
    def _path(self) -> Path:
        return self._folder / 'checkpoint.safetensors'

    def _restore(self, tensors, about) -> None:
        try:
            self.model.load_state_dict(checkpoint.under('model', tensors))
            self.averaged.model.load_state_dict(checkpoint.under('averaged', tensors))
            self._optimizer.restore(checkpoint.under('optimizer', tensors))
            self._collector.restore(checkpoint.under('walkers', tensors), about['walkers'])
            self._rng.bit_generator.state = about['generator']
            torch.set_rng_state(tensors['torch'])
            self._memory.load(about['chunks'])
            self.done, self.averaged.best = about['done'], about['best']
        except (KeyError, RuntimeError, TypeError) as error:
            raise checkpoint.broken(self._path, error) from None

    def save(self) -> None:
        """Write a checkpoint; the previous one is kept until this is complete.

        Raises:
            OSError: the checkpoint cannot be written, e.g. the disk is full.
        """
        walkers, about = self._collector.snapshot()
        tensors = (
            checkpoint.named('model', self.model.state_dict())
            | checkpoint.named('averaged', self.averaged.model.state_dict())
            | checkpoint.named('optimizer', self._optimizer.tensors())
            | checkpoint.named('walkers', walkers)
            | {'torch': torch.get_rng_state()}
        )
        about = {
            'origin': self._origin,
            'done': self.done,
            'best': self.averaged.best,
            'chunks': self._memory.store(),
            'generator': self._rng.bit_generator.state,
            'walkers': about,
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
        self.done += 1
        return last

    def _update(self, batch: Chunk, burn_in: int, update: int) -> dict[str, float]:
        settings, model = self.settings, self.model
        place = f'{settings.title}, round {self.done}, update {update}'
        action, change = losses(model, batch, burn_in)
        loss = action + settings.prediction_weight * change
        if not torch.isfinite(loss):
            data = (batch.observation, batch.elapsed, batch.label)
            raise explain(
                _Whole(model, batch.state), data, place,
                lambda row: f'a sequence of walker {int(batch.walker[row])}',
            )  # fmt: skip
        loss.backward()
        clip_gradients(model, 1.0, place)
        self._optimizer.step(learning_rate(settings, self.done))
        decay = settings.average if self.done > 50 else min(0.9, settings.average)
        self.averaged.follow(model, decay)
        return {'loss/action': float(action.detach()), 'loss/prediction': float(change.detach())}

    def judge(self) -> dict[str, np.ndarray]:
        """Evaluate the averaged weights under every condition; keep them if they are the best."""
        return self.averaged.judge(self.settings.episodes)

    def fine_tuning(self) -> FineTuning:
        """The fine-tuning that follows, starting from the best averaged weights."""
        settings = self.settings
        return FineTuning(
            settings.fine_tuning, settings.conditions, settings.title, settings.seed,
            self.averaged.result(), self.averaged.best, settings.episodes,
            self._folder, self._origin,
        )  # fmt: skip

    def close(self) -> None:
        self._collector.close()


def train_student(
    settings: ImitationSettings,
    robot: Contract,
    teacher_path: Path,
    folder: Path,
    report: Callable[[float, str], None],
    log: Path | None = None,
) -> PolicyModel:
    """Train one student, or resume the same training where it was stopped.

    Args:
        settings: settings of the training.
        robot: the robot's contract.
        teacher_path: bundle of the teacher.
        folder: folder for checkpoints; may be removed afterwards.
        report: called as ``report(fraction, text)`` with progress.
        log: folder for the log of losses and returns.

    Raises:
        ValueError: unknown cell, a teacher that does not see everything, or a folder that holds
            another training.
        NotFiniteError: a value is no longer finite; the message says where.
        OSError: a checkpoint cannot be written; the last one is intact.
    """
    model = _taught(settings, robot, teacher_path, folder, report, log)
    if settings.readout:
        report(1.0, 'solving the readout of the prediction')
        solve_readout(model, settings.readout, settings.seed + 6, settings.title)
    return model


def _taught(settings, robot, teacher_path, folder, report, log) -> PolicyModel:
    """The part of :func:`train_student` that has checkpoints: imitation and fine-tuning."""
    tuned = settings.fine_tuning
    imitated = settings.rounds * settings.walkers * settings.steps
    whole = imitated + tuned.rounds * tuned.walkers * tuned.steps
    training = Training(settings, robot, teacher_path, folder)
    try:
        if training.done < settings.rounds:
            with Journal(log, training.done) as journal:
                _carry_out(
                    training, journal, lambda share, text: report(share * imitated / whole, text),
                    lambda found: f'losses {found["loss/action"]:.4f} '
                    f'{found["loss/prediction"]:.3f}',
                    unjudged=settings.rounds / 2,
                )  # fmt: skip
        if not tuned.rounds:
            return training.averaged.result()
        fine_tuning = training.fine_tuning()
    finally:
        training.close()
    del training  # frees the chunks that it holds
    before = imitated / whole
    try:
        with Journal(log, settings.rounds + fine_tuning.done) as journal:
            _carry_out(
                fine_tuning, journal,
                lambda share, text: report(before + share * (1.0 - before), text),
                lambda found: f'fine-tuning, reward {found["reward"]:.2f}',
                first=settings.rounds,
            )  # fmt: skip
        return fine_tuning.result()
    finally:
        fine_tuning.close()


def _carry_out(
    training: Training | FineTuning,
    journal: Journal,
    report: Callable[[float, str], None],
    tell: Callable[[dict[str, float]], str],
    first: int = 0,
    unjudged: float = 0,
) -> None:
    """Run the remaining rounds of a training, logged from step ``first`` on.

    Args:
        tell: formats a round's metrics.
        unjudged: rounds before the first evaluation.
    """
    settings, said = training.settings, ''
    while training.done < settings.rounds:
        found = training.advance()
        done = training.done
        journal.add(first + done, found)
        last = done == settings.rounds
        if last or (done > unjudged and done % settings.judge_every == 0):
            said = _told(training.judge(), journal, first + done)
        if last or done % settings.checkpoint_every == 0:
            training.save()
        report(done / settings.rounds, tell(found) + said)


def _told(returns: dict[str, np.ndarray], journal: Journal, step: int) -> str:
    """Log the returns of an evaluation; returns them as text."""
    journal.add(step, {f'return/{k}': values.mean() for k, values in returns.items()})
    means = [f'{values.mean():.0f}' for values in returns.values()]
    return f', returns {" ".join(means)}'


def learning_rate(settings: ImitationSettings, done: int) -> float:
    """Step size in a round: warm-up over 20 rounds, with cosine decay."""
    return settings.learning_rate * warm_cosine(done, settings.rounds, 20)


def _plain(settings: ImitationSettings) -> dict:
    """The settings after a round trip through JSON."""
    return json.loads(json.dumps(asdict(settings)))


class _Whole(torch.nn.Module):
    """A student applied to whole sequences from given states, for :func:`explain`."""

    def __init__(self, model: PolicyModel, state: torch.Tensor):
        super().__init__()
        self.model, self.state = model, state

    def forward(self, x, elapsed):
        return self.model.sequence(x, elapsed, self.state)
