"""Experts on many walkers at once, from their bundles; some of them are teachers."""

from pathlib import Path

import numpy as np

from liquid_control.control.bundle import Bundle
from liquid_control.control.runtime import PolicyRunner
from liquid_control.sim.batch import BatchWalkers
from liquid_control.training.robot import check_teacher


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


class Teacher(Expert):
    """An expert that labels the states of Walker2d.

    Raises:
        BundleError: the file is not a valid bundle.
        ValueError: it is a predictor, reads anything but all 17 observations of Walker2d-v5, is
            for another robot, or has a memory.
    """

    def __init__(self, path: Path, count: int):
        bundle = Bundle.read(path)
        check_teacher(bundle, str(path))
        super().__init__(bundle, count)
        self.sha256 = bundle.sha256
