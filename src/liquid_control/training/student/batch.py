"""A student on many robots at once: what it senses, its memory, and the commands it sent."""

import numpy as np
import torch

from liquid_control.faults import BatchFaults
from liquid_control.models import PolicyModel


class StudentBatch:
    """Steps a student on each robot just as the controller steps its bundle.

    If no sample arrives, the memory does not change, the robot holds its last command, and the
    next elapsed time is longer. The first sample of an episode has elapsed time 1. Elapsed times
    are those between stamps, wrong as these may be.

    Args:
        model: the student; its weights may change between steps.
        faults: faults of the robots.
    """

    def __init__(self, model: PolicyModel, faults: BatchFaults):
        self._model, self.faults = model, faults
        count, limits = len(faults.has), model.contract.action
        self._safe, self._lower, self._upper = (
            np.array(values, dtype=np.float32)
            for values in (limits.safe, limits.lower, limits.upper)
        )
        self.state = model.initial_state(count)
        self.sent = np.tile(self._safe, (count, 1))
        self.elapsed = np.ones((count, 1), dtype=np.float32)
        self.fresh = np.ones((count, 1), dtype=bool)
        self.off = np.zeros((count, 1))
        """How much later than the truth the stamp of the last reading was, in nominal periods."""

    def decide(self, true: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        """One step of the student.

        Args:
            true: true sensed values, (N, p).

        Returns:
            Observation (N, n), elapsed time (N, 1), whether the sample arrived (N, 1), and the
            action before limiting (N, m).
        """
        sensed, seen = self.faults.read(true, rng)
        seen, error = seen[:, None], self.faults.stamp_error[:, None]
        elapsed = np.where(self.fresh, 1.0, self.elapsed + error - self.off).astype(np.float32)
        self.off = np.where(seen, error, self.off)
        observation = np.concatenate([sensed, self.sent], axis=1).astype(np.float32)
        with torch.no_grad():
            action, _, state = self._model.step(
                torch.from_numpy(observation), torch.from_numpy(elapsed), self.state
            )
        self.state = torch.where(torch.from_numpy(seen), state, self.state)
        return observation, elapsed, seen, action.numpy()

    def limited(self, action: np.ndarray) -> np.ndarray:
        """An action (N, m) inside the limits."""
        return np.clip(action, self._lower, self._upper)

    def send(self, action: np.ndarray, seen: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """The commands for the period that begins, (N, m) float32.

        Args:
            action: requested action, (N, m).
            seen: whether a sample arrived, (N, 1); otherwise the last command is held.
            lengths: length of the period in nominal periods, (N,).
        """
        self.sent = np.where(seen, self.limited(action), self.sent).astype(np.float32)
        self.fresh &= ~seen
        before = np.where(seen, 0.0, self.elapsed)
        self.elapsed = np.where(self.fresh, 1.0, before + lengths[:, None]).astype(np.float32)
        self.faults.advance(lengths)
        return self.sent

    def restart(self, index: int, has: np.ndarray) -> None:
        """Begin an episode of one robot with these faults, (K,) bool."""
        self.faults.restart(index, has)
        self.state[index] = 0.0
        self.sent[index] = self._safe
        self.elapsed[index], self.fresh[index], self.off[index] = 1.0, True, 0.0
