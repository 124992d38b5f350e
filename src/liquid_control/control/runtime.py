"""Runs a bundle: (observation, elapsed time) → (action, prediction), carrying the hidden state."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from liquid_control.control.bundle import OUTPUTS, Bundle, open_session
from liquid_control.control.contract import Contract


class Decision(NamedTuple):
    """One step's outcome: action (m,) and predicted next sensed values (p,); rows for a batch."""

    action: np.ndarray
    prediction: np.ndarray


class PolicyRunner:
    """A policy ready to step, on one thread of ONNX Runtime.

    ``step`` takes the sensed values of the contract; where the policy asks for
    ``previous_action``, the runner supplies it: the last action clipped to the limits, or what
    :meth:`sent` says was really sent.

    Raises:
        BundleError: the file is no bundle, or damaged.
    """

    def __init__(self, path: str | Path | Bundle):
        self.bundle = path if isinstance(path, Bundle) else Bundle.read(path)
        self._session = open_session(self.bundle.graph)
        contract = self.bundle.contract
        self._state_size = self._session.get_inputs()[2].shape[1]
        self._sensed, self._own = _places(contract)
        self._lower = np.array(contract.action.lower, dtype=np.float32)
        self._upper = np.array(contract.action.upper, dtype=np.float32)
        self._safe = np.array(contract.action.safe, dtype=np.float32)
        self.reset()

    @property
    def contract(self) -> Contract:
        """What the policy asks of a robot."""
        return self.bundle.contract

    @property
    def previous(self) -> np.ndarray:
        """The command that was sent last, (B, m)."""
        return self._previous

    def reset(self, batch: int = 1) -> None:
        """Forget: zero state, and the safe action as the command sent last."""
        self._state = np.zeros((batch, self._state_size), dtype=np.float32)
        self._elapsed = np.ones((batch, 1), dtype=np.float32)
        self._observation = np.zeros((batch, self.contract.observation_size), dtype=np.float32)
        self._previous = np.tile(self._safe, (batch, 1))

    def warm_up(self, steps: int = 20) -> None:
        """Step a few times so that the first real step is not the slowest, then reset."""
        for _ in range(steps):
            self.step(np.zeros(self.contract.sensed_size, dtype=np.float32), 1.0)
        self.reset()

    def step(self, observation: np.ndarray, elapsed: float | np.ndarray) -> Decision:
        """Advance one step.

        Args:
            observation: sensed values in the contract's order and units, (p,) or (B, p).
            elapsed: time since the previous observation over the nominal period, a number or
                (B,) or (B, 1). At the nominal rate 1.

        Raises:
            ValueError: a shape that does not fit the contract or the batch of the last reset.
        """
        observation = np.asarray(observation, dtype=np.float32)
        rows = observation[None] if observation.ndim == 1 else observation
        batch = len(self._state)
        if rows.shape != (batch, self.contract.sensed_size):
            raise ValueError(
                f'observation: expected ({batch}, {self.contract.sensed_size}), '
                f'found {observation.shape}; reset(batch) sets the batch'
            )
        self._observation[:, self._sensed] = rows
        if self._own is not None:
            self._observation[:, self._own] = self._previous
        self._elapsed[:] = np.reshape(elapsed, (-1, 1))
        action, prediction, self._state = self._session.run(
            OUTPUTS,
            {
                'observation': self._observation,
                'elapsed': self._elapsed,
                'state': self._state,
            },
        )
        self._previous = np.minimum(np.maximum(action, self._lower), self._upper)
        if observation.ndim == 1:
            return Decision(action[0], prediction[0])
        return Decision(action, prediction)

    def sent(self, command: np.ndarray) -> None:
        """Tell what was really sent, (m,) or (B, m), where it is not the clipped action."""
        self._previous = np.asarray(command, dtype=np.float32).reshape(self._previous.shape)


def _places(contract: Contract) -> tuple[np.ndarray, np.ndarray | None]:
    """Where sensed values and the previous action stand in an observation."""
    sensed, own, start = [], [], 0
    for term in contract.terms:
        (sensed if term.sensed else own).extend(range(start, start + len(term.channels)))
        start += len(term.channels)
    return np.array(sensed, dtype=np.intp), np.array(own, dtype=np.intp) if own else None
