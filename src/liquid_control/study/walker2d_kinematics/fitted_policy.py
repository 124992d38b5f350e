"""A policy fitted to the actions behind recorded frames of Walker2d."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from liquid_control.study.walker2d_kinematics import arrays
from liquid_control.study.walker2d_kinematics.inverse import ACTIONS, observed

_WIDTH = 192
"""Units of each layer."""


class FittedPolicy:
    """Maps frames (N, 17) to actions (N, 6).

    Args:
        frames: frames with unclipped velocities to fit it to, (N, 17).
        seed: seed of the initial weights and of the batches.
    """

    def __init__(self, frames: np.ndarray, seed: int):
        torch.manual_seed(seed)
        self._seed, self._seen = seed, observed(frames)
        self._mean, self._std = self._seen.mean(0), self._seen.std(0)
        self._net = torch.nn.Sequential(
            torch.nn.Linear(17, _WIDTH), torch.nn.Tanh(), torch.nn.Linear(_WIDTH, _WIDTH),
            torch.nn.Tanh(), torch.nn.Linear(_WIDTH, ACTIONS),
        )  # fmt: skip

    @torch.no_grad()
    def __call__(self, frames: np.ndarray) -> np.ndarray:
        return self._net(self._normal(observed(frames))).clamp(-1.0, 1.0).double().numpy()

    def fit(
        self,
        actions: np.ndarray,
        steps: int,
        path: Path,
        origin: dict[str, Any],
        report: Callable[[float], None],
    ) -> float:
        """Fit it to ``actions`` (N, 6), robustly against the random ones.

        Args:
            actions: the action at each frame.
            steps: gradient steps.
            path: where the weights are kept; if they are there already, they are loaded.
            origin: what must be the same for that, plain JSON.
            report: called with the share that is done.

        Returns:
            The seconds that it took.

        Raises:
            ValueError: ``path`` is broken or has another origin.
        """
        kept = arrays.read(path, origin)
        if kept is not None:
            seconds = float(kept.pop('seconds'))
            self._net.load_state_dict({n: torch.from_numpy(v) for n, v in kept.items()})
            return seconds
        started, rng = time.perf_counter(), np.random.default_rng(self._seed)
        x, u = self._normal(self._seen), torch.from_numpy(actions).float()
        optimizer = torch.optim.AdamW(self._net.parameters(), weight_decay=0.03)
        for step in range(steps):
            for group in optimizer.param_groups:
                group['lr'] = 2e-3 * min(1.0, (step + 1) / 100) * (1.0 - step / steps)
            rows = torch.from_numpy(rng.integers(len(x), size=512))
            mean = self._net(x[rows])
            limited = mean.clamp(-1.0, 1.0)
            limited = limited + 0.01 * (mean - limited)  # keeps a gradient at the limits
            loss = torch.nn.functional.huber_loss(limited, u[rows], delta=0.15)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            report((step + 1) / steps)
        seconds = time.perf_counter() - started
        weights = {name: value.numpy() for name, value in self._net.state_dict().items()}
        arrays.write(path, {**weights, 'seconds': np.array(seconds)}, origin)
        return seconds

    def _normal(self, seen: np.ndarray) -> torch.Tensor:
        return torch.from_numpy((seen - self._mean) / self._std).float()
