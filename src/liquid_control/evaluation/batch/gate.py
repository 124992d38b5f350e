"""The last check on the commands of many robots: :class:`Gate`, N at once."""

import numpy as np

from liquid_control.control.contract import Action
from liquid_control.control.gate import Reason, float32_limits


class BatchGate:
    """Lets through only commands that are finite and within the limits, as a :class:`Gate` does.

    Observations are answered at once, so that none is stale.

    Raises:
        ContractError: two limits are so close that no float32 lies between them.
    """

    def __init__(self, action: Action):
        lower, upper, self.safe = float32_limits(action)
        self._lower, self._upper = lower.astype(np.float64), upper.astype(np.float64)
        self._slew = None if action.slew is None else np.array(action.slew)

    def __call__(
        self, action: np.ndarray, previous: np.ndarray, seconds: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Check one command of each of K robots.

        Args:
            action: what the policy asks for, (K, m).
            previous: the command sent before, (K, m).
            seconds: time since ``previous`` was sent, (K,).

        Returns:
            The commands to send, (K, m) float32, and why each differs from what was asked for,
            (K,) of :class:`Reason`.
        """
        asked = action.astype(np.float64)
        command = self._limit(asked)
        limited = (command != asked).any(axis=1)
        reasons = np.where(limited, int(Reason.LIMITED), 0)
        if self._slew is not None:
            change = self._slew * np.maximum(seconds, 0.0)[:, None]
            low, high = previous - change, previous + change
            slewed = np.where(low > command, low, command)
            slewed = self._limit(np.where(high < slewed, high, slewed))
            reasons += np.where((slewed != command).any(axis=1), int(Reason.SLEWED), 0)
            command = slewed
        broken = ~np.isfinite(asked).all(axis=1)
        if broken.any():
            command[broken] = self.safe
            reasons[broken] = int(Reason.OUTPUT_NOT_FINITE)
        return command.astype(np.float32), reasons

    def _limit(self, values: np.ndarray) -> np.ndarray:
        below, above = values < self._lower, values > self._upper
        return np.where(below, self._lower, np.where(above, self._upper, values))
