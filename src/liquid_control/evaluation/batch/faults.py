"""The faults of many robots at once, each robot with its own list of them and its own numbers."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from liquid_control.control.contract import Contract
from liquid_control.evaluation.batch.sensing import JointReadings
from liquid_control.faults import (
    KINDS,
    BatchFaults,
    ClockFault,
    CommandFault,
    DynamicsFault,
    Fault,
    SensorFault,
    Streams,
    of_kind,
)

if TYPE_CHECKING:
    from mujoco import MjModel


class SlotFaults:
    """Faults of N robots: those of each list act on the robots that have it.

    Args:
        lists: the lists of faults.
        count: N.
        readings: what their sensors send.
        robot: contract of the robots.

    Raises:
        FaultError: a channel has no ``std``, which is the unit of a fault.
    """

    def __init__(
        self, lists: Sequence[Sequence[Fault]], count: int, readings: JointReadings, robot: Contract
    ):
        self._lists, self._count = lists, count
        self._with: dict[type[Fault], set[int]] = {
            kind: {which for which, faults in enumerate(lists) if of_kind(faults, kind)}
            for kind in KINDS
        }
        self._readings, self._robot = readings, robot
        self._made: dict[int, BatchFaults] = {}
        self._which = np.full(count, -1)
        self._seeds = [0] * count
        self._streams = Streams(*self._seeds)
        self._max_gap_ns = round(robot.max_gap * 1e9)
        self._stamps = np.zeros(count, dtype=np.int64)
        self._last = np.full(count, -1)

    def restart(self, row: int, which: int, seed: int) -> None:
        """Begin an episode of one robot under one of the lists, with a seed of its own."""
        self.end(row)
        self._last[row] = -1
        faults = self._lists[which]
        if not faults:
            return
        if which not in self._made:
            self._made[which] = self._make(faults)
        self._made[which].restart(row, np.ones(len(faults), dtype=bool))
        self._which[row], self._seeds[row] = which, seed
        self._streams = Streams(*self._seeds)

    def end(self, row: int) -> None:
        """Let nothing act on one robot any more."""
        which = int(self._which[row])
        self._which[row] = -1
        if which >= 0:
            self._made[which].has[row] = False
            if not (self._which == which).any():
                del self._made[which]

    def at(self, stamps: np.ndarray) -> None:
        """Set the present time of each robot in ns, (N,)."""
        self._streams.stamps = self._stamps = stamps.copy()

    def models(self, nominal: 'MjModel', steps: np.ndarray) -> Iterator[tuple[int, 'MjModel']]:
        """Each robot under faults of the dynamics, and the model by which it moves from now on.

        Args:
            nominal: the model without faults.
            steps: periods that each robot's episode has lasted, (N,).
        """
        for which, faults in self._having(DynamicsFault):
            models = faults.models(nominal, steps, self._streams)
            for row in np.flatnonzero(self._which == which).tolist():
                yield row, models[row]

    def read(self, sent: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Take in what the sensors send, (N, n).

        Returns:
            What arrives (N, n), whether it does (N,), and with which stamps in ns, (N,).
        """
        arrived, stamps = np.ones(self._count, dtype=bool), self._stamps.copy()
        for which, faults in self._having(SensorFault):
            passed = self._stamps - self._last
            late = (self._which == which) & (self._last >= 0) & (passed > self._max_gap_ns)
            for row in np.flatnonzero(late).tolist():
                faults.restart_sensors(row)
            sent, arrives = faults.read(sent, self._streams)
            arrived &= arrives
            stamps = np.where(self._which == which, faults.stamps, stamps)
        self._last[:] = self._stamps
        return sent, arrived, stamps

    def periods(self, steps: np.ndarray) -> np.ndarray:
        """Length of each robot's period that begins, in nominal periods, (N,)."""
        lengths = np.ones(self._count)
        for _, faults in self._having(ClockFault):
            lengths *= faults.periods(steps, self._streams)
        return lengths

    def act(self, sent: np.ndarray) -> np.ndarray:
        """The commands that act in the period that begins, as these are sent, (N, m) each."""
        for which, faults in self._having(CommandFault):
            rows = np.flatnonzero(self._which == which)
            acting = faults.act(sent, self._streams)
            sent = sent.astype(np.float64)
            sent[rows] = acting[rows]
        return sent

    def _having(self, kind: type[Fault]) -> list[tuple[int, BatchFaults]]:
        """Those faults that robots have, of the lists with a fault of one kind."""
        has = self._with[kind]
        return [(which, faults) for which, faults in self._made.items() if which in has]

    def _make(self, faults: Sequence[Fault]) -> BatchFaults:
        scaled = any(fault.needs_unit for _, fault in of_kind(faults, SensorFault))
        has = np.zeros((self._count, len(faults)), dtype=bool)
        return BatchFaults(faults, has, self._readings.signal(scaled), self._robot.action)
