"""Training data: sequences of the samples that a student saw, cut where episodes end."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch

from liquid_control.models import PolicyModel
from liquid_control.training.cuda_graphs import Passes

_LARGEST_ERROR = 20.0
_LEAST_CHANGE = 0.1
"""Lower bound of persistence's mean squared error in a sequence, in units of the normal change."""


@dataclass(frozen=True)
class Chunk:
    """R sequences of up to T samples, one or more per world, as tensors.

    A chunk holds only samples that arrived, with the elapsed times that the student saw, so that
    stepping through them repeats what the student did. Padding has zero weight and does not affect
    the samples before it, so a cell may use its fastest sequence implementation.

    Attributes:
        observation: (R, T, n), including the previous action as sent.
        elapsed: (R, T, 1), in nominal periods.
        label: the teacher's action, (R, T, m).
        target: true sensed values one period after those that were read, (R, T, p).
        acted: weight of each action, (R, T, 1).
        foretold: weight of each prediction, (R, T, 1).
        state: the student's state before the first sample, (R, S).
        carried: whether the sequence begins with the chunk, from a carried state, (R,) bool.
        world: the world of each sequence, (R,) int.
    """

    observation: torch.Tensor
    elapsed: torch.Tensor
    label: torch.Tensor
    target: torch.Tensor
    acted: torch.Tensor
    foretold: torch.Tensor
    state: torch.Tensor
    carried: torch.Tensor
    world: torch.Tensor

    def of(self, worlds: np.ndarray) -> 'Chunk':
        """The sequences of some of the worlds."""
        rows = torch.isin(self.world, torch.from_numpy(worlds))
        return Chunk(*(values[rows] for values in self.tensors().values()))

    def tensors(self) -> dict[str, torch.Tensor]:
        return {field.name: getattr(self, field.name) for field in fields(self)}


def joined(chunks: Sequence[Chunk]) -> Chunk:
    """The sequences of several chunks, as one chunk."""
    return Chunk(*(torch.cat(columns) for columns in zip(
        *(chunk.tensors().values() for chunk in chunks), strict=True)))  # fmt: skip


def packed(
    series: dict[str, np.ndarray], seen: np.ndarray, ended: np.ndarray, start: torch.Tensor
) -> Chunk:
    """Pack all steps of a rollout into a chunk of the samples that arrived.

    Args:
        series: observation, elapsed, label, target, foretold, each (T, N, ·).
        seen: as for :func:`sequences`.
        ended: as for :func:`sequences`.
        start: as for :func:`sequences`.
    """
    tensors, world, carried = sequences(series, seen, ended, start)
    return Chunk(**tensors, carried=carried, world=world)


def sequences(
    series: dict[str, np.ndarray], seen: np.ndarray, ended: np.ndarray, start: torch.Tensor
) -> tuple[dict[str, torch.Tensor], torch.Tensor, torch.Tensor]:
    """Cut all steps of a rollout into R sequences of the samples that arrived.

    Args:
        series: name → (T, N, ·).
        seen: whether the sample of a step arrived, (T, N) bool.
        ended: whether the episode ended with a step, (T, N) bool.
        start: the student's states before the first step, (N, S).

    Returns:
        Name → (R, T, ·), with ``acted`` (R, T, 1), which is 1 where there is a sample, and
        ``state`` before each sequence (R, S); the world of each sequence (R,); and whether it
        begins with the rollout, from a carried state (R,).
    """
    length, count = seen.shape
    rows = []
    for world in range(count):
        last = np.flatnonzero(ended[:, world]) + 1
        for begin, end in zip([0, *last], [*last, length], strict=True):
            steps = begin + np.flatnonzero(seen[begin:end, world])
            if len(steps):
                rows.append((world, begin == 0, steps))
    out = {
        name: np.zeros((len(rows), length, values.shape[2]), dtype=np.float32)
        for name, values in series.items()
    }
    out['elapsed'][:] = 1.0
    out['acted'] = np.zeros((len(rows), length, 1), dtype=np.float32)
    for row, (world, _, steps) in enumerate(rows):
        out['acted'][row, : len(steps)] = 1.0
        for name, values in series.items():
            out[name][row, : len(steps)] = values[steps, world]
    worlds = torch.tensor([row[0] for row in rows], dtype=torch.int64)
    carried = torch.tensor([row[1] for row in rows], dtype=torch.bool)
    tensors = {name: torch.from_numpy(values) for name, values in out.items()}
    tensors['state'] = start[worlds] * carried[:, None]
    return tensors, worlds, carried


def filled(tensors: dict[str, torch.Tensor], rows: int) -> dict[str, torch.Tensor]:
    """Sequences, (R, ...) each, with padding in place of those that are missing to ``rows``."""
    missing = rows - len(tensors['elapsed'])
    if missing <= 0:
        return tensors
    return {
        name: torch.cat([values, values.new_full((missing, *values.shape[1:]), name == 'elapsed')])
        for name, values in tensors.items()
    }


def losses(
    model: PolicyModel, chunk: Chunk, burn_in: int, sequence: Passes | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean squared errors of actions, and of changes in units of the normal change.

    The first ``burn_in`` samples of a sequence that begins with the chunk have no weight, because
    its initial state is that of an earlier student.

    Args:
        sequence: computes the same as the model's own :meth:`sequence`, which is the default.
    """
    action, change = (sequence or model.sequence)(chunk.observation, chunk.elapsed, chunk.state)
    step = torch.arange(chunk.acted.shape[1], device=chunk.acted.device)[:, None]
    counts = (step >= burn_in) | ~chunk.carried[:, None, None]
    missed = missed_changes(model, change, chunk.observation, chunk.target)
    return (
        mean((action - chunk.label).square(), chunk.acted * counts),
        mean(missed, chunk.foretold * counts),
    )


def missed_changes(model: PolicyModel, change, observation, target) -> torch.Tensor:
    """Squared errors of predicted changes, in units of the normal change, (R, T, p)."""
    missed = change - (target - observation[..., : model.sensed]) / model.change
    return missed.clamp(-_LARGEST_ERROR, _LARGEST_ERROR).square()


def persistence(model: PolicyModel, observation, target, foretold) -> torch.Tensor:
    """Mean squared error of persistence in each sequence, (R, 1, 1), in units of the normal change.

    Errors relative to it weigh the same in all sequences: noisy ones, whose errors are thirty times
    as large, do not drown out the others.
    """
    still = missed_changes(model, torch.zeros_like(target), observation, target) * foretold
    count = target.shape[-1] * foretold.sum((1, 2), keepdim=True)
    usual = still.sum((1, 2), keepdim=True) / count.clamp(min=1.0)
    return usual.clamp(min=_LEAST_CHANGE)


def mean(errors: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Mean of errors (R, T, ·) weighted by (R, T, 1)."""
    return (errors * weight).sum() / (weight.sum() * errors.shape[-1]).clamp(min=1.0)
