"""The figures of a run: what was achieved, how well the next observation was predicted, how fast.

What a policy achieves and how fast its commands came are kept apart, in ``figures`` and ``timing``.

docs/metrics.md defines each of them.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from liquid_control.bags.bag import Bag
from liquid_control.bags.names import recorded_name
from liquid_control.control.contract import Contract
from liquid_control.control.topics import DROPPED, PREDICTION, SHADOW
from liquid_control.evaluation.losses import lost_too_many
from liquid_control.evaluation.prediction_error import error_figures, scored_errors
from liquid_control.evaluation.recorded_trace import recorded_trace
from liquid_control.evaluation.runs import (
    episode_rows,
    last_statuses,
    read_run,
    recorded_contract,
    trained_elapsed,
)
from liquid_control.evaluation.timing import (
    WALKED,
    in_real_time,
    latencies,
    on_robot,
    percentiles,
    simulated,
)
from liquid_control.evaluation.trace import Trace
from liquid_control.files import from_json
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
    status: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Compute the figures of a run, or of in-process walks; None (null) for what is not known.

    Args:
        contract: what the policy asks of the robot.
        traces: what it saw, did and predicted.
        episodes: dicts with ``return``, ``steps`` and ``terminated``.
        status: the policy node's last status, as strings.
    """
    model, persistence, scale = scored_errors(contract, traces)
    scored = list(contract.measured)
    returns = [e['return'] for e in episodes]
    lengths = [e['steps'] for e in episodes]
    steps_us = np.concatenate([t.step_s for t in traces] or [np.zeros(0)]) * 1e6
    numbers = {
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
            [contract.sensed_channels[index] for index in scored],
            *(
                errors.mean(axis=0) if len(errors) else np.full(len(scored), np.nan)
                for errors in (model, persistence)
            ),
        ),
        **percentiles('policy_step_us', steps_us[steps_us > 0]),
        'resident_mb': None,
        'parameters': None,
    }
    for key, name in _STATUS_FIGURES.items():
        value = _number((status or {}).get(key))
        if value is not None:
            numbers[name] = value
    if numbers['parameters'] is not None:
        numbers['parameters'] = int(numbers['parameters'])
    return numbers


def measure(folder: str | Path) -> dict[str, Any]:
    """Measure a run folder and write its ``metrics.json``.

    A run that was cut short, or whose bag is damaged or empty, is measured as far as possible;
    ``complete`` is then false and ``why`` says what is wrong.

    Raises:
        OSError: ``metrics.json`` cannot be written.
    """
    folder = Path(folder)
    result = _unmeasured({}, '')
    try:
        result['run'] = run = read_run(folder)
        bag = Bag(folder)
        result['why'] = _measure(bag, run, result)
    except (ValueError, OSError) as error:
        result['why'] = str(error)
    result['complete'] = not result['why']
    write_json(folder / 'metrics.json', result)
    return result


def nothing_recorded(folder: Path, run: dict[str, Any], why: str) -> None:
    """Write the ``metrics.json`` of a run that failed before its first step.

    Args:
        folder: the run folder.
        run: what ``run.json`` would have said.
        why: the failure.

    Raises:
        OSError: it cannot be written.
    """
    write_json(folder / 'metrics.json', _unmeasured({**run, 'ended': why}, why))


def _unmeasured(run: dict[str, Any], why: str) -> dict[str, Any]:
    return {
        'format': FORMAT,
        'complete': False,
        'why': why,
        'run': run,
        'episodes': [],
        'figures': {},
        'timing': None,
        'counts': {},
    }


def load_metrics(folder: str | Path) -> dict[str, Any]:
    """Load a run folder's ``metrics.json``; if it is missing or malformed, measure the run.

    Raises:
        OSError: the run has to be measured, and ``metrics.json`` cannot be written.
    """
    try:
        saved = from_json((Path(folder) / 'metrics.json').read_text())
    except (OSError, ValueError):
        return measure(folder)
    needed = {'complete', 'why', 'run', 'figures', 'timing'}
    whole = isinstance(saved, dict) and needed <= saved.keys()
    return saved if whole else measure(folder)


