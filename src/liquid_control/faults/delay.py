"""Readings that arrive late."""

from dataclasses import dataclass

import numpy as np

from liquid_control.faults.base import Fault, FaultError

_MOST = 1000


@dataclass(frozen=True)
class Delay(Fault):
    """Every message brings the readings of one some samples ago, under its own stamp.

    So it is with a driver that stamps what it receives when it receives it: how old a reading is
    no stamp tells. The first samples of an episode bring nothing and are lost. After a gap longer
    than the contract allows, and when stamps go back, the wait begins anew.

    Attributes:
        samples: how many, a whole number.
    """

    samples: int = 1

    def __post_init__(self):
        if not (0 <= self.samples <= _MOST and self.samples == int(self.samples)):
            raise FaultError(
                f'delay: samples: expected a whole number in [0, {_MOST}], found {self.samples}'
            )
        object.__setattr__(self, 'samples', int(self.samples))

    @property
    def lag(self) -> int:
        return self.samples


class DelayLine:
    """Holds samples of N sources back, each source by its own number of samples.

    Args:
        steps: how many samples each is late, (N,) int.
        width: values a sample.
        longest: largest number of samples that :meth:`restart` may ask for; by default that of
            ``steps``.
    """

    def __init__(self, steps: np.ndarray, width: int, longest: int | None = None):
        self.steps = np.array(steps, dtype=np.int64)
        depth = 1 + max(int(self.steps.max()), longest or 0)
        self.values = np.zeros((depth, len(self.steps), width))
        self.arrived = np.zeros((depth, len(self.steps)), dtype=bool)
        self.count = 0

    def push(self, values: np.ndarray, arrived: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Take in samples (N, n) and whether they are there (N,); what comes out, alike."""
        depth, rows = len(self.values), np.arange(len(self.steps))
        self.values[self.count % depth] = values
        self.arrived[self.count % depth] = arrived
        place = (self.count - self.steps) % depth
        self.count += 1
        return self.values[place, rows], self.arrived[place, rows]

    def restart(self, index: int, steps: int) -> None:
        """Forget what waits of one source, which is late by ``steps`` from now on."""
        self.arrived[:, index] = False
        self.steps[index] = steps
