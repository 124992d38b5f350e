"""Prediction error as it happens: is the robot behaving as the model knows it?"""

from collections import deque

import numpy as np


class LiveAccuracy:
    """Compares predictions with the observations that they were for, over a sliding window.

    Errors are squared, in units of each channel's ``scale`` (n,), and summed over channels.
    """

    def __init__(self, scale: np.ndarray, window: int = 250):
        self._scale = scale
        self._errors: deque[tuple[float, float]] = deque(maxlen=window)
        self._expected: dict[int, np.ndarray] = {}
        self._last: np.ndarray | None = None

    def predicted(self, stamp_ns: int, values: np.ndarray) -> None:
        """Take in what is expected (n,) for a stamp."""
        self._expected[stamp_ns] = values
        if len(self._expected) > self._errors.maxlen:
            del self._expected[next(iter(self._expected))]

    def observed(self, stamp_ns: int, values: np.ndarray) -> None:
        """Take in what was observed (n,) at a stamp."""
        expected = self._expected.pop(stamp_ns, None)
        if expected is not None and self._last is not None:
            model, persistence = (values - expected, values - self._last)
            self._errors.append(
                tuple(float(np.sum((e / self._scale) ** 2)) for e in (model, persistence))
            )
        self._last = values

    @property
    def ratio(self) -> float | None:
        """Mean squared error over that of persistence; None before there is any."""
        if not self._errors:
            return None
        model, persistence = np.sum(self._errors, axis=0)
        return float(model / persistence) if persistence > 0 else None
