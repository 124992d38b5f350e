"""The value function of fine-tuning, and the advantages estimated with it."""

import numpy as np
import torch

from liquid_control.training import checkpoint
from liquid_control.training.optimizers import Optimizers
from liquid_control.training.student.exploration import Rollout


class Value(torch.nn.Module):
    """Estimates the discounted return from privileged information, (..., q) → (...).

    Args:
        size: q.
        scale: scale of returns, so that the network's output is about one.
    """

    mean: torch.Tensor
    square: torch.Tensor
    measured: torch.Tensor

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
    result, later = np.zeros_like(gain), np.zeros(gain.shape[1])
    for step in reversed(range(len(gain))):
        later = gain[step] + discount * trace * later * ~rollout.ended[step]
        result[step] = later
    return result
