"""The commands of N robots on their way to the joints."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from liquid_control.faults.activity import Activities
from liquid_control.faults.chain import FaultChain
from liquid_control.faults.fault import Fault
from liquid_control.faults.kinds import CommandFault, of_kind
from liquid_control.faults.randomness import Random
from liquid_control.faults.signals import Signal


class Limits(Protocol):
    """What the joints accept, m values each: :class:`control.action.Action` is one."""

    @property
    def lower(self) -> Sequence[float]: ...

    @property
    def upper(self) -> Sequence[float]: ...

    @property
    def safe(self) -> Sequence[float]:
        """The command that a robot holds before the first one arrives."""


class CommandFaults:
    """What acts on the joints as commands are sent.

    Args:
        faults: all K faults; those of other kinds do nothing here.
        has: which robot has which fault, (N, K) bool; may change when an episode begins.
        limits: limits of the m joints.
    """

    def __init__(self, faults: Sequence[Fault], has: np.ndarray, limits: Limits):
        self._lower, self._upper = np.array(limits.lower), np.array(limits.upper)
        safe = np.array(limits.safe, dtype=float)
        signal = Signal((self._upper - self._lower) / 2.0, 'command')
        self._chain = FaultChain(of_kind(faults, CommandFault), has, signal, safe)

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """All mutable state, to be read or written in place."""
        return self._chain.arrays if self._chain else {}

    @property
    def activities(self) -> Activities:
        """When and how strongly the faults act."""
        return self._chain.activities

    def restart(self, index: int) -> None:
        """Begin an episode of one robot."""
        self._chain.restart(index)

    def act(self, sent: np.ndarray, random: Random) -> np.ndarray:
        """The commands that act in the period that begins, (N, m); to be called once a period.

        Args:
            sent: the newest command of each robot, (N, m).
            random: source of randomness.

        Raises:
            FaultError: a fault makes a command that is not finite.
        """
        if not self._chain:
            return sent
        values = self._chain.push(sent, random).values
        return np.clip(values, self._lower, self._upper)
