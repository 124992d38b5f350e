"""What is learned from: sequences of the samples that a student saw, cut where episodes end."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch

from liquid_control.models import PolicyModel

_LARGEST_ERROR = 20.0


@dataclass(frozen=True)
class Chunk:
    """R sequences of up to T samples, one or more a walker, as tensors.

    Only samples that arrived are in it, with the elapsed time that the student had: stepping
    through them is what the student did. What stands beyond a sequence's end has weight zero, and
    no say in what comes before it, so that a cell may go through all rows in its fastest way.

    Attributes:
        observation: (R, T, n), with the previous action as it was sent.
        elapsed: (R, T, 1), in nominal periods.
        label: the teacher's action, (R, T, m).
        target: true sensed values one period after those that were read, (R, T, p).
        acted: weight of each action, (R, T, 1).
        foretold: weight of each prediction, (R, T, 1).
        state: the student's state before the first sample, (R, S).
        carried: whether an episode was under way before the first sample, (R,) bool.
        walker: (R,) int.
    """

    observation: torch.Tensor
    elapsed: torch.Tensor
    label: torch.Tensor
    target: torch.Tensor
    acted: torch.Tensor
    foretold: torch.Tensor
    state: torch.Tensor
    carried: torch.Tensor
    walker: torch.Tensor

    def of(self, walkers: np.ndarray) -> 'Chunk':
        """The sequences of some of the walkers."""
        rows = torch.isin(self.walker, torch.from_numpy(walkers))
        return Chunk(*(values[rows] for values in self.tensors().values()))

    def tensors(self) -> dict[str, torch.Tensor]:
        return {field.name: getattr(self, field.name) for field in fields(self)}


def joined(chunks: Sequence[Chunk]) -> Chunk:
    """All sequences of several chunks."""
    return Chunk(*(torch.cat(columns) for columns in zip(
        *(chunk.tensors().values() for chunk in chunks), strict=True)))  # fmt: skip


def packed(
    series: dict[str, np.ndarray], seen: np.ndarray, ended: np.ndarray, start: torch.Tensor
) -> Chunk:
    """From all steps of a rollout to the sequences of the samples that arrived.

    Args:
        series: observation, elapsed, label, target, foretold, each (T, N, ·).
        seen: whether the sample of a step arrived, (T, N) bool.
        ended: whether the episode ended with a step, (T, N) bool.
        start: the student's states before the first step, (N, S).
    """
    length, count = seen.shape
    rows = []
    for walker in range(count):
        last = np.flatnonzero(ended[:, walker]) + 1
        for begin, end in zip([0, *last], [*last, length], strict=True):
            places = begin + np.flatnonzero(seen[begin:end, walker])
            if len(places):
                rows.append((walker, begin == 0, places))
    walkers = np.array([row[0] for row in rows], dtype=np.int64)
    carried = torch.tensor([row[1] for row in rows], dtype=torch.bool)
    acted = np.zeros((len(rows), length, 1), dtype=np.float32)
    out = {
        name: np.zeros((len(rows), length, values.shape[2]), dtype=np.float32)
        for name, values in series.items()
    }
    out['elapsed'][:] = 1.0
    for row, (walker, _, places) in enumerate(rows):
        acted[row, : len(places)] = 1.0
        for name, values in series.items():
            out[name][row, : len(places)] = values[places, walker]
    state = start[walkers] * carried[:, None]
    tensors = {name: torch.from_numpy(values) for name, values in out.items()}
    return Chunk(
        **tensors,
        acted=torch.from_numpy(acted),
        state=state,
        carried=carried,
        walker=torch.from_numpy(walkers),
    )


def losses(model: PolicyModel, chunk: Chunk, burn_in: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean squared error of actions, and of changes in units of the normal one.

    The first ``burn_in`` samples of a sequence that began before the chunk have no weight: its
    state is that of an earlier student.
    """
    action, change = model.sequence(chunk.observation, chunk.elapsed, chunk.state)
    place = torch.arange(chunk.acted.shape[1])[:, None]
    counts = (place >= burn_in) | ~chunk.carried[:, None, None]
    sensed = chunk.observation[..., : model.sensed]
    missed = change - (chunk.target - sensed) / model.change
    missed = missed.clamp(-_LARGEST_ERROR, _LARGEST_ERROR)
    return (
        _mean((action - chunk.label).square(), chunk.acted * counts),
        _mean(missed.square(), chunk.foretold * counts),
    )


def _mean(errors: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    return (errors * weight).sum() / (weight.sum() * errors.shape[-1]).clamp(min=1.0)
