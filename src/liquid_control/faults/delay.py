"""Readings that arrive late."""

from dataclasses import dataclass

import numpy as np

from liquid_control.faults.base import Fault, FaultError

_MOST = 1000


@dataclass(frozen=True)
class Delay(Fault):
    """Every message carries the readings of an earlier message, under its own stamp.

    This is what happens with a driver that stamps readings on receipt: no stamp shows how old a
    reading is. The first ``samples`` messages of an episode have nothing to carry and are lost;
    this happens again after a gap longer than the contract's ``max_gap`` or if stamps go back.

    Attributes:
        samples: delay in samples, a whole number.
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
    """Delays the samples of N sources, each source by its own number of samples.

    Args:
        steps: delay of each source in samples, (N,) int.
        width: values per sample.
        longest: largest delay that :meth:`restart` may ask for; by default the largest of
            ``steps``.
    """

    def __init__(self, steps: np.ndarray, width: int, longest: int | None = None):
        self.steps = np.array(steps, dtype=np.int64)
        depth = 1 + max(int(self.steps.max()), longest or 0)
        self.values = np.zeros((depth, len(self.steps), width))
        self.arrived = np.zeros((depth, len(self.steps)), dtype=bool)
        self.count = 0

    def push(self, values: np.ndarray, arrived: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Take in samples (N, n) and whether they arrived (N,); return the delayed ones alike."""
        depth, rows = len(self.values), np.arange(len(self.steps))
        self.values[self.count % depth] = values
        self.arrived[self.count % depth] = arrived
        place = (self.count - self.steps) % depth
        self.count += 1
        return self.values[place, rows], self.arrived[place, rows]

    def restart(self, index: int, steps: int) -> None:
        """Discard the waiting samples of one source and delay it by ``steps`` from now on."""
        self.arrived[:, index] = False
        self.steps[index] = steps
