"""Rollouts for reinforcement: a student whose actions are drawn around those that it asks for."""

from dataclasses import dataclass

import numpy as np
import torch

from liquid_control.models import PolicyModel
from liquid_control.sim import walker2d
from liquid_control.training.conditions import Conditions
from liquid_control.training.rollouts import Walk


@dataclass(frozen=True)
class Rollout:
    """T steps of N walkers.

    Attributes:
        series: of every sample, name → (T, N, ·): ``observation``, ``elapsed``, ``action`` as it
            was drawn, its ``likelihood`` (logarithm), ``target`` and ``foretold`` as in
            :class:`chunks.Chunk`.
        seen: whether the sample arrived, and with it the action, (T, N) bool.
        reward: (T, N).
        fallen: (T, N) bool.
        ended: whether the episode ended, by a fall or by its length, (T, N) bool.
        before: what is privileged before a step, (T, N, q); see :meth:`Explorer.privileged`.
        after: the same after it, before the next episode begins.
        start: the student's states before the first step, (N, S).
    """

    series: dict[str, np.ndarray]
    seen: np.ndarray
    reward: np.ndarray
    fallen: np.ndarray
    ended: np.ndarray
    before: np.ndarray
    after: np.ndarray
    start: torch.Tensor


class Explorer(Walk):
    """Lets a student walk under all its faults, each action drawn from a normal distribution."""

    def __init__(self, model: PolicyModel, count: int, seed: int, conditions: Conditions):
        super().__init__(model, count, seed, conditions)
        # Episodes that begin together end together, and none would begin in between.
        self._walkers.steps[:] = self._rng.integers(walker2d.EPISODE_STEPS, size=count)
        for index in range(count):
            self._begin(index, 1.0)

    def privileged(self) -> np.ndarray:
        """What a simulation knows and a robot does not, (N, q): true positions and velocities, the
        last command, and which faults a walker has."""
        ride = self._ride
        parts = (self._walkers.sensed(), ride.sent, ride.sensors.has)
        return np.concatenate(parts, axis=1).astype(np.float32)

    def collect(self, steps: int, spread: np.ndarray) -> Rollout:
        """The next ``steps`` steps of every walker.

        Args:
            spread: standard deviation of each action, (m,).
        """
        walkers, ride, rng = self._walkers, self._ride, self._rng
        start, rows = ride.state.clone(), []
        scale = np.log(spread).sum()
        for _ in range(steps):
            before = self.privileged()
            observation, elapsed, seen, action = ride.decide(walkers.qpos[:, 1:], rng)
            drawn = rng.standard_normal(action.shape).astype(np.float32)
            action = action + spread * drawn
            likelihood = -0.5 * np.square(drawn).sum(1, keepdims=True) - scale
            reward, fallen, ended, target, known = self._advance(action, seen)
            rows.append((observation, elapsed, action, likelihood, target, known[:, None],
                         seen[:, 0], reward, fallen, ended, before, self.privileged()))  # fmt: skip
            for index in np.flatnonzero(ended):
                walkers.reset(index)
                self._begin(index, 1.0)
        columns = [np.stack(column) for column in zip(*rows, strict=True)]
        names = ('observation', 'elapsed', 'action', 'likelihood', 'target', 'foretold')
        return Rollout(dict(zip(names, columns[:6], strict=True)), *columns[6:], start)
