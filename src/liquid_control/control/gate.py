"""The last thing a command passes: finite → fresh → limits → slew, each with a reason code."""

import enum
from collections import Counter

import numpy as np

from liquid_control.control.contract import Action


class Reason(enum.IntFlag):
    """Why a command is not what the policy asked for. Zero: it is."""

    NONE = 0
    OUTPUT_NOT_FINITE = 1
    """The policy's output had a NaN or an infinity: the safe action, and the controller stops."""
    SENSOR_STALE = 2
    """The observation was older than the contract's freshness: the safe action."""
    LIMITED = 4
    """At least one joint was held at its limit."""
    SLEWED = 8
    """At least one joint was held at its largest change a second."""
    OBSERVATION_NOT_FINITE = 16
    """The observation had a NaN or an infinity: not used, the last command held."""
    STAMP_NOT_ADVANCING = 32
    """The stamp stood still or went back: not used, the last command held."""
    STOPPED = 64
    """The controller is stopped: the safe action."""

    def names(self) -> list[str]:
        """Names of the reasons that are set, in lower case."""
        return [reason.name.lower() for reason in Reason if reason and reason in self]


class Gate:
    """Passes commands that are finite, fresh and inside the limits, and none other.

    ``counts`` has, for each reason, the number of commands that it changed.
    """

    def __init__(self, action: Action, freshness: float):
        self.safe = np.array(action.safe, dtype=np.float32)
        self._lower = _round_toward(np.array(action.lower), self.safe)
        self._upper = _round_toward(np.array(action.upper), self.safe)
        self._slew = None if action.slew is None else np.array(action.slew)
        self._freshness = freshness
        self.counts: Counter[str] = Counter()

    def __call__(
        self, action: np.ndarray, previous: np.ndarray, seconds: float, age: float
    ) -> tuple[np.ndarray, Reason]:
        """Check one command.

        Args:
            action: what the policy asks for, (m,).
            previous: the command sent before, (m,).
            seconds: time since that one was sent.
            age: age in seconds of the observation that the action answers.

        Returns:
            The command to send, (m,) float32, always finite and inside the limits, and why it
            differs from what was asked for.
        """
        reasons = Reason.NONE
        if not np.isfinite(action).all():
            reasons, command = Reason.OUTPUT_NOT_FINITE, self.safe.copy()
        elif not age <= self._freshness:
            reasons, command = Reason.SENSOR_STALE, self.safe.copy()
        else:
            command = np.minimum(np.maximum(action, self._lower), self._upper)
            if (command != action).any():
                reasons |= Reason.LIMITED
            if self._slew is not None:
                change = (self._slew * max(seconds, 0.0)).astype(np.float32)
                slewed = np.minimum(np.maximum(command, previous - change), previous + change)
                if (slewed != command).any():
                    reasons |= Reason.SLEWED
                command = np.minimum(np.maximum(slewed, self._lower), self._upper)
            command = command.astype(np.float32, copy=False)
        self.count(reasons)
        return command, reasons

    def count(self, reasons: Reason) -> None:
        if reasons:
            self.counts.update(reasons.names())


def _round_toward(limit: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """The float32 nearest to a float64 limit that does not lie beyond it."""
    rounded = limit.astype(np.float32)
    beyond = np.abs(rounded - inside) > np.abs(limit - inside)
    return np.where(beyond, np.nextafter(rounded, inside), rounded).astype(np.float32)
