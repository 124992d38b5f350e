"""Forecasts that need no recurrent cell: persistence and a linear autoregression."""

import numpy as np

from liquid_control.study.sequences import Sequences

ORDER = 8
"""Past samples that the linear autoregression sees."""


def persistence(x: np.ndarray, elapsed: np.ndarray, state: None) -> tuple[np.ndarray, None]:
    """The next sample is the present one."""
    return x, None


class LinearAutoregression:
    """The next sample is a linear map of the last samples and gaps, fitted by least squares."""

    def __init__(self, train: Sequences, order: int = ORDER):
        self.order = order
        features = np.concatenate(
            [
                self._features(train.x[:, end - order : end], train.elapsed[:, end - order : end])
                for end in range(order, train.x.shape[1] + 1)
            ]
        )
        targets = train.target[:, order - 1 :].swapaxes(0, 1).reshape(len(features), -1)
        self.weights = np.linalg.lstsq(features, targets.astype(np.float64), rcond=None)[0]

    def __call__(
        self, x: np.ndarray, elapsed: np.ndarray, state: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """The next sample; before the first, the first is repeated."""
        newest = np.concatenate([x, elapsed], axis=1)[:, None]
        past = np.repeat(newest, self.order, axis=1) if state is None else state
        past = np.concatenate([past[:, 1:], newest], axis=1)
        channels = x.shape[1]
        return self._features(past[..., :channels], past[..., channels:]) @ self.weights, past

    @staticmethod
    def _features(x: np.ndarray, elapsed: np.ndarray) -> np.ndarray:
        count = len(x)
        flat = [x.reshape(count, -1), elapsed.reshape(count, -1), np.ones((count, 1))]
        return np.concatenate(flat, axis=1).astype(np.float64)
