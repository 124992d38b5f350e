"""Experts on many worlds at once, from their bundles."""

from pathlib import Path

import numpy as np

from liquid_control.control.bundle import Bundle
from liquid_control.control.runtime import PolicyRunner
from liquid_control.sim.batch import BatchWalkers


class Expert:
    """Gives an expert's action, clipped to [−1, 1], for the true state of every walker.

    Args:
        policy: a bundle that reads all observations of its environment, or its path.
        count: number of walkers.
    """

    def __init__(self, policy: Path | Bundle, count: int):
        self._runner = PolicyRunner(policy)
        self._runner.reset(count)

    def __call__(self, walkers: BatchWalkers) -> np.ndarray:
        """Actions (count, m) float32."""
        action, _ = self._runner.step(walkers.sensed().astype(np.float32), 1.0)
        return np.clip(action, -1.0, 1.0)
