"""Errors of predicted next observations beside those of persistence: one rule for all."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from liquid_control.control.contract import Contract, Term
from liquid_control.control.spread import floored
from liquid_control.evaluation.trace import Trace

STILL = 1e-12
"""Mean squared change per step, in std², below which a channel stands still."""
_TOLERANCE = 0.25
"""How far from its nominal period, in periods, an observation may come and be the next one."""


def follows(passed_ns: Any, period_ns: int) -> Any:
    """Whether an observation, so long after another, is the one that a prediction was for."""
    return abs(passed_ns - period_ns) <= _TOLERANCE * period_ns


def scorable(
    stamps: np.ndarray, observations: np.ndarray, predictions: np.ndarray, period_ns: int
) -> np.ndarray:
    """Which predictions can be scored against the observation after them, (T − 1,) bool.

    Args:
        stamps: in nanoseconds, (T,).
        observations: (T, p).
        predictions: made at each of them, (T, p); NaN where there is none.
        period_ns: nominal period.
    """
    whole = np.all(np.isfinite(observations), axis=1)
    predicted = np.all(np.isfinite(predictions), axis=1)
    return follows(np.diff(stamps), period_ns) & whole[:-1] & whole[1:] & predicted[:-1]


@dataclass(frozen=True)
class PredictionErrors:
    """Squared errors of K scored predictions, in units of each channel's standard deviation.

    Attributes:
        stamps: of the observations that were predicted, in nanoseconds, (K,) int64.
        model: of the policy's predictions, (K, p) float64.
        persistence: of taking the last observation for the next, (K, p) float64.
    """

    stamps: np.ndarray
    model: np.ndarray
    persistence: np.ndarray

    @classmethod
    def of(cls, trace: Trace, std: np.ndarray, period_ns: int) -> 'PredictionErrors':
        """Score a trace.

        A prediction made at stamp t is scored against the next observation where that lies
        within a quarter of a period of t + period; else it is not scored.

        Args:
            std: standard deviation of each channel, (p,).
            period_ns: nominal period in nanoseconds.
        """
        scored = np.flatnonzero(
            scorable(trace.stamps, trace.observations, trace.predictions, period_ns)
        )
        then = trace.observations[scored + 1].astype(np.float64)
        return cls(
            trace.stamps[scored + 1],
            ((trace.predictions[scored] - then) / std) ** 2,
            ((trace.observations[scored] - then) / std) ** 2,
        )

    def __len__(self) -> int:
        return len(self.stamps)


def scored_errors(
    contract: Contract, traces: Sequence[Trace]
) -> tuple[np.ndarray, np.ndarray, str]:
    """Squared errors of all scored predictions of the q channels that a contract measures.

    Returns:
        Those of the policy and of persistence, (K, q) each, in units of each channel's standard
        deviation, and where that is from, see :func:`channel_std`.
    """
    std, scale = channel_std(contract, traces)
    parts = [PredictionErrors.of(t, std, contract.period_ns) for t in traces if len(t) > 1]
    measured, nothing = list(contract.measured), np.zeros((0, std.size))
    model = np.concatenate([nothing, *(p.model for p in parts)])[:, measured]
    persistence = np.concatenate([nothing, *(p.persistence for p in parts)])[:, measured]
    return model, persistence, scale


def mean_errors(contract: Contract, traces: Sequence[Trace]) -> tuple[float | None, float | None]:
    """Mean squared error of the predictions and of persistence, as ``prediction_mse`` and
    ``persistence_mse`` of a run; None where no prediction could be scored."""
    model, persistence, _ = scored_errors(contract, traces)
    if not len(model):
        return None, None
    return finite(np.mean(model.mean(axis=0))), finite(np.mean(persistence.mean(axis=0)))


def channel_std(contract: Contract, traces: Sequence[Trace]) -> tuple[np.ndarray, str]:
    """Standard deviation (p,) that errors are measured in, and where it is from.

    That of the contract; where a term has none, that of the observations at hand. Errors of what
    holds are not scored, and need none.
    """
    if all(term.std is not None for term in contract.sensed if not term.hold):
        return contract_std(contract.sensed), 'contract'
    seen = np.concatenate([t.observations for t in traces]).astype(np.float64)
    seen = seen[np.isfinite(seen).all(axis=1)]
    std = seen.std(axis=0) if len(seen) else np.ones(contract.sensed_size)
    return floored_by_term(contract.sensed, std), 'recording'


def contract_std(terms: Sequence[Term]) -> np.ndarray:
    """The standard deviations that a contract gives, floored term by term; 1 where it has none."""
    given = [value for term in terms for value in term.std or (1.0,) * len(term.channels)]
    return floored_by_term(terms, np.array(given))


def floored_by_term(terms: Sequence[Term], std: np.ndarray) -> np.ndarray:
    """Apply :func:`floored` to the standard deviations (p,) of each term's channels."""
    cuts = np.cumsum([len(term.channels) for term in terms])[:-1]
    return np.concatenate([floored(part) for part in np.split(std, cuts)])


def error_figures(
    channels: Sequence[str], model: np.ndarray, persistence: np.ndarray
) -> dict[str, Any]:
    """Mean squared errors (p,) as figures, together and channel by channel; None for NaN."""

    def compared(model: float, persistence: float) -> dict[str, float | None]:
        return {
            'mse': finite(model),
            'persistence_mse': finite(persistence),
            'ratio': ratio(finite(model), finite(persistence)),
        }

    whole = compared(np.mean(model), np.mean(persistence))
    return {
        'prediction_mse': whole['mse'],
        'persistence_mse': whole['persistence_mse'],
        'prediction_ratio': whole['ratio'],
        'prediction_channels': {
            name: compared(*pair) for name, *pair in zip(channels, model, persistence, strict=True)
        },
    }


def finite(value: Any) -> float | None:
    """A number for JSON; None where it is not finite."""
    return float(value) if np.isfinite(value) else None


def ratio(value: float | None, base: float | None) -> float | None:
    """A mean squared error over that of persistence, both in std².

    None where one is missing, and where nothing moved: a change of less than a millionth of a
    standard deviation per step is numerical noise, and an error over it says nothing.
    """
    if value is None or base is None or base < STILL:
        return None
    return value / base
