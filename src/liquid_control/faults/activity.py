"""When and how strongly faults act on each of N sources."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from liquid_control.faults.fault import Fault
from liquid_control.faults.randomness import Random
from liquid_control.faults.signals import Signal


class Activity(NamedTuple):
    """How a fault acts on the present sample of each of N sources.

    Attributes:
        active: whether it acts, (N,) bool.
        strength: how strongly, from 0 to 1, (N,); None: fully, where it acts.
    """

    active: np.ndarray
    strength: np.ndarray | None = None


class Activities:
    """Follows starts and schedules.

    Args:
        faults: the faults, each with its position among all K faults.
        has: which source has which fault, (N, K) bool; may change when an episode begins.
        name: what the faults act on; part of the seed of random schedules.
    """

    def __init__(self, faults: Sequence[tuple[int, Fault]], has: np.ndarray, name: str):
        self._has = has
        self.now = np.zeros(has.shape)
        """How strongly each fault acts on each source at present, from 0 to 1, (N, K)."""
        self._signal = Signal(np.ones(1), f'{name} schedule')
        self._places = {
            position: np.zeros(len(has))
            for position, fault in faults
            if fault.schedule is not None and fault.schedule.window is not None
        }

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """All mutable state, to be read or written in place."""
        places = {f'{position}.place': array for position, array in self._places.items()}
        return {'now': self.now, **places}

    def of(self, position: int, fault: Fault, count: np.ndarray, random: Random) -> Activity:
        """How a fault acts on the samples of these numbers; to be called for each sample, in order.

        Args:
            position: its position among all faults.
            fault: the fault.
            count: number of the sample in its episode, (N,).
            random: source of randomness.
        """
        active = self._has[:, position] & fault.active(count)
        schedule = fault.schedule
        if schedule is None or not active.any():
            self.now[:, position] = active
            return Activity(active)
        since = np.maximum(count - fault.start, 0)
        place = self._places.get(position)
        if place is None or schedule.window is None:
            place = np.zeros(len(active))
        elif (begins := active & (since % schedule.window == 0)).any():
            drawn = random.draws(self._signal, position, begins).uniform(each='sample')
            place[begins] = drawn[begins]
        strength = np.where(active, schedule.strength(since, place), 0.0)
        self.now[:, position] = strength
        return Activity(strength > 0.0, strength if schedule.graded else None)