def _measure(bag: Bag, run: dict[str, Any], result: dict[str, Any]) -> str:
    """Fill in what a bag tells; return why it is not complete, or an empty string."""
    mode, observed = run.get('mode'), run.get('observed')
    (status, active), rows = last_statuses(bag), episode_rows(bag)
    result['episodes'] = episodes = episodes_of(rows, timed=in_real_time(mode))
    result['counts'] = {
        'messages': dict(sorted(bag.counts.items())),
        'lost': run.get('lost'),
        'answered': 0,
        'dropped': bag.counts[DROPPED],
        'events': _events(status),
        'stopped': active.get('stopped') or None,
        'shadow': status.get('shadow') == 'True',
    }
    if mode == 'realtime':
        result['timing'] = simulated(rows)
    ended = _ended(run)
    contract = recorded_contract(bag, run)
    nothing = _nothing_of_policy(bag, contract, observed)
    if nothing:
        return ended or why_stopped(result) or nothing
    trace = recorded_trace(bag, contract, observed, run.get('thin', True), trained_elapsed(run))
    finished = [e for e in episodes if e['complete']]
    expected = run.get('episodes') if mode not in ('robot', 'replay') else None
    if expected and len(finished) >= expected and _drove_to_the_end(trace, rows, contract):
        result['counts']['stopped'] = None  # only by the silence of a simulation that is over
    ended = ended or why_stopped(result)
    walked = [{**e, 'return': e.get('walk_return', e.get('return'))} for e in finished]
    result['figures'] = numbers = figures(contract, [trace], walked, status)
    if numbers['parameters'] is None:
        numbers['parameters'] = run.get('bundle', {}).get('counts', {}).get('parameters')
    if mode == 'realtime':
        result['timing']['walk'] = {name: numbers[name] for name in WALKED}
        numbers.update(dict.fromkeys(WALKED))
        numbers['prediction_scored'] = 0
    if mode == 'robot':
        result['timing'] = on_robot(bag, contract, observed)
    if result['timing'] is not None:
        result['timing']['priority'] = status.get('priority')
    result['counts']['answered'] = int(np.count_nonzero(trace.answers))
    if bag.damage:
        return bag.damage
    if ended:
        return ended
    if expected and len(finished) < expected:
        return f'{len(finished)} of {expected} episodes were finished'
    return lost_too_many(run) or ('' if len(trace) else 'no observation was recorded')


def _ended(run: dict[str, Any]) -> str:
    """Why a run ended; empty if it ended as it should."""
    if 'ended' not in run or run['ended'] == 'done':
        return ''
    return str(run['ended'] or 'the recorder was stopped before it finished')


def _nothing_of_policy(bag: Bag, contract: Contract, observed: dict[str, str] | None) -> str:
    """Say that nothing was recorded of what the policy reads, or of what it sends."""
    names = {topic: recorded_name(topic, observed or {}) for topic in contract.topics}
    unheard = [name for name in names.values() if name not in bag.counts]
    if unheard:
        return f'nothing was recorded of {", ".join(unheard)}, which the policy reads'
    sent = (contract.action.topic, PREDICTION, SHADOW)
    if any(recorded_name(topic, observed or {}) in bag.counts for topic in sent):
        return ''
    return (
        'nothing was recorded of the policy, neither a command nor a prediction: was it active, '
        'and did it hear the sensors? (policy/status says)'
    )


def episodes_of(rows: dict[str, np.ndarray], timed: bool = False) -> list[dict[str, Any]]:
    """Return one dict per episode, in order, from the rows of its steps.

    Where deadlines can be missed (``timed``), each has its deadlines, and what it returned is
    called ``walk_return``: it depends on the machine.
    """
    episodes = []
    for number in dict.fromkeys(rows.get('episode', np.zeros(0)).tolist()):
        part = np.flatnonzero(rows['episode'] == number)
        last = {name: values[part[-1]] for name, values in rows.items()}
        episode: dict[str, Any] = {
            'episode': int(number),
            'seed': int(last['seed']),
            'walk_return' if timed else 'return': float(last['return']),
            'steps': int(last['step']),
            'terminated': bool(last['terminated']),
            'complete': bool(last['terminated'] or last['truncated']),
        }
        if timed:
            episode['missed_deadlines'] = int(np.nansum(rows['late'][part]))
            episode |= percentiles('sensor_to_command_ms', latencies(rows)[part] * 1e3)
        episodes.append(episode)
    return episodes


def _events(status: dict[str, str]) -> dict[str, int]:
    """Return a status's counters: everything that is a whole number and not a figure."""
    return {
        key: int(value)
        for key, value in status.items()
        if value.isdecimal() and key not in _STATUS_FIGURES and key != 'bundle_sha256'
    }


def _drove_to_the_end(trace: Trace, rows: dict[str, np.ndarray], contract: Contract) -> bool:
    """Whether an observation was answered shortly before the last step, by the stamps."""
    answered = trace.stamps[trace.answers]
    if not answered.size:
        return False
    return bool(rows['stamp'].max() - answered.max() <= contract.freshness * 1e9)


def why_stopped(metrics: dict[str, Any]) -> str:
    """Why the policy of a simulated run stopped driving; empty if it did not."""
    simulated_run = metrics['run'].get('mode') in ('lockstep', 'realtime')
    why = metrics.get('counts', {}).get('stopped')
    return f'the policy stopped driving: {why}' if simulated_run and why else ''


def _mean(values: Any) -> float | None:
    return float(np.mean(values)) if np.size(values) else None


def _number(text: str | None) -> float | None:
    try:
        value = float(text) if text else None
    except ValueError:
        return None
    return value if value is not None and np.isfinite(value) else None
