"""What every recurrent cell is: one step, and the same step over a sequence."""

import torch


class Cell(torch.nn.Module):
    """Maps (input, state, elapsed time) to (output, new state).

    A subclass sets ``input_size``, ``output_size`` and ``state_size`` and defines :meth:`step`.
    Elapsed time is measured since the previous sample, in nominal periods.
    """

    input_size: int
    output_size: int
    state_size: int

    def initial_state(self, batch: int) -> torch.Tensor:
        """Zero state (B, S) where the parameters are."""
        like = next(self.parameters())
        return torch.zeros(batch, self.state_size, dtype=like.dtype, device=like.device)

    def step(
        self, x: torch.Tensor, state: torch.Tensor, elapsed: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """One step: x (B, I), state (B, S), elapsed (B, 1) → output (B, O), new state (B, S)."""
        raise TypeError(f'{type(self).__name__} defines no step')

    def forward(
        self,
        x: torch.Tensor,
        elapsed: torch.Tensor | None = None,
        state: torch.Tensor | None = None,
        lengths: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """A whole sequence.

        Args:
            x: inputs (B, T, I).
            elapsed: time since the previous sample, (B, T) or (B, T, 1); by default 1.
            state: (B, S); by default zero.
            lengths: samples of each sequence that count, (B,); beyond them the state stands
                still and outputs are zero.

        Returns:
            Outputs (B, T, O) and the last state (B, S).

        Raises:
            ValueError: a shape that does not fit.
        """
        if x.ndim != 3 or x.shape[2] != self.input_size:
            raise ValueError(f'x: expected (B, T, {self.input_size}), found {tuple(x.shape)}')
        batch, length, _ = x.shape
        elapsed = x.new_ones(batch, length) if elapsed is None else elapsed
        if elapsed.shape[:2] != (batch, length) or elapsed.numel() != batch * length:
            raise ValueError(
                f'elapsed: expected ({batch}, {length}) or ({batch}, {length}, 1), '
                f'found {tuple(elapsed.shape)}'
            )
        elapsed = elapsed.reshape(batch, length, 1)
        state = self.initial_state(batch) if state is None else state
        outputs = []
        for place in range(length):
            output, after = self.step(x[:, place], state, elapsed[:, place])
            if lengths is not None:
                counts = (place < lengths)[:, None]
                output = torch.where(counts, output, torch.zeros_like(output))
                after = torch.where(counts, after, state)
            state = after
            outputs.append(output)
        return torch.stack(outputs, dim=1), state
