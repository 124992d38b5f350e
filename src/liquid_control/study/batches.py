"""Batches of sequences as tensors, in an order that follows from the seed."""

import math
from typing import NamedTuple, Protocol

import numpy as np
import torch


class Batch(NamedTuple):
    """B sequences on a device, with fields as in :class:`liquid_control.study.Sequences`.

    ``present`` is None if nothing is padding, ``observed`` if all inputs were measured, and
    ``known`` if all targets that are present are known; otherwise it leaves out the padding too.
    """

    x: torch.Tensor
    elapsed: torch.Tensor
    target: torch.Tensor
    present: torch.Tensor | None = None
    observed: torch.Tensor | None = None
    known: torch.Tensor | None = None

    @property
    def inputs(self) -> tuple[torch.Tensor, ...]:
        """What a model is called with."""
        if self.observed is not None:
            present = self.present
            if present is None:
                present = torch.ones(self.x.shape[:2], dtype=torch.bool, device=self.x.device)
            return self.x, self.elapsed, present, self.observed
        if self.present is not None:
            return self.x, self.elapsed, self.present
        return self.x, self.elapsed

    def errors(self, output: torch.Tensor) -> torch.Tensor:
        """Output less target of all values that are present and known, in any shape."""
        errors = output - self.target
        mask = self.present if self.known is None else self.known
        return errors if mask is None else errors[mask]


class Series(Protocol):
    """What batches are taken from; ``Sequences`` and the windows of Walker2d kinematics are."""

    @property
    def x(self) -> np.ndarray: ...
    @property
    def elapsed(self) -> np.ndarray: ...
    @property
    def target(self) -> np.ndarray: ...
    @property
    def present(self) -> np.ndarray: ...
    @property
    def observed(self) -> np.ndarray | None: ...
    @property
    def known(self) -> np.ndarray | None: ...
    def __len__(self) -> int: ...
    def describe(self, index: int, /) -> str:
        """Where a sequence comes from, for messages."""
        ...


_SORTED = 10
"""Batches among whose sequences those of about as many steps go together."""


class Shuffled:
    """Batches of fixed sequences, in a new order each round; one of a round may be smaller.

    Args:
        windows: N sequences.
        batch: sequences per batch.
        seed: seed of the orders.
        device: where to put the batches.
        by_length: whether sequences of about as many steps go together, to save padding.
    """

    def __init__(
        self,
        windows: Series,
        batch: int,
        seed: int,
        device: torch.device,
        by_length: bool = False,
    ):
        self.windows, self.batch, self.seed, self.device = windows, batch, seed, device
        self.round = math.ceil(len(windows) / batch)
        self._lengths = windows.present.sum(axis=1) if by_length else None

    def __call__(self, update: int) -> Batch:
        """The batch of gradient step ``update``."""
        return tensors(self.windows, self.rows(update), self.device)

    def rows(self, update: int) -> np.ndarray:
        """Indices of the sequences in gradient step ``update``."""
        number, batch = divmod(update, self.round)
        rng = np.random.default_rng([self.seed, number])
        order = rng.permutation(len(self.windows))
        if self._lengths is not None:
            for start in range(0, len(order), _SORTED * self.batch):
                part = order[start : start + _SORTED * self.batch]
                part[:] = part[np.argsort(self._lengths[part], kind='stable')]
            batch = rng.permutation(self.round)[batch]
        return order[batch * self.batch : (batch + 1) * self.batch]


def tensors(windows: Series, rows: np.ndarray | slice, device: torch.device) -> Batch:
    """Some of the sequences as tensors on a device, cut to the longest of them."""
    present = windows.present[rows]
    steps = int(present.sum(axis=1).max())
    padded = not present[:, :steps].all()

    def moved(values: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(values)).to(device)

    target, known = windows.target[rows], None
    if windows.known is not None:
        known = moved((windows.known[rows] & present[..., None])[:, :steps])
    return Batch(
        moved(windows.x[rows][:, :steps]),
        moved(windows.elapsed[rows][:, :steps]),
        moved(target[:, :steps] if target.ndim == 3 else target),
        moved(present[:, :steps]) if padded else None,
        None if windows.observed is None else moved(windows.observed[rows][:, :steps]),
        known,
    )
