"""Rollouts of many worlds driven by a student or a teacher, under the faults of a robot."""

import json
from typing import Any

import numpy as np
import torch

from liquid_control.control.contract import Contract
from liquid_control.faults import BatchFaults
from liquid_control.models import Normalizer, PolicyModel
from liquid_control.sim import robot_of
from liquid_control.sim.batch import WorldBatch
from liquid_control.sim.reader import StateReader
from liquid_control.training.student.batch import StudentBatch
from liquid_control.training.student.chunks import Chunk, packed
from liquid_control.training.student.conditions import Conditions
from liquid_control.training.teacher import Teacher

_MEASURED = 600
"""Steps from which scales are taken."""


def measure_normalizer(teacher: Teacher, contract: Contract, count: int, seed: int) -> Normalizer:
    """Scale of a contract's sensed values and of their change, as the teacher drives with noise."""
    worlds, rng = WorldBatch(teacher.robot, count, seed), np.random.default_rng(seed)
    read = StateReader(worlds.model, contract)
    lower, upper = np.array(contract.action.lower), np.array(contract.action.upper)
    half = 0.5 * (upper - lower)
    sensed, changes = [], []
    for step in range(_MEASURED):
        before = read(worlds.qpos, worlds.qvel)
        noise = 0.1 * rng.standard_normal((count, len(half)))
        _, terminated = worlds.step(np.clip(teacher(worlds) + half * noise, lower, upper))
        if step >= _MEASURED // 6:
            sensed.append(before)
            changes.append((read(worlds.qpos, worlds.qvel) - before)[~terminated])
        for index in np.flatnonzero(terminated):
            worlds.reset(index)
    worlds.close()
    sensed, changes = np.concatenate(sensed), np.concatenate(changes)
    return Normalizer(sensed.mean(axis=0), sensed.std(axis=0), changes.std(axis=0))


class StudentRollouts:
    """Worlds under a student, continuing episode after episode, with its memory carried along.

    At the start of each episode a world draws its faults.

    Args:
        model: the student; its weights may change.
        count: number of worlds, N.
        seed: seed of starts, faults and noise.
        conditions: conditions to draw from.
    """

    def __init__(self, model: PolicyModel, count: int, seed: int, conditions: Conditions):
        self._conditions = conditions
        self._robot = robot_of(model.contract)
        self._worlds = WorldBatch(self._robot, count, seed, model.contract)
        self._reader = StateReader(self._worlds.model, model.contract)
        self._rng = np.random.default_rng(seed)
        faults = conditions.faults()
        nothing = np.zeros((count, len(faults)), dtype=bool)
        self._students = StudentBatch(model, BatchFaults.of(faults, nothing, model.contract))

    def _sensed(self) -> np.ndarray:
        """The true values of what the student senses, (N, p)."""
        return self._reader(self._worlds.qpos, self._worlds.qvel)

    def _begin(self, index: int, level: float) -> None:
        """Begin an episode of one world."""
        self._students.restart(index, self._conditions.draw(self._rng, level))

    def _advance(self, action: np.ndarray, seen: np.ndarray) -> tuple[np.ndarray, ...]:
        """Advance every world by one period.

        Args:
            action: requested action, (N, m).
            seen: whether a sample arrived, (N, 1).

        Returns:
            Reward (N,), whether the world fell (N,), whether the episode ended (N,), true sensed
            values one period after those that were read (N, p), and whether these count (N,).
        """
        worlds, students = self._worlds, self._students
        lengths = worlds.whole(students.faults.periods(worlds.steps, self._rng))
        worlds.models = students.faults.models(worlds.model, worlds.steps, self._rng)
        acting = students.faults.act(students.send(action, seen, lengths), self._rng)
        reward, fallen = worlds.step(acting, lengths)
        ended = fallen | (worlds.steps >= self._robot.episode_steps)
        target, known = students.faults.foretold(self._sensed(), (lengths == 1.0) & ~ended)
        return reward, fallen, ended, target, known

    def _arrays(self) -> dict[str, np.ndarray]:
        """All mutable state except the generator."""
        students, worlds = self._students, self._worlds
        return {
            'physics': worlds.state,
            'steps': worlds.steps,
            'episodes': worlds.episodes,
            'memory': students.state.numpy(),
            'sent': students.sent,
            'elapsed': students.elapsed,
            'fresh': students.fresh,
            'off': students.off,
            **{f'faults.{name}': array for name, array in students.faults.arrays.items()},
        }

    def snapshot(self) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
        """The state of the worlds, as tensors and plain JSON."""
        tensors = {name: torch.from_numpy(a.copy()) for name, a in self._arrays().items()}
        about = {'generator': self._rng.bit_generator.state}
        return tensors, json.loads(json.dumps(about))

    def restore(self, tensors: dict[str, torch.Tensor], about: dict[str, Any]) -> None:
        """Restore a :meth:`snapshot`."""
        for name, array in self._arrays().items():
            array[...] = tensors[name].numpy()
        self._rng.bit_generator.state = about['generator']

    def close(self) -> None:
        self._worlds.close()


class Collector(StudentRollouts):
    """Collects data for imitation, chunk by chunk.

    At the start of an episode a world is given to the teacher with probability ``beta``, else to
    the student (DAgger). Whoever drives, the teacher labels every step with its action for the
    true state.
    """

    def __init__(
        self, model: PolicyModel, teacher: Teacher, count: int, seed: int, conditions: Conditions
    ):
        super().__init__(model, count, seed, conditions)
        self._teacher = teacher
        self._taught = np.ones(count, dtype=bool)
        self._disturbed = np.zeros(count, dtype=bool)
        for index in range(count):
            self._draw(index, 1.0, 0.0)

    def collect(self, steps: int, beta: float, level: float = 1.0) -> Chunk:
        """The next ``steps`` steps of every world.

        Args:
            beta: probability that the teacher drives an episode that begins.
            level: scale of the fault probabilities, see :meth:`Conditions.draw`.
        """
        worlds, students, rng = self._worlds, self._students, self._rng
        start, rows = students.state.clone(), []
        for _ in range(steps):
            label = self._teacher(worlds)
            observation, elapsed, seen, action = students.decide(self._sensed(), rng)
            noise = self._conditions.action_noise * rng.standard_normal(action.shape)
            driven = np.where(self._taught[:, None], label, students.limited(action))
            driven = driven + noise * self._disturbed[:, None]
            _, _, ended, target, known = self._advance(driven, seen)
            rows.append((observation, elapsed, label, target, known[:, None], seen[:, 0], ended))
            for index in np.flatnonzero(ended):
                worlds.reset(index)
                self._draw(index, beta, level)
        *columns, seen, ended = (np.stack(column) for column in zip(*rows, strict=True))
        names = ('observation', 'elapsed', 'label', 'target', 'foretold')
        return packed(dict(zip(names, columns, strict=True)), seen, ended, start)

    def _draw(self, index: int, beta: float, level: float) -> None:
        self._taught[index] = self._rng.random() < beta
        self._disturbed[index] = self._rng.random() < self._conditions.disturbed
        self._begin(index, level)

    def _arrays(self) -> dict[str, np.ndarray]:
        return {**super()._arrays(), 'taught': self._taught, 'disturbed': self._disturbed}
