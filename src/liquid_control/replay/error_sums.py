"""Sums of a policy's prediction errors over a recording: one step ahead, and over free runs."""

from typing import Any

import numpy as np

from liquid_control.control.contract import Contract
from liquid_control.evaluation.prediction_error import (
    contract_std,
    error_figures,
    floored_by_term,
    follows,
    ratio,
    scorable,
)
from liquid_control.replay.free_run import FreeRuns
from liquid_control.replay.sums import Moments, Squares


class ErrorSums:
    """Errors of predictions and of persistence, by measured channel.

    Args:
        contract: contract of the policy.
        horizon: steps ahead that are told, H.
        longest: steps of a free run, at least H.
    """

    def __init__(self, contract: Contract, horizon: int, longest: int):
        self._contract, self._horizon = contract, horizon
        self._measured = np.array(contract.measured)
        size = len(self._measured)
        self._one, self._many = Squares((size,)), Squares((longest, size))
        self._moments = Moments(size)

    def add(
        self,
        stamps: np.ndarray,
        values: np.ndarray,
        predictions: np.ndarray,
        fresh: int,
    ) -> None:
        """Take in successive observations and what was predicted from each.

        Args:
            stamps: stamps in ns, (n,) int64.
            values: sensed values, (n, p).
            predictions: predictions for the next observation, (n, p); NaN where there are none.
            fresh: how many of the last of them were not taken in before.
        """
        values, predictions = values[:, self._measured], predictions[:, self._measured]
        known = scorable(stamps, values, predictions, self._contract.period_ns)
        now, then = values[:-1][known].astype(np.float64), values[1:][known].astype(np.float64)
        self._one.add(predictions[:-1][known] - then, now - then)
        self._moments.add(values[len(values) - fresh :])

    def add_runs(self, runs: FreeRuns) -> None:
        """Take in finished free runs; scored is what :meth:`add` scores one step ahead."""
        known = follows(runs.passed, self._contract.period_ns)[..., None]
        self._many.add(np.where(known, runs.errors, np.nan), runs.persistence)

    def curve(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return steps ahead, and mean squared errors of policy and persistence, in std²."""
        std, _ = self._std()
        model, base = (means[: self._horizon] for means in self._many.means())
        known = np.flatnonzero(np.isfinite(model).all(axis=1))
        return known + 1, *((v[known] / std**2).mean(axis=1) for v in (model, base))

    def result(self) -> dict[str, Any]:
        """Return its figures as plain JSON."""
        contract = self._contract
        std, scale = self._std()
        one, base = (means / std**2 for means in self._one.means())
        channels = [contract.sensed_channels[index] for index in self._measured]
        units = [unit for term in contract.sensed for unit in term.units]
        return {
            'prediction_scored': int(self._one.count),
            'prediction_scale': scale,
            **error_figures(channels, one, base),
            'horizons': self._horizons(channels, [units[index] for index in self._measured]),
        }

    def _std(self) -> tuple[np.ndarray, str]:
        """Scales of the channels (q,), and where they are from."""
        terms = [term for term in self._contract.sensed if not term.hold]
        if all(term.std is not None for term in terms):
            return contract_std(terms), 'contract'
        return floored_by_term(terms, self._moments.std), 'recording'

    def _horizons(self, channels: list[str], units: list[str]) -> dict[str, Any]:
        """Errors by steps ahead: in std² over all channels, and each channel's rms in its unit."""
        ahead, mse, persistence = self.curve()
        model, base = (means[ahead - 1] for means in self._many.means())
        return {
            'steps': ahead.tolist(),
            'scored': self._many.count[ahead - 1].tolist(),
            'mse': mse.tolist(),
            'persistence_mse': persistence.tolist(),
            'ratio': [ratio(a, b) for a, b in zip(mse, persistence, strict=True)],
            'channels': {
                name: {
                    'unit': units[index],
                    'rmse': np.sqrt(model[:, index]).tolist(),
                    'persistence_rmse': np.sqrt(base[:, index]).tolist(),
                }
                for index, name in enumerate(channels)
            },
        }
