"""Rollouts for reinforcement learning: a student's actions are sampled around its outputs."""

from dataclasses import dataclass

import numpy as np
import torch

from liquid_control.models import PolicyModel
from liquid_control.sim.reader import StateReader
from liquid_control.training.student.conditions import Conditions
from liquid_control.training.student.rollouts import StudentRollouts


@dataclass(frozen=True)
class Rollout:
    """T steps of N worlds.

    Attributes:
        series: name → (T, N, ·) for every step: ``observation``, ``elapsed``, ``action`` as
            sampled, its log ``likelihood``, and ``target`` and ``foretold`` as in
            :class:`chunks.Chunk`.
        seen: whether the sample arrived, and with it the action was sent, (T, N) bool.
        reward: (T, N).
        fallen: (T, N) bool.
        ended: whether the episode ended, by a fall or at its maximum length, (T, N) bool.
        before: privileged information before each step, (T, N, q); see
            :meth:`Explorer.privileged`.
        after: the same after each step, before the next episode begins.
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


class Explorer(StudentRollouts):
    """Runs a student under all its faults, with actions sampled from a normal distribution."""

    def __init__(self, model: PolicyModel, count: int, seed: int, conditions: Conditions):
        super().__init__(model, count, seed, conditions)
        own = self._robot.contract().asking(*self._robot.teacher_terms)
        self._true = StateReader(self._worlds.model, own)
        # Stagger the episodes: otherwise they would all end, and new ones begin, at the same time.
        self._worlds.steps[:] = self._rng.integers(self._robot.episode_steps, size=count)
        for index in range(count):
            self._begin(index, 1.0)

    def privileged(self) -> np.ndarray:
        """What the simulation knows and a robot does not, (N, q): true positions and velocities,
        the last command, how far off the last reading is, how strongly each fault acts at present,
        and which faults each world has."""
        students, faults = self._students, self._students.faults
        true = self._true(self._worlds.qpos, self._worlds.qvel)
        parts = (true, students.sent, faults.error, faults.acting, faults.has)
        return np.concatenate(parts, axis=1).astype(np.float32)

    def collect(self, steps: int, spread: np.ndarray) -> Rollout:
        """The next ``steps`` steps of every world.

        Args:
            spread: standard deviation of each action, (m,).
        """
        worlds, students, rng = self._worlds, self._students, self._rng
        start, rows = students.state.clone(), []
        scale = np.log(spread).sum()
        for _ in range(steps):
            before = self.privileged()
            observation, elapsed, seen, action = students.decide(self._sensed(), rng)
            drawn = rng.standard_normal(action.shape).astype(np.float32)
            action = action + spread * drawn
            likelihood = -0.5 * np.square(drawn).sum(1, keepdims=True) - scale
            reward, fallen, ended, target, known = self._advance(action, seen)
            rows.append((observation, elapsed, action, likelihood, target, known[:, None],
                         seen[:, 0], reward, fallen, ended, before, self.privileged()))  # fmt: skip
            for index in np.flatnonzero(ended):
                worlds.reset(index)
                self._begin(index, 1.0)
        columns = [np.stack(column) for column in zip(*rows, strict=True)]
        names = ('observation', 'elapsed', 'action', 'likelihood', 'target', 'foretold')
        return Rollout(dict(zip(names, columns[:6], strict=True)), *columns[6:], start)
