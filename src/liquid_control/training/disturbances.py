"""What a robust teacher meets while it learns: late commands, noise on them, noisy sensors."""

from typing import Any

import numpy as np
from stable_baselines3.common.running_mean_std import RunningMeanStd

LATE = 0.5, 0.3, 0.2
"""Probabilities that commands act 0, 1 or 2 periods late, drawn for each episode."""
NOISE = 0.1
"""Standard deviation of the noise on commands, and of that on each sensed value in units of its
own; either in half of the episodes."""


class Disturbances:
    """Commands of many robots on their way to the joints, and what is sensed on its way back.

    Args:
        count: robots.
        size: values of a command.
        width: values that are sensed.
        seed: of all that is drawn.
    """

    def __init__(self, count: int, size: int, width: int, seed: int):
        self.rng = np.random.default_rng(seed)
        self._scale = RunningMeanStd(shape=(width,))
        self._line = np.zeros((count, len(LATE), size))
        self._late = np.zeros(count, dtype=np.int64)
        self._noisy = np.zeros(count, dtype=bool)
        self._blurred = np.zeros(count, dtype=bool)
        for index in range(count):
            self.restart(index)

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """All that changes and is an array, to be read or written in place."""
        return {
            'line': self._line,
            'late': self._late,
            'noisy': self._noisy,
            'blurred': self._blurred,
            'sensed_mean': self._scale.mean,
            'sensed_var': self._scale.var,
        }

    @property
    def rest(self) -> dict[str, Any]:
        """What else changes, as plain JSON."""
        return {'generator': self.rng.bit_generator.state, 'count': float(self._scale.count)}

    def restore_rest(self, rest: dict[str, Any]) -> None:
        """Take back what :attr:`rest` gave."""
        self.rng.bit_generator.state, self._scale.count = rest['generator'], rest['count']

    def restart(self, index: int) -> None:
        """Begin an episode of one robot: nothing was sent yet, and its faults are drawn anew."""
        self._line[index] = 0.0
        self._late[index] = self.rng.choice(len(LATE), p=LATE)
        self._noisy[index] = self.rng.random() < 0.5
        self._blurred[index] = self.rng.random() < 0.5

    def sense(self, values: np.ndarray) -> np.ndarray:
        """What is sensed where these are the true values, (N, n) both."""
        self._scale.update(values)
        noise = NOISE * np.sqrt(self._scale.var) * self.rng.standard_normal(values.shape)
        return values + noise * self._blurred[:, None]

    def pass_on(self, commands: np.ndarray) -> np.ndarray:
        """What acts now where these commands are sent, (N, m) both."""
        self._line[:, 1:] = self._line[:, :-1].copy()
        self._line[:, 0] = commands
        acting = self._line[np.arange(len(commands)), self._late]
        noise = NOISE * self.rng.standard_normal(acting.shape)
        return np.clip(acting + noise * self._noisy[:, None], -1.0, 1.0)
