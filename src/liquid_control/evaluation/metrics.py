"""The figures of a run: what was achieved, how well the next observation was predicted, how fast.

docs/metrics.md defines each of them.
"""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from liquid_control.bags.bag import Bag
from liquid_control.control.contract import Contract
from liquid_control.control.topics import DROPPED
from liquid_control.evaluation.prediction_error import (
    PredictionErrors,
    channel_std,
    error_figures,
    finite,
)
from liquid_control.evaluation.replay import recorded_trace
from liquid_control.evaluation.runs import (
    episode_rows,
    last_status,
    read_run,
    recorded_contract,
)
from liquid_control.evaluation.trace import Trace
from liquid_control.provenance import write_json

FORMAT = 1
_STATUS_FIGURES = {
    'parameters': 'parameters',
    'step_p50_us': 'policy_step_us_p50',
    'step_p99_us': 'policy_step_us_p99',
    'resident_mb': 'resident_mb',
}
"""Key of the policy node's status → figure."""


def figures(
    contract: Contract,
    traces: Sequence[Trace],
    episodes: Sequence[dict] = (),
    latency_s: Iterable[float] = (),
    late: int | None = None,
    status: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Compute the figures of a run, or of in-process walks; None (null) for what is not known.

    Args:
        contract: what the policy asks of the robot.
        traces: what it saw, did and predicted.
        episodes: dicts with ``return``, ``steps`` and ``terminated``.
        latency_s: seconds from each observation to its command; NaN if none was due, infinite if
            it came too late.
        late: periods whose command came too late; None if that was not counted.
        status: the policy node's last status, as strings.
    """
    std, scale = channel_std(contract, traces)
    parts = [PredictionErrors.of(t, std, contract.period_ns) for t in traces if len(t) > 1]
    scored = list(contract.measured)
    nothing = np.zeros((0, std.size))
    model = np.concatenate([nothing, *(p.model for p in parts)])[:, scored]
    persistence = np.concatenate([nothing, *(p.persistence for p in parts)])[:, scored]
    returns = [e['return'] for e in episodes]
    lengths = [e['steps'] for e in episodes]
    latency_ms = np.fromiter(latency_s, dtype=np.float64) * 1e3
    steps_us = np.concatenate([t.step_s for t in traces] or [np.zeros(0)]) * 1e6
    found = {
        'episodes': len(episodes),
        'return_mean': _mean(returns),
        'return_min': min(returns, default=None),
        'return_max': max(returns, default=None),
        'steps_mean': _mean(lengths),
        'steps_min': min(lengths, default=None),
        'falls': sum(bool(e['terminated']) for e in episodes) if episodes else None,
        'prediction_scored': len(model),
        'prediction_scale': scale,
        **error_figures(
            [contract.sensed_channels[place] for place in scored],
            *(
                errors.mean(axis=0) if len(errors) else np.full(len(scored), np.nan)
                for errors in (model, persistence)
            ),
        ),
        **_percentiles('sensor_to_command_ms', latency_ms),
        'missed_deadlines': late,
        **_percentiles('policy_step_us', steps_us[steps_us > 0]),
        'resident_mb': None,
        'parameters': None,
    }
    for key, name in _STATUS_FIGURES.items():
        value = _number((status or {}).get(key))
        if value is not None:
            found[name] = value
    if found['parameters'] is not None:
        found['parameters'] = int(found['parameters'])
    return found


def measure(folder: str | Path) -> dict[str, Any]:
    """Measure a run folder and write its ``metrics.json``.

    A run that was cut short, or whose bag is damaged or empty, is measured as far as possible;
    ``complete`` is then false and ``why`` says what is wrong.

    Raises:
        OSError: ``metrics.json`` cannot be written.
    """
    folder = Path(folder)
    result: dict[str, Any] = {
        'format': FORMAT,
        'complete': False,
        'why': '',
        'run': {},
        'episodes': [],
        'figures': {},
        'counts': {},
    }
    try:
        result['run'] = run = read_run(folder)
        bag = Bag(folder)
        result['why'] = _measure(bag, run, result)
    except (ValueError, OSError) as error:
        result['why'] = str(error)
    result['complete'] = not result['why']
    write_json(folder / 'metrics.json', result)
    return result


def load_metrics(folder: str | Path) -> dict[str, Any]:
    """Load a run folder's ``metrics.json``; if it is missing or malformed, measure the run.

    Raises:
        OSError: the run has to be measured, and ``metrics.json`` cannot be written.
    """
    try:
        found = json.loads((Path(folder) / 'metrics.json').read_text())
    except (OSError, ValueError):
        return measure(folder)
    whole = isinstance(found, dict) and {'complete', 'why', 'run', 'figures'} <= found.keys()
    return found if whole else measure(folder)


def _measure(bag: Bag, run: dict[str, Any], result: dict[str, Any]) -> str:
    """Fill in what a bag tells; return why it is not complete, or an empty string."""
    contract = recorded_contract(bag, run)
    status = last_status(bag)
    rows = episode_rows(bag)
    episodes = episodes_of(rows)
    trace = recorded_trace(bag, contract, run.get('observed'))
    finished = [e for e in episodes if e['complete']]
    late = int(np.nansum(rows['late'])) if 'late' in rows else None
    result['episodes'] = episodes
    result['figures'] = figures(contract, [trace], finished, latencies(rows), late, status)
    if result['figures']['parameters'] is None:
        counts = run.get('bundle', {}).get('counts', {})
        result['figures']['parameters'] = counts.get('parameters')
    result['counts'] = {
        'messages': dict(sorted(bag.counts.items())),
        'answered': int(np.count_nonzero(trace.answers)),
        'dropped': bag.counts[DROPPED],
        'events': _events(status),
    }
    if bag.damage:
        return bag.damage
    if 'ended' in run and run['ended'] != 'done':
        return str(run['ended'] or 'the recorder was stopped before it finished')
    expected = run.get('episodes') if run.get('mode') not in ('robot', 'replay') else None
    if expected and len(finished) < expected:
        return f'{len(finished)} of {expected} episodes were finished'
    return '' if len(trace) else 'no observation was recorded'


def episodes_of(rows: dict[str, np.ndarray]) -> list[dict[str, Any]]:
    """Return one dict per episode, in order, from the rows of its steps."""
    found = []
    for number in dict.fromkeys(rows.get('episode', np.zeros(0)).tolist()):
        part = np.flatnonzero(rows['episode'] == number)
        last = {name: values[part[-1]] for name, values in rows.items()}
        latency_ms = latencies(rows)[part] * 1e3
        found.append(
            {
                'episode': int(number),
                'seed': int(last['seed']),
                'return': float(last['return']),
                'steps': int(last['step']),
                'terminated': bool(last['terminated']),
                'complete': bool(last['terminated'] or last['truncated']),
                'missed_deadlines': int(np.nansum(rows['late'][part])),
                **_percentiles('sensor_to_command_ms', latency_ms),
            }
        )
    return found


def _events(status: dict[str, str]) -> dict[str, int]:
    """Return a status's counters: everything that is a whole number and not a figure."""
    return {
        key: int(value)
        for key, value in status.items()
        if value.isdecimal() and key not in _STATUS_FIGURES and key != 'bundle_sha256'
    }


def _mean(values: Any) -> float | None:
    return float(np.mean(values)) if np.size(values) else None


def _number(text: str | None) -> float | None:
    try:
        value = float(text) if text else None
    except ValueError:
        return None
    return value if value is not None and np.isfinite(value) else None


def latencies(rows: dict[str, np.ndarray]) -> np.ndarray:
    """Seconds to each step's command; NaN if none was due, infinite if it came too late."""
    if not rows:
        return np.zeros(0)
    return np.where(rows['late'] > 0, np.inf, rows['command_latency'])


def _percentiles(name: str, values: np.ndarray) -> dict[str, float | None]:
    """Percentiles of the values that there are; None for one that is infinite."""
    p50, p99 = map(finite, median_and_p99(values))
    return {f'{name}_p50': p50, f'{name}_p99': p99}


def median_and_p99(values: np.ndarray) -> np.ndarray:
    """50th and 99th percentile of the values that there are, (2,); NaN if there are none.

    Each is one of the values, so that infinite ones count.
    """
    values = values[~np.isnan(values)]
    return np.percentile(values, (50, 99), method='higher') if values.size else np.full(2, np.nan)
