"""Samples that never arrive."""

from dataclasses import dataclass
from typing import ClassVar

from liquid_control.faults.fault import Fault, setting


@dataclass(frozen=True)
class Dropped(Fault):
    """Each sample is lost with the same probability, independently.

    Attributes:
        probability: probability that a sample is lost.
    """

    about: ClassVar[str] = 'each sample is lost with this probability'

    probability: float = setting(0.1, 0.0, 1.0)

    def drops(self, rng, shape=()):
        return rng.random(shape) < self.probability
