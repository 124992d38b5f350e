"""Samples that never arrive."""

from dataclasses import dataclass

from liquid_control.faults.base import Fault, FaultError


@dataclass(frozen=True)
class Dropped(Fault):
    """Each sample is lost with the same probability, independently.

    Attributes:
        probability: probability that a sample is lost, in [0, 1].
    """

    probability: float = 0.1

    def __post_init__(self):
        if not 0.0 <= self.probability <= 1.0:
            raise FaultError(
                f'dropped: probability: expected a number in [0, 1], found {self.probability}'
            )

    def drops(self, rng, shape=()):
        return rng.random(shape) < self.probability
