"""What came of runs, in sentences: the answer before the tables."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from liquid_control.evaluation.losses import losses, lost_text
from liquid_control.evaluation.metrics import why_stopped

TOO_SLOW = 'this machine is too slow for real time beside this load'


class Sentence(NamedTuple):
    """One sentence; ``bad`` if it reports something that must be seen."""

    text: str
    bad: bool = False


def summary(metrics: Sequence[dict]) -> list[Sentence]:
    """One sentence a run, what faults cost, and what was lost; policies that stopped first."""
    stopped = [one for one in metrics if why_stopped(one)]
    others = [one for one in metrics if one not in stopped]
    timed = [one for one in others if one['run'].get('mode') == 'realtime']
    sentences = [about(one) for one in [*stopped, *others] if one not in timed]
    sentences += [*_kept(metrics), *map(about, timed)]
    for one in metrics:
        lost = losses(one.get('counts', {}).get('lost'))
        if lost:
            text = f'{name(one)}: the recording lacks {lost_text(lost)}.'
            sentences.append(Sentence(text, bad=True))
    return sentences


def about(metrics: dict) -> Sentence:
    """What came of one run."""
    who, mode = name(metrics), metrics['run'].get('mode')
    if stopped := why_stopped(metrics):
        return _stopped(who, stopped, metrics)
    if mode == 'realtime' and metrics.get('timing'):
        return _in_real_time(who, metrics)
    if not metrics.get('complete', True):
        who += ' in real time' if mode == 'realtime' else ''
        return Sentence(_closed(f'{who}: not complete: {metrics["why"]}'), bad=True)
    if mode == 'robot':
        return _on_robot(who, metrics)
    return _simulated(who, metrics)


def name(metrics: dict) -> str:
    """Policy and fault: ``cfc under gaussian:0.1``."""
    run = metrics['run']
    fault = run.get('fault')
    policy = str(run.get('policy') or 'this run')
    return policy if fault in (None, '', 'none') else f'{policy} under {fault}'


def missed(timing: dict[str, Any], what: str = 'deadlines') -> str:
    """``4 of 1,000 deadlines (0.4 %, limit 1 %)``."""
    share, limit = timing['missed_share'], timing['missed_limit']
    of = f'{timing["missed_deadlines"]:,} of {timing["periods"]:,} {what}'
    return of if share is None else f'{of} ({100 * share:.1f} %, limit {100 * limit:g} %)'


def _closed(text: str) -> str:
    """A sentence, with a full stop unless it ends as a question."""
    return text if text.endswith('?') else f'{text}.'


def _simulated(who: str, metrics: dict) -> Sentence:
    figures = metrics['figures']
    count, falls = figures.get('episodes'), figures.get('falls')
    if not count:
        answered = metrics.get('counts', {}).get('answered', 0)
        return Sentence(f'{who}: {answered:,} observations were answered{_predicted(figures)}.')
    ended = 'without falling' if not falls else f'and fell {falls} of {count} times'
    steps = f'{figures["steps_mean"]:,.0f} steps'
    if figures['return_mean'] is None:
        return Sentence(f'{who} ran {steps} {ended}: its return is not a finite number.', bad=True)
    if count == 1:
        ended = 'without falling' if not falls else 'and fell'
        text = f'{who} ran {steps} {ended}: return {figures["return_mean"]:.0f}'
    else:
        text = (
            f'{who} ran {count} episodes of {steps} on average {ended}: '
            f'mean return {figures["return_mean"]:.0f}'
        )
    return Sentence(f'{text}{_predicted(figures)}.')


def _predicted(figures: dict) -> str:
    ratio = figures.get('prediction_ratio')
    if ratio is None:
        return ''
    if ratio == 1.0:
        return ', and it predicts no change'
    return f', prediction error {ratio:.3f} of persistence'


def _stopped(who: str, stopped: str, metrics: dict) -> Sentence:
    who += ' in real time' if metrics['run']['mode'] == 'realtime' else ''
    why = metrics.get('why', stopped)
    more = '' if why == stopped else f'; not complete: {why}'
    return Sentence(_closed(f'{who}: {stopped}{more}'), bad=True)


def _in_real_time(who: str, metrics: dict) -> Sentence:
    timing = metrics['timing']
    if timing['in_time'] is None:
        text = f'{who} in real time: not complete: {metrics["why"]}'
        return Sentence(_closed(text), bad=True)
    text = f'{who} in real time missed {missed(timing)}'
    text += '' if timing['in_time'] else f': {TOO_SLOW}'
    if not metrics.get('complete', True):
        return Sentence(_closed(f'{text}; not complete: {metrics["why"]}'), bad=True)
    if not timing['in_time']:
        return Sentence(f'{text}.', bad=True)
    return Sentence(f'{text}: fast enough.')


def _on_robot(who: str, metrics: dict) -> Sentence:
    timing, figures = metrics['timing'] or {}, metrics['figures']
    counts = metrics.get('counts', {})
    text = f'{who} answered {counts.get("answered", 0):,} observations'
    if counts.get('shadow'):
        text = f'{who} took {counts["events"]["steps"]:,} steps in the shadow of another driver'
    text += _predicted(figures)
    stopped = metrics.get('counts', {}).get('stopped')
    if stopped:
        return Sentence(_closed(f'{text}, then it was stopped: {stopped}'), bad=True)
    if not timing.get('periods'):
        return Sentence(f'{text}; its commands carry no stamp that tells their latency.')
    late = f'{missed(timing, "periods")} had no command in time'
    if timing['in_time']:
        return Sentence(f'{text}; {late}.')
    return Sentence(
        f"{text}; {late}: too slow, or the sensors are slower than the contract's rate, or the "
        'clocks differ.',
        bad=True,
    )


def _kept(metrics: Sequence[dict]) -> list[Sentence]:
    """What each fault leaves of the return that the same policy has without it."""
    clean, faulty = {}, {}
    for one in metrics:
        run, found = one['run'], one['figures'].get('return_mean')
        if found is None or not one.get('complete', True):
            continue
        fault = run.get('fault') or 'none'
        key = str(run.get('policy'))
        if fault == 'none':
            clean[key] = found
        else:
            faulty.setdefault(fault, {})[key] = found
    sentences = []
    for fault, returns in faulty.items():
        kept = [
            f'{policy} keeps {100 * found / clean[policy]:.0f} %'
            for policy, found in returns.items()
            if clean.get(policy, 0) > 0
        ]
        if kept:
            sentences.append(
                Sentence(f'Under {fault}, {_list(kept)} of its return without faults.')
            )
    return sentences


def _list(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f'{", ".join(parts[:-1])} and {parts[-1]}'
