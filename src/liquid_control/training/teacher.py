"""The expert as a teacher, which labels many walkers at once from its bundle."""

from pathlib import Path

import numpy as np

from liquid_control.control.bundle import Bundle
from liquid_control.control.runtime import PolicyRunner
from liquid_control.sim.batch import BatchWalkers


class Teacher:
    """Gives the expert's action, clipped to [−1, 1], for the true state of every walker.

    Raises:
        BundleError: the file is not a valid bundle.
        ValueError: its policy does not read all observations of its environment.
    """

    def __init__(self, path: Path | Bundle, count: int):
        self._runner = PolicyRunner(path)
        self.sha256 = self._runner.bundle.sha256
        terms = [term.name for term in self._runner.contract.terms]
        if terms != ['joint_position', 'joint_velocity']:
            raise ValueError(
                f'{path}: a teacher must read joint_position and joint_velocity, found {terms}'
            )
        self._runner.reset(count)

    def __call__(self, walkers: BatchWalkers) -> np.ndarray:
        """Actions (count, m) float32."""
        action, _ = self._runner.step(walkers.sensed().astype(np.float32), 1.0)
        return np.clip(action, -1.0, 1.0)
