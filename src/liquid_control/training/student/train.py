"""The whole training of a student: imitation, fine-tuning, and the readout of the prediction."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from liquid_control.control.bundle import Bundle
from liquid_control.control.contract import Contract
from liquid_control.jobs import Report
from liquid_control.models import PolicyModel
from liquid_control.training.journal import Journal
from liquid_control.training.student.fine_tuning import FineTuning
from liquid_control.training.student.imitation import Imitation
from liquid_control.training.student.readout import solve_readout
from liquid_control.training.student.settings import Stream, StudentSettings


class Trained(NamedTuple):
    """A student, and where it was trained, see :func:`provenance.continued`."""

    model: PolicyModel
    history: list[dict[str, Any]]


def train_student(
    settings: StudentSettings,
    robot: Contract,
    teacher: Bundle,
    folder: Path,
    report: Report,
    log: Path | None = None,
    device: str = 'cpu',
) -> Trained:
    """Train one student, or resume the same training where it was stopped.

    Args:
        settings: settings of the training.
        robot: the robot's contract.
        teacher: the teacher's bundle.
        folder: folder for checkpoints; may be removed afterwards.
        report: called with progress.
        log: folder for the log of losses and returns.
        device: name of the device of gradient steps.

    Raises:
        ValueError: unknown cell or device, another robot, a policy that cannot teach, or a folder
            that holds another training.
        NotFiniteError: a value is no longer finite; the message says where.
        OSError: a checkpoint cannot be written; the last one is intact.
    """
    trained = _with_checkpoints(settings, robot, teacher, folder, report, log, device)
    if settings.readout:
        report(1.0, 'solving the readout of the prediction')
        seed = settings.seed_of(Stream.READOUT)
        solve_readout(trained.model, settings.readout, seed, settings.title)
    return trained


def _with_checkpoints(
    settings: StudentSettings,
    robot: Contract,
    teacher: Bundle,
    folder: Path,
    report: Report,
    log: Path | None,
    device: str,
) -> Trained:
    """The part of :func:`train_student` that has checkpoints: imitation and fine-tuning."""
    tuned = settings.fine_tuning
    imitated = settings.rounds * settings.walkers * settings.steps
    whole = imitated + tuned.rounds * tuned.walkers * tuned.steps
    training = Imitation(settings, robot, teacher, folder, device)
    try:
        if training.done < settings.rounds:
            with Journal(log, training.done, training.origin) as journal:
                _rounds(
                    training, journal, lambda share, text: report(share * imitated / whole, text),
                    lambda metrics: f'losses {metrics["loss/action"]:.4f} '
                    f'{metrics["loss/prediction"]:.3f}',
                    unjudged=settings.rounds / 2,
                )  # fmt: skip
        if not tuned.rounds:
            return Trained(training.averaged.result(), training.history)
        averaged, origin = training.averaged, training.origin
        fine_tuning = FineTuning(
            settings, averaged.result(), averaged.best, folder, origin, training.history, device
        )
    finally:
        training.close()
    del training, averaged  # frees the chunks that it holds
    before = imitated / whole
    try:
        with Journal(log, settings.rounds + fine_tuning.done, origin) as journal:
            _rounds(
                fine_tuning, journal,
                lambda share, text: report(before + share * (1.0 - before), text),
                lambda metrics: f'fine-tuning, reward {metrics["reward"]:.2f}',
                first=settings.rounds,
            )  # fmt: skip
        return Trained(fine_tuning.result(), fine_tuning.history)
    finally:
        fine_tuning.close()


def _rounds(
    training: Imitation | FineTuning,
    journal: Journal,
    report: Report,
    text_of: Callable[[dict[str, float]], str],
    first: int = 0,
    unjudged: float = 0,
) -> None:
    """Run the remaining rounds of a training, logged from step ``first`` on.

    Args:
        training: the training.
        journal: log of losses and returns.
        report: called with progress after each round.
        text_of: formats a round's metrics.
        first: rounds before this training.
        unjudged: rounds before the first evaluation.
    """
    settings, returns = training.settings, ''
    while training.done < settings.rounds:
        metrics = training.advance()
        done = training.done
        journal.add(first + done, metrics)
        last = done == settings.rounds
        if last or (done > unjudged and done % settings.judge_every == 0):
            returns = _logged(training.judge(), journal, first + done)
        if last or done % settings.checkpoint_every == 0:
            training.save()
        report(done / settings.rounds, text_of(metrics) + returns)


def _logged(returns: dict[str, np.ndarray], journal: Journal, step: int) -> str:
    """Log the returns of an evaluation; returns them as text."""
    journal.add(step, {f'return/{k}': values.mean() for k, values in returns.items()})
    means = [f'{values.mean():.0f}' for values in returns.values()]
    return f', returns {" ".join(means)}'
