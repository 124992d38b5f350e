"""How fast the commands came, and whether that was fast enough; kept apart from the returns.

A walk in real time depends on the machine and on what else runs there. So its return, length and
prediction errors stand here, beside its missed deadlines, and never among a policy's figures.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from liquid_control.bags.answering import answering_reader
from liquid_control.bags.bag import Bag
from liquid_control.bags.names import recorded_name
from liquid_control.control.contract import Contract
from liquid_control.evaluation.prediction_error import finite

MISSED_LIMIT = 0.01
"""Share of the periods that may end without their command in a run that counts as in time."""
WALKED = (
    'return_mean', 'return_min', 'return_max', 'steps_mean', 'steps_min', 'falls',
    'prediction_mse', 'persistence_mse', 'prediction_ratio', 'prediction_channels',
)  # fmt: skip
"""Figures that depend on the machine where deadlines can be missed."""
_LONGEST_S = 10.0
"""A command that seems to come so long after its stamp shows clocks that differ, not latency."""


def in_real_time(mode: Any) -> bool:
    """Whether a run's commands had deadlines: in simulation against the clock, or on a robot."""
    return mode in ('realtime', 'robot')


def timing(latency_s: np.ndarray, missed: int, periods: int) -> dict[str, Any]:
    """Latencies and missed deadlines, and the verdict ``in_time``.

    Args:
        latency_s: seconds from each observation to its command; NaN if none was due, infinite if
            it came too late.
        missed: periods that ended without the command they waited for.
        periods: all periods.
    """
    share = missed / periods if periods else None
    return {
        **percentiles('sensor_to_command_ms', 1e3 * latency_s),
        'periods': periods,
        'missed_deadlines': missed,
        'missed_share': share,
        'missed_limit': MISSED_LIMIT,
        'in_time': None if share is None else share <= MISSED_LIMIT,
    }


def simulated(rows: dict[str, np.ndarray]) -> dict[str, Any]:
    """The timing of a simulation in real time, from the rows of its steps."""
    if not rows:
        return timing(np.zeros(0), 0, 0)
    return timing(latencies(rows), int(np.nansum(rows['late'])), len(rows['late']))


def on_robot(bag: Bag, contract: Contract, observed: dict[str, str] | None) -> dict[str, Any]:
    """The timing of a run on a robot, from the stamp that each command answers.

    A command's latency is the time from that stamp to the monitor's receipt of the command, so the
    sensor's own delay counts. At the contract's rate, every period should have a command; one that
    came later than a period after its stamp, or did not come, is a missed deadline. Pauses longer
    than the contract's longest gap are not counted.
    """
    latency_s = stamped_latencies(bag, contract, observed)
    answered = np.array(sorted(latency_s), dtype=np.int64)
    values = np.array([latency_s[stamp] for stamp in answered.tolist()])
    gaps = np.diff(answered)
    gaps = gaps[gaps <= contract.max_gap * 1e9]
    skipped = int(np.maximum(np.rint(gaps / contract.period_ns) - 1, 0).sum())
    late = values > contract.period_ns * 1e-9
    values[late] = np.inf
    return timing(values, skipped + int(np.count_nonzero(late)), skipped + len(values))


def stamped_latencies(
    bag: Bag, contract: Contract, observed: dict[str, str] | None
) -> dict[int, float]:
    """Stamp answered, ns → seconds to the receipt of its command.

    Empty where commands do not say what they answer, or where their stamps are of another clock.
    """
    latencies: dict[int, float] = {}
    reader = answering_reader(bag, contract, observed or {})
    if reader is None:
        return latencies
    topic = recorded_name(contract.action.topic, observed or {})
    for _, _, received, message in bag.decoded([topic]):
        stamp = reader.answered(message) if message.__msgtype__ == reader.kind else None
        if stamp is not None and abs(received - stamp) <= _LONGEST_S * 1e9:
            latencies.setdefault(stamp, (received - stamp) * 1e-9)
    return latencies


def latencies(rows: dict[str, np.ndarray]) -> np.ndarray:
    """Seconds to each step's command; NaN if none was due, infinite if it came too late."""
    if not rows:
        return np.zeros(0)
    return np.where(rows['late'] > 0, np.inf, rows['command_latency'])


def percentiles(name: str, values: np.ndarray) -> dict[str, float | None]:
    """Percentiles of the values that there are; None for one that is infinite."""
    p50, p99 = map(finite, median_and_p99(values))
    return {f'{name}_p50': p50, f'{name}_p99': p99}


def median_and_p99(values: np.ndarray | Sequence[float]) -> np.ndarray:
    """50th and 99th percentile of the values that there are, (2,); NaN if there are none.

    Each is one of the values, so that infinite ones count.
    """
    values = np.asarray(values, dtype=np.float64)
    values = values[~np.isnan(values)]
    return np.percentile(values, (50, 99), method='higher') if values.size else np.full(2, np.nan)
