"""The command faults under which a robust expert is trained: commands that act late, and noise."""

import numpy as np

from liquid_control.faults import CommandFaults, Limits, SharedRandom, parse

LATE = 0.5, 0.3, 0.2
"""Probabilities that commands act 0, 1 or 2 periods late, drawn for each episode."""
NOISE = 0.1
"""Standard deviation of the noise on commands, in half of the episodes."""


class Disturbances:
    """Delays and perturbs the commands of many robots on their way to the joints.

    Args:
        count: number of robots, N.
        limits: limits of their m joints, such as a contract's action.
        seed: seed of all random draws.
    """

    def __init__(self, count: int, limits: Limits, seed: int):
        self.rng = np.random.default_rng(seed)
        faults = parse(f'command_delay:1+command_delay:2+command_noise:{NOISE}')
        self._has = np.zeros((count, len(faults)), dtype=bool)
        self._faults = CommandFaults(faults, self._has, limits)
        for index in range(count):
            self.restart(index)

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """All mutable state except the generator, to be read or written in place."""
        return {'has': self._has, **self._faults.arrays}

    def restart(self, index: int) -> None:
        """Begin an episode of one robot: clear its sent commands and draw new disturbances."""
        late = self.rng.choice(len(LATE), p=LATE)
        self._has[index] = late == 1, late == 2, self.rng.random() < 0.5
        self._faults.restart(index)

    def pass_on(self, commands: np.ndarray) -> np.ndarray:
        """The commands that act now, (N, m), as these are sent, (N, m)."""
        return self._faults.act(commands, SharedRandom(self.rng))
