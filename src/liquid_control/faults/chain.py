"""Faults of a signal, one after another: the same for one robot's messages and for many robots."""

from collections.abc import Sequence

import numpy as np

from liquid_control.faults.fault import FaultError
from liquid_control.faults.kinds import Memory, SignalFault
from liquid_control.faults.randomness import Random
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
        for position, fault in self._faults:
            memory = fault.memory(len(has), len(signal.scale))
            if memory is not None:
                self._memories[position] = memory

    def __bool__(self) -> bool:
        return bool(self._faults)

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """All mutable state, to be read or written in place."""
        arrays = {'count': self.count}
        for position, memory in self._memories.items():
            arrays |= {f'{position}.{name}': array for name, array in memory.arrays.items()}
        return arrays | {f'{position}.held': array for position, array in self._held.items()}

    def push(self, values: np.ndarray, random: Random) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Take in one sample of each source.

        Args:
            values: readings or commands, (N, n).
            random: source of randomness.

        Returns:
            The values that arrive (N, n), from which sample of its source each is (N,), and
            whether one arrives (N,).

        Raises:
            FaultError: a fault makes a value that is held, such as a command, not finite.
        """
        numbers, arrived = self.count.copy(), np.ones(len(self.count), dtype=bool)
        for position, fault in self._faults:
            given = values
            active = self._has[:, position] & fault.active(self.count)
            draws = random.draws(self._signal, position, active)
            if fault.alters:
                arrived = arrived & ~(fault.drops(draws) & active)
                changes = active[:, None]
                if self._signal.no_value is not None:
                    changes = changes & (values != self._signal.no_value)
                values = np.where(changes, fault.corrupt(values, self._signal.scale, draws), values)
            if position in self._memories:
                memory = self._memories[position]
                values, numbers, arrived = memory.push(values, numbers, arrived, active, draws)
            if position in self._held:
                values = np.where(arrived[:, None], values, self._held[position])
                self._held[position][:], arrived = values, np.ones_like(arrived)
                _require_finite(fault, given, values)
        self.count += 1
        return values, numbers, arrived

    def restart(self, index: int) -> None:
        """Begin an episode of one source."""
        self.count[index] = 0
        for memory in self._memories.values():
            memory.restart(index)
        for held in self._held.values():
            held[index] = self._first


def _require_finite(fault: SignalFault, given: np.ndarray, values: np.ndarray) -> None:
    """Refuse values that are not finite where those given to the fault were."""
    wrong = ~np.isfinite(values) & np.isfinite(given)
    if wrong.any():
        raise FaultError(
            f'{fault.name}: expected {fault.kind} values that are finite, found {values[wrong][0]}'
        )
