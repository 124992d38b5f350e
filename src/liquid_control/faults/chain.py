"""Faults of a signal, one after another: the same for one robot's messages and for many robots."""

from collections.abc import Sequence

import numpy as np

from liquid_control.faults.activity import Activities
from liquid_control.faults.kinds import SignalFault
from liquid_control.faults.memory import Memory, Samples
from liquid_control.faults.randomness import Random
from liquid_control.faults.settings import FaultError
from liquid_control.faults.signals import Signal


class FaultChain:
    """Passes the samples of N sources through faults, in the order of the faults.

    A source counts its samples, whether they arrive or not; a fault acts on those from its
    ``start`` on.

    Args:
        faults: the faults, each with its position among all K faults.
        has: which source has which fault, (N, K) bool; may change when an episode begins.
        signal: what the sources send, n values.
        held: where given, whoever receives a signal holds its last value if none arrives, and this
            one, (n,), as an episode begins. So something arrives always, after every fault.
    """

    def __init__(
        self,
        faults: Sequence[tuple[int, SignalFault]],
        has: np.ndarray,
        signal: Signal,
        held: np.ndarray | None = None,
    ):
        self._faults, self._has, self._signal = tuple(faults), has, signal
        self._first = held
        self._held: dict[int, np.ndarray] = {}
        if held is not None:
            self._held = {position: np.tile(held, (len(has), 1)) for position, _ in self._faults}
        self.count = np.zeros(len(has), dtype=np.int64)
        """Samples that each source has taken in, (N,)."""
        self._memories: dict[int, Memory] = {}
        self._acted: dict[int, np.ndarray] = {}
        self._chosen: dict[int, np.ndarray] = {}
        for position, fault in self._faults:
            memory = None if fault.idle else fault.memory(len(has), signal)
            if memory is not None:
                self._memories[position] = memory
                self._acted[position] = np.zeros(len(has), dtype=bool)
            chosen = fault.chosen(signal)
            if chosen is not None:
                self._chosen[position] = chosen
        self.activities = Activities(self._faults, has, signal.name)

    def __bool__(self) -> bool:
        return bool(self._faults)

    @property
    def lag(self) -> int:
        """Number of samples by which values arrive late at most."""
        return sum(memory.lag for memory in self._memories.values())

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """All mutable state, to be read or written in place."""
        arrays = {'count': self.count, **self.activities.arrays}
        for position, memory in self._memories.items():
            arrays |= {f'{position}.{name}': array for name, array in memory.arrays.items()}
            arrays[f'{position}.acted'] = self._acted[position]
        return arrays | {f'{position}.held': array for position, array in self._held.items()}

    def push(self, values: np.ndarray, random: Random) -> Samples:
        """Take in one sample of each source, and return what arrives.

        Args:
            values: readings or commands, (N, n).
            random: source of randomness; its stamps are those of the samples.

        Raises:
            FaultError: a fault makes a value that is held, such as a command, not finite.
        """
        stamps = np.zeros(len(self.count), dtype=np.int64)
        stamps[:] = random.stamps
        arrived = np.ones(len(self.count), dtype=bool)
        samples = Samples(values, self.count.copy(), arrived, stamps)
        for position, fault in self._faults:
            given = samples
            samples = self._pass(position, fault, samples, random)
            if position in self._held:
                kept = np.where(samples.arrived[:, None], samples.values, self._held[position])
                self._held[position][:] = kept
                samples = samples._replace(values=kept, arrived=np.ones_like(samples.arrived))
                _require_finite(fault, given.values, kept)
        self.count += 1
        return samples

    def _pass(self, position: int, fault: SignalFault, samples: Samples, random: Random) -> Samples:
        """Pass samples through one fault."""
        active, strength = self.activities.of(position, fault, self.count, random)
        memory = self._memories.get(position)
        if memory is not None:
            begins = active & ~self._acted[position]
            if begins.any():
                memory.restart(begins)
            self._acted[position][:] = active
        if not active.any():
            return samples
        draws = random.draws(self._signal, position, active)
        if fault.loses:
            lost = fault.drops(draws) & active
            if strength is not None:
                lost &= draws.uniform(each='sample') < strength
            samples = samples._replace(arrived=samples.arrived & ~lost)
        if fault.corrupts:
            found = fault.corrupt(samples.values, self._signal.scale, draws)
            values = self._merge(position, samples.values, found, active, strength)
            samples = samples._replace(values=values)
        if memory is None:
            return samples
        found = memory.push(samples, active, draws)
        if fault.by_channel:
            values = self._merge(position, samples.values, found.values, active, strength)
        else:
            values = np.where(active[:, None], found.values, samples.values)
        return Samples(
            values,
            np.where(active, found.numbers, samples.numbers),
            np.where(active, found.arrived, samples.arrived),
            np.where(active, found.stamps, samples.stamps),
        )

    def _merge(
        self,
        position: int,
        values: np.ndarray,
        found: np.ndarray,
        active: np.ndarray,
        strength: np.ndarray | None,
    ) -> np.ndarray:
        """Values (N, n) as they are where a fault acts, and as they were elsewhere."""
        changes = active[:, None]
        if position in self._chosen:
            changes = changes & self._chosen[position]
        if self._signal.no_value is not None:
            changes = changes & (values != self._signal.no_value)
        if strength is not None:
            found = values + strength[:, None] * (found - values)
        return np.where(changes, found, values)

    def restart(self, index: int) -> None:
        """Begin an episode of one source."""
        self.count[index] = 0
        for position, memory in self._memories.items():
            memory.restart(index)
            self._acted[position][index] = False
        for held in self._held.values():
            held[index] = self._first


def _require_finite(fault: SignalFault, given: np.ndarray, values: np.ndarray) -> None:
    """Refuse values that are not finite where those given to the fault were."""
    wrong = ~np.isfinite(values) & np.isfinite(given)
    if wrong.any():
        raise FaultError(
            f'{fault.name}: expected {fault.kind} values that are finite, found {values[wrong][0]}'
        )
