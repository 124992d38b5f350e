"""The last check on a command: finite → fresh → limits → slew, each with a reason code."""

import enum
import math
from collections import Counter

import numpy as np

from liquid_control.control.contract import Action, ContractError


class Reason(enum.IntFlag):
    """Why a command is not what the policy asked for; zero if it is."""

    NONE = 0
    OUTPUT_NOT_FINITE = 1
    """The policy's action or state had a NaN or infinity: safe action sent, controller stopped."""
    SENSOR_STALE = 2
    """The last usable observation was older than the contract's freshness: safe action sent."""
    LIMITED = 4
    """At least one joint was held at its limit."""
    SLEWED = 8
    """At least one joint was held to its largest change per second."""
    OBSERVATION_NOT_FINITE = 16
    """The observation had a NaN or infinity: not used, last command held."""
    STAMP_NOT_ADVANCING = 32
    """The stamp did not advance: observation not used, last command held."""
    STOPPED = 64
    """The controller is stopped: safe action sent."""
    POLICY_FAILED = 128
    """The policy's step raised an error: safe action sent, controller stopped."""
    OFF_THE_CLOCK = 256
    """The stamp was further from the node's clock than ``freshness``: observation not used, last
    command held."""
    SURPLUS = 512
    """More observations come than the contract's rate: not used, last command held."""

    def names(self) -> list[str]:
        """Names of the reasons that are set, in lower case."""
        return [reason.name.lower() for reason in Reason if reason and reason in self]


class Gate:
    """Lets through only commands that are finite, fresh and within the limits.

    ``counts`` has, for each reason, the number of commands it affected.

    Raises:
        ContractError: two limits are so close that no float32 lies between them.
    """

    def __init__(self, action: Action, freshness: float):
        lower, upper, self.safe = float32_limits(action)
        self._limits = list(zip(lower.tolist(), upper.tolist(), strict=True))
        self._slew = action.slew
        self._freshness = freshness
        self.counts: Counter[str] = Counter()

    def __call__(
        self, action: np.ndarray, previous: np.ndarray, seconds: float, age: float
    ) -> tuple[np.ndarray, Reason]:
        """Check one command.

        Args:
            action: what the policy asks for, (m,).
            previous: the command sent before, (m,).
            seconds: time since ``previous`` was sent.
            age: age in seconds of the observation that the action answers.

        Returns:
            The command to send, (m,) float32, always finite and within the limits, and why it
            differs from what was asked for.
        """
        # Plain floats: for a robot's few joints several times faster than arrays, especially on a
        # processor that has just woken up.
        asked = action.tolist()
        if not all(map(math.isfinite, asked)):
            return self._safe_because(Reason.OUTPUT_NOT_FINITE)
        if not age <= self._freshness:
            return self._safe_because(Reason.SENSOR_STALE)
        reasons = Reason.NONE
        command = self._limit(asked)
        if command != asked:
            reasons |= Reason.LIMITED
        if self._slew is not None:
            slewed = self._limit(self._slewed(command, previous.tolist(), max(seconds, 0.0)))
            if slewed != command:
                reasons |= Reason.SLEWED
            command = slewed
        self.count(reasons)
        return np.array(command, dtype=np.float32), reasons

    def _limit(self, values: list[float]) -> list[float]:
        return [
            low if value < low else high if value > high else value
            for value, (low, high) in zip(values, self._limits, strict=True)
        ]

    def _slewed(self, values: list[float], previous: list[float], seconds: float) -> list[float]:
        return [
            min(max(value, before - slew * seconds), before + slew * seconds)
            for value, before, slew in zip(values, previous, self._slew or (), strict=True)
        ]

    def _safe_because(self, reason: Reason) -> tuple[np.ndarray, Reason]:
        self.count(reason)
        return self.safe.copy(), reason

    def count(self, reasons: Reason) -> None:
        if reasons:
            self.counts.update(reasons.names())


def float32_limits(action: Action) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (lower, upper, safe), each (m,) float32, none beyond the float64 limits.

    Raises:
        ContractError: no float32 lies between the limits of a joint.
    """
    lower, upper = np.array(action.lower), np.array(action.upper)
    with np.errstate(over='ignore'):
        low, high = lower.astype(np.float32), upper.astype(np.float32)
        safe = np.array(action.safe).astype(np.float32)
    up, down = np.float32(np.inf), np.float32(-np.inf)
    low = np.where(low < lower, np.nextafter(low, up), low)
    high = np.where(high > upper, np.nextafter(high, down), high)
    for joint, a, b in zip(action.joints, low, high, strict=True):
        if not a <= b or not math.isfinite(a) or not math.isfinite(b):
            raise ContractError(f'action: {joint}: no float32 lies between its limits')
    return low, high, np.clip(safe, low, high)
