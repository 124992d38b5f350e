"""How an episode starts: the initial state of a simulated robot."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np


class Start(Protocol):
    """Draws the initial state of an episode."""

    def draw(self, qpos0: np.ndarray, nv: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Return qpos (nq,) and qvel (nv,), the same for the same seed.

        Args:
            qpos0: the model's reference configuration, (nq,).
            nv: number of velocities.
            seed: seed of the episode.
        """
        ...


@dataclass(frozen=True)
class NoisyStart:
    """The model's reference configuration at rest, with noise as in Gymnasium's environments."""

    noise: float = 5e-3
    """Largest deviation of a position, and of a velocity."""
    normal_velocity: bool = False
    """Draw velocities from a normal distribution, of this standard deviation, instead."""

    def draw(self, qpos0: np.ndarray, nv: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the initial qpos and qvel that Gymnasium's ``reset(seed=seed)`` gives."""
        rng, noise = np.random.default_rng(seed), self.noise
        qpos = qpos0 + rng.uniform(-noise, noise, size=qpos0.size)
        if self.normal_velocity:
            return qpos, noise * rng.standard_normal(nv)
        return qpos, rng.uniform(-noise, noise, size=nv)
