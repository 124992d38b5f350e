"""The interface of every recurrent cell: one step, and the same step over a sequence."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
import torch

Elapsed: TypeAlias = torch.Tensor | np.ndarray | Sequence | float
"""Elapsed times: a tensor, an array, a list, or one number for all samples."""


class Counts(NamedTuple):
    """What a cell costs.

    Attributes:
        parameters: trainable numbers; what a wiring masks is not counted.
        state_size: numbers carried from one step to the next.
        synapses: connections from an input or a state to a unit.
        operations: multiply-adds and non-linear function evaluations in one step of one sequence.
    """

    parameters: int
    state_size: int
    synapses: int
    operations: int


class Cell(torch.nn.Module):
    """Maps (input, state, elapsed time) to (output, new state).

    A subclass sets ``input_size``, ``output_size`` and ``state_size`` and defines :meth:`advance`
    and :meth:`counts`. It may compute what depends on the input alone in :meth:`sense`, which sees
    a whole sequence at once, and override :meth:`unroll` if the recurrence can be computed faster
    than step by step. Elapsed time is the time since the previous sample in nominal periods,
    finite and not negative. For the first sample of a sequence give 1: at 0, most liquid cells
    leave the state as it is, so that they learn nothing from it.

    Attributes:
        uses_elapsed: whether elapsed time changes what the cell computes; where it does not, it is
            checked all the same, and must be given as an input to matter.
    """

    input_size: int
    output_size: int
    state_size: int
    uses_elapsed: bool = True

    def extra_repr(self) -> str:
        return '' if self.uses_elapsed else 'elapsed time is ignored; give it as an input'

    def initial_state(self, batch: int) -> torch.Tensor:
        """Zero state (B, S), with the parameters' dtype and device."""
        like = next(self.parameters())
        return torch.zeros(batch, self.state_size, dtype=like.dtype, device=like.device)

    def sense(self, x: torch.Tensor) -> torch.Tensor:
        """What depends on the input alone, (..., I) → (..., K); by default the input itself."""
        return x

    def advance(
        self, sensed: torch.Tensor, state: torch.Tensor, elapsed: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """One step from the output of :meth:`sense`: (B, K), (B, S), (B, 1) → (B, O), (B, S)."""
        raise NotImplementedError

    def synapses(self) -> int:
        """Connections from an input or a state to a unit."""
        raise NotImplementedError

    def operations(self) -> int:
        """Multiply-adds and non-linear function evaluations in one step."""
        raise NotImplementedError

    def counts(self) -> Counts:
        """Parameters, state size, synapses and operations per step."""
        parameters = sum(p.numel() for p in self.parameters())
        return Counts(parameters, self.state_size, self.synapses(), self.operations())

    def step(
        self, x: torch.Tensor, state: torch.Tensor, elapsed: Elapsed
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """One step.

        Args:
            x: inputs (B, I).
            state: (B, S).
            elapsed: time since the previous sample, (B, 1), or one number for all rows.

        Returns:
            Output (B, O) and the new state (B, S).

        Raises:
            ValueError: elapsed has another shape, is negative or not finite, or the batch sizes
                differ, which would mix up the rows of the batch.
        """
        elapsed = _tensor(elapsed, x)
        if elapsed.ndim == 0:
            elapsed = elapsed.expand(len(x), 1)
        if elapsed.ndim != 2 or elapsed.shape[1] != 1:
            raise ValueError(f'elapsed: expected (B, 1), found {tuple(elapsed.shape)}')
        if not x.shape[0] == state.shape[0] == elapsed.shape[0]:
            sizes = ', '.join(str(len(tensor)) for tensor in (x, state, elapsed))
            raise ValueError(f'x, state, elapsed: expected one batch size, found {sizes}')
        _require_times(elapsed)
        return self.once(x, state, _suitable(elapsed, x.dtype))

    def once(
        self, x: torch.Tensor, state: torch.Tensor, elapsed: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """What :meth:`step` computes; override if a single step has a cheaper form."""
        return self.advance(self.sense(x), state, elapsed)

    def unroll(
        self,
        sensed: torch.Tensor,
        elapsed: torch.Tensor,
        state: torch.Tensor,
        counts: torch.Tensor | None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """All steps of a sequence.

        Args:
            sensed: (B, T, K).
            elapsed: (B, T, 1).
            state: (B, S).
            counts: which samples count, (B, T, 1) bool; None if all do.

        Returns:
            Outputs (B, T, O) and the last state (B, S).
        """
        return stepwise(self.advance, sensed, elapsed, state, counts)

    def forward(
        self,
        x: torch.Tensor,
        elapsed: Elapsed | None = None,
        state: torch.Tensor | None = None,
        lengths: torch.Tensor | np.ndarray | Sequence | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """A whole sequence.

        Args:
            x: inputs (B, T, I), at least one sample.
            elapsed: time since the previous sample, (B, T) or (B, T, 1), or one number for all;
                by default 1.
            state: (B, S); by default zero.
            lengths: number of valid samples in each sequence, (B,); beyond it the state is frozen
                and outputs are zero.

        Returns:
            Outputs (B, T, O) and the last state (B, S).

        Raises:
            ValueError: a shape that does not fit, or an elapsed time that counts and is negative
                or not finite.
        """
        if x.ndim != 3 or x.shape[1] == 0 or x.shape[2] != self.input_size:
            raise ValueError(f'x: expected (B, T, {self.input_size}), found {tuple(x.shape)}')
        batch, length, _ = x.shape
        elapsed = _suitable(_tensor(1.0 if elapsed is None else elapsed, x), x.dtype)
        if elapsed.ndim == 0:
            elapsed = elapsed.expand(batch, length)
        if elapsed.shape[:2] != (batch, length) or elapsed.numel() != batch * length:
            raise ValueError(
                f'elapsed: expected ({batch}, {length}) or ({batch}, {length}, 1), '
                f'found {tuple(elapsed.shape)}'
            )
        state = self.initial_state(batch) if state is None else state
        if state.shape != (batch, self.state_size):
            raise ValueError(
                f'state: expected ({batch}, {self.state_size}), found {tuple(state.shape)}'
            )
        counts = None
        if lengths is not None:
            lengths = torch.as_tensor(lengths, device=x.device)
            if lengths.shape != (batch,):
                raise ValueError(f'lengths: expected ({batch},), found {tuple(lengths.shape)}')
            counts = (torch.arange(length, device=x.device) < lengths[:, None])[..., None]
            # Padding, even a NaN, must not reach a gradient.
            x = torch.where(counts, x, torch.zeros_like(x))
            elapsed = torch.where(counts, elapsed.reshape(batch, length, 1), 1.0)
        _require_times(elapsed)
        return self.unroll(self.sense(x), elapsed.reshape(batch, length, 1), state, counts)


def _tensor(elapsed: Elapsed, x: torch.Tensor) -> torch.Tensor:
    """Elapsed times as a tensor where x is."""
    if isinstance(elapsed, torch.Tensor):
        return elapsed
    try:
        return torch.as_tensor(elapsed, device=x.device)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(
            f'elapsed: expected numbers, found {type(elapsed).__name__}: {error}'
        ) from None


def _require_times(elapsed: torch.Tensor) -> None:
    """Refuse elapsed times that are negative or not finite, where values can be looked at."""
    if torch.compiler.is_compiling() or torch.onnx.is_in_onnx_export() or elapsed.is_meta:
        return
    if elapsed.is_cuda and torch.cuda.is_current_stream_capturing():
        return
    if not elapsed.numel():
        return
    low, high = (bound.item() for bound in torch.aminmax(elapsed))
    if not (low >= 0.0 and high < math.inf):
        raise ValueError(
            f'elapsed: expected finite times of 0 or more, found values from {low:g} to {high:g}'
        )


def _suitable(elapsed: torch.Tensor, kind: torch.dtype) -> torch.Tensor:
    """Elapsed times in the precision of the inputs, unless theirs is single or less already."""
    single = elapsed.dtype in (torch.float32, torch.bfloat16, torch.float16)
    return elapsed if single and kind != torch.float64 else elapsed.to(kind)


def stepwise(
    advance: Callable[..., tuple[torch.Tensor, torch.Tensor]],
    sensed: torch.Tensor,
    elapsed: torch.Tensor,
    state: torch.Tensor,
    counts: torch.Tensor | None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """All steps of a sequence, one after another; arguments as for :meth:`Cell.unroll`."""
    outputs = []
    for index, (now, since) in enumerate(zip(sensed.unbind(1), elapsed.unbind(1), strict=True)):
        output, after = advance(now, state, since)
        if counts is not None:
            output = torch.where(counts[:, index], output, torch.zeros_like(output))
            after = torch.where(counts[:, index], after, state)
        state = after
        outputs.append(output)
    return torch.stack(outputs, dim=1), state
