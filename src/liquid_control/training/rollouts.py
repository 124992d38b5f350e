"""Rollouts of many walkers under a student, a teacher and the faults that a robot has."""

from dataclasses import dataclass

import numpy as np
import torch

from liquid_control.faults import Dropped, Gaussian
from liquid_control.models import Normalizer, PolicyModel
from liquid_control.sim import walker2d
from liquid_control.sim.batch import BatchWalkers
from liquid_control.training.teacher import Teacher


@dataclass(frozen=True)
class Conditions:
    """Under which conditions rollouts are collected; the walkers are divided among them."""

    sensor_noise: float = 0.1
    """Gaussian noise of a third of the walkers, in each channel's standard deviation."""
    dropped: float = 0.1
    """Probability of a lost sample for a quarter of the walkers."""
    action_noise: float = 0.1
    """Gaussian noise on the actions of half of the walkers, so that they meet disturbed states."""


@dataclass(frozen=True)
class Chunk:
    """T steps of N walkers, as tensors.

    Attributes:
        observation: (T, N, n), with the previous action as it was sent.
        elapsed: (T, N, 1), in nominal periods.
        seen: whether the observation arrived, (T, N, 1) bool.
        label: the teacher's action, (T, N, m).
        target: true sensed values one period later, (T, N, p).
        ended: whether the episode ended with this step, (T, N, 1) bool.
        state: the student's state before the first step, (N, S).
    """

    observation: torch.Tensor
    elapsed: torch.Tensor
    seen: torch.Tensor
    label: torch.Tensor
    target: torch.Tensor
    ended: torch.Tensor
    state: torch.Tensor

    def some(self, index: torch.Tensor) -> 'Chunk':
        """The same steps of some of the walkers."""
        series = (self.observation, self.elapsed, self.seen, self.label, self.target, self.ended)
        return Chunk(*(x[:, index] for x in series), self.state[index])


def measure_normalizer(teacher: Teacher, count: int, seed: int, steps: int = 600) -> tuple:
    """Scale of the 17 observations when the teacher walks, disturbed.

    Returns:
        The normaliser of the 8 positions, and the standard deviation of all 17 values.
    """
    walkers, rng = BatchWalkers(count, seed), np.random.default_rng(seed)
    sensed, changes = [], []
    for step in range(steps):
        before = walkers.sensed()
        action = teacher(walkers) + 0.1 * rng.standard_normal((count, 6))
        _, terminated = walkers.step(np.clip(action, -1.0, 1.0))
        if step >= steps // 6:
            sensed.append(before)
            changes.append((walkers.sensed() - before)[~terminated])
        for index in np.flatnonzero(terminated):
            walkers.reset(index)
    walkers.close()
    sensed, changes = np.concatenate(sensed), np.concatenate(changes)
    p = len(walker2d.JOINTS) - 1
    scale = sensed.std(axis=0)
    return Normalizer(sensed[:, :p].mean(axis=0), scale[:p], changes[:, :p].std(axis=0)), scale


class Collector:
    """Lets walkers walk on, chunk after chunk, their recurrent state carried through.

    At the start of an episode each walker is given to the teacher with probability ``beta``,
    else to the student (DAgger); the teacher labels every step either way. Where a sample is
    lost the walker holds its last command, and the next elapsed time is longer.
    """

    def __init__(
        self, model: PolicyModel, teacher: Teacher, count: int, seed: int, conditions: Conditions
    ):
        self._model, self._teacher = model, teacher
        self._walkers = BatchWalkers(count, seed)
        self._rng = np.random.default_rng(seed)
        self._noise, self._drop = Gaussian(conditions.sensor_noise), Dropped(conditions.dropped)
        place = np.arange(count)
        self._noisy = place < count // 3
        self._lossy = (place >= count // 4) & (place < count // 2)
        self._action_noise = np.where(place % 2 == 0, 0.0, conditions.action_noise)[:, None]
        contract = model.contract
        self._safe = np.array(contract.action.safe, dtype=np.float32)
        self._lower = np.array(contract.action.lower, dtype=np.float32)
        self._upper = np.array(contract.action.upper, dtype=np.float32)
        self._std = np.array([s for term in contract.sensed for s in term.std])
        self._state = model.initial_state(count)
        self._sent = np.tile(self._safe, (count, 1))
        self._elapsed = np.ones((count, 1), dtype=np.float32)
        self._taught = np.ones(count, dtype=bool)

    def _observe(self) -> tuple[np.ndarray, np.ndarray]:
        """What arrives: observation (N, n) and whether it does (N, 1)."""
        true = self._walkers.qpos[:, 1:]
        faulty = self._noise.corrupt(true, self._std, self._rng)
        sensed = np.where(self._noisy[:, None], faulty, true)
        lost = self._drop.drops(self._rng, (len(self._walkers),)) & self._lossy
        observation = np.concatenate([sensed, self._sent], axis=1).astype(np.float32)
        return observation, ~lost[:, None]

    def collect(self, steps: int, beta: float) -> Chunk:
        """The next ``steps`` steps of every walker."""
        start, rows = self._state.clone(), []
        for _ in range(steps):
            observation, seen = self._observe()
            label = self._teacher(self._walkers)
            with torch.no_grad():
                action, _, state = self._model(
                    torch.from_numpy(observation),
                    torch.from_numpy(self._elapsed.copy()),
                    self._state,
                )
            self._state = torch.where(torch.from_numpy(seen), state, self._state)
            elapsed = self._elapsed
            self._act(np.where(self._taught[:, None], label, action.numpy()), seen)
            _, terminated = self._walkers.step(self._sent)
            target = self._walkers.qpos[:, 1:].astype(np.float32)
            ended = terminated | (self._walkers.steps >= walker2d.EPISODE_STEPS)
            rows.append((observation, elapsed, seen, label, target, ended[:, None]))
            for index in np.flatnonzero(ended):
                self._start(index, beta)
        columns = (torch.from_numpy(np.stack(column)) for column in zip(*rows, strict=True))
        return Chunk(*columns, start)

    def _act(self, action: np.ndarray, seen: np.ndarray) -> None:
        noise = self._action_noise * self._rng.standard_normal(action.shape)
        limited = np.clip(action + noise, self._lower, self._upper)
        self._sent = np.where(seen, limited, self._sent).astype(np.float32)
        self._elapsed = np.where(seen, 1.0, self._elapsed + 1.0).astype(np.float32)

    def _start(self, index: int, beta: float) -> None:
        self._walkers.reset(index)
        self._state[index] = 0.0
        self._sent[index] = self._safe
        self._elapsed[index] = 1.0
        self._taught[index] = self._rng.random() < beta

    def close(self) -> None:
        self._walkers.close()
