"""Traces of many episodes at once."""

import numpy as np

from liquid_control.control.contract import Contract
from liquid_control.evaluation.batch.controller import Commands
from liquid_control.evaluation.trace import Trace


class BatchTraces:
    """Collects a :class:`Trace` of each of N robots, at most T observations long.

    Args:
        contract: what the policy asks of a robot.
        count: N.
        length: T.
    """

    def __init__(self, contract: Contract, count: int, length: int):
        self._channels = contract.sensed_channels
        sensed, acted = contract.sensed_size, contract.action_size
        self._count = np.zeros(count, dtype=np.int64)
        self._stamps = np.zeros((count, length), dtype=np.int64)
        self._observations = np.zeros((count, length, sensed), dtype=np.float32)
        self._actions = np.zeros((count, length, acted), dtype=np.float32)
        self._predictions = np.zeros((count, length, sensed), dtype=np.float32)
        self._elapsed = np.zeros((count, length))
        self._reasons = np.zeros((count, length), dtype=np.int64)

    def restart(self, row: int) -> None:
        """Begin the trace of one robot anew."""
        self._count[row] = 0

    def add(
        self, rows: np.ndarray, stamps: np.ndarray, observations: np.ndarray, commands: Commands
    ) -> None:
        """Add one observation of each of K robots, and what answered it."""
        at = rows, self._count[rows]
        self._stamps[at], self._observations[at] = stamps, observations
        self._actions[at], self._predictions[at] = commands.action, commands.prediction
        self._elapsed[at], self._reasons[at] = commands.elapsed, commands.reasons
        self._count[rows] += 1

    def trace(self, row: int) -> Trace:
        """The trace of one robot; the duration of its steps is not recorded."""
        count = int(self._count[row])
        names = ('stamps', 'observations', 'actions', 'predictions', 'elapsed', 'reasons')
        arrays = {name: getattr(self, f'_{name}')[row, :count].copy() for name in names}
        unknown, answers = np.full(count, np.nan), np.ones(count, dtype=bool)
        return Trace(channels=self._channels, step_s=unknown, answers=answers, **arrays)
