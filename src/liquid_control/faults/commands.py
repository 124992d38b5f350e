"""Disturbances in the training of a robust teacher: commands that act late, and noise on them."""

import numpy as np

LATE = 0.5, 0.3, 0.2
"""Probabilities that commands act 0, 1 or 2 periods late, drawn for each episode."""
NOISE = 0.1
"""Standard deviation of the noise on commands, in half of the episodes."""


class Disturbances:
    """Delays and perturbs the commands of many robots on their way to the joints.

    Args:
        count: number of robots, N.
        size: values per command, m.
        seed: seed of all random draws.
    """

    def __init__(self, count: int, size: int, seed: int):
        self.rng = np.random.default_rng(seed)
        self._line = np.zeros((count, len(LATE), size))
        self._late = np.zeros(count, dtype=np.int64)
        self._noisy = np.zeros(count, dtype=bool)
        for index in range(count):
            self.restart(index)

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """All mutable state except the generator, to be read or written in place."""
        return {'line': self._line, 'late': self._late, 'noisy': self._noisy}

    def restart(self, index: int) -> None:
        """Begin an episode of one robot: clear its sent commands and draw new disturbances."""
        self._line[index] = 0.0
        self._late[index] = self.rng.choice(len(LATE), p=LATE)
        self._noisy[index] = self.rng.random() < 0.5

    def pass_on(self, commands: np.ndarray) -> np.ndarray:
        """The commands that act now, (N, m), as these are sent, (N, m)."""
        self._line[:, 1:] = self._line[:, :-1].copy()
        self._line[:, 0] = commands
        acting = self._line[np.arange(len(commands)), self._late]
        noise = NOISE * self.rng.standard_normal(acting.shape)
        return np.clip(acting + noise * self._noisy[:, None], -1.0, 1.0)
