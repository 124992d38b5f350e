"""Traces of many episodes at once."""

import numpy as np

from liquid_control.control.contract import Contract
from liquid_control.evaluation.batch.controller import Commands
from liquid_control.evaluation.trace import Trace


class BatchTraces:
    """Collects a :class:`Trace` of each of N robots.

    Args:
        contract: what the policy asks of a robot.
        count: N.
        length: observations to make room for at first; longer traces make more.
    """

    def __init__(self, contract: Contract, count: int, length: int):
        self._channels = contract.sensed_channels
        sensed, acted = contract.sensed_size, contract.action_size
        self._count = np.zeros(count, dtype=np.int64)
        self._arrays = {
            'stamps': np.zeros((count, length), dtype=np.int64),
            'observations': np.zeros((count, length, sensed), dtype=np.float32),
            'actions': np.zeros((count, length, acted), dtype=np.float32),
            'predictions': np.zeros((count, length, sensed), dtype=np.float32),
            'elapsed': np.zeros((count, length)),
            'reasons': np.zeros((count, length), dtype=np.int64),
        }

    def restart(self, row: int) -> None:
        """Begin the trace of one robot anew."""
        self._count[row] = 0

    def add(
        self, rows: np.ndarray, stamps: np.ndarray, observations: np.ndarray, commands: Commands
    ) -> None:
        """Add one observation of each of K robots, and what answered it."""
        at = rows, self._count[rows]
        arrays = self._arrays
        if at[1].max(initial=0) >= arrays['stamps'].shape[1]:
            for name, array in arrays.items():
                arrays[name] = np.concatenate([array, np.zeros_like(array)], axis=1)
        arrays['stamps'][at], arrays['observations'][at] = stamps, observations
        arrays['actions'][at], arrays['predictions'][at] = commands.action, commands.prediction
        arrays['elapsed'][at], arrays['reasons'][at] = commands.elapsed, commands.reasons
        self._count[rows] += 1

    def trace(self, row: int) -> Trace:
        """The trace of one robot; the duration of its steps is not recorded."""
        count = int(self._count[row])
        arrays = {name: array[row, :count].copy() for name, array in self._arrays.items()}
        unknown, answers = np.full(count, np.nan), np.ones(count, dtype=bool)
        return Trace(channels=self._channels, step_s=unknown, answers=answers, **arrays)
