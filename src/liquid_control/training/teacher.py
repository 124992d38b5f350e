"""The expert as a teacher, which labels many walkers at once from its bundle."""

from pathlib import Path

import numpy as np

from liquid_control.control.runtime import PolicyRunner
from liquid_control.sim.batch import BatchWalkers
from liquid_control.training.robot import check_teacher


class Teacher:
    """Gives the expert's action, clipped to [−1, 1], for the true state of every walker.

    Raises:
        BundleError: the file is not a valid bundle.
        ValueError: its policy reads anything but all 17 observations of Walker2d-v5, is for
            another robot, or has a memory.
    """

    def __init__(self, path: Path, count: int):
        self._runner = PolicyRunner(path)
        self.sha256 = self._runner.bundle.sha256
        check_teacher(self._runner.contract, self._runner.bundle.counts['state_size'], str(path))
        self._runner.reset(count)

    def __call__(self, walkers: BatchWalkers) -> np.ndarray:
        """Actions (count, 6) float32."""
        action, _ = self._runner.step(walkers.sensed().astype(np.float32), 1.0)
        return np.clip(action, -1.0, 1.0)
