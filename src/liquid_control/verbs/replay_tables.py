"""What ``liquid-control replay`` prints: one answer per recording, then tables and details."""

from collections.abc import Iterator
from typing import Any

from rich.markup import escape

from liquid_control.report.replay_answer import answer
from liquid_control.verbs.bag_tables import coverage_parts
from liquid_control.verbs.tables import new_table

_AHEAD = (1, 2, 5, 10, 20, 50)
_LEGEND = (
    '[dim]steps: used/all; error: mean squared error of the predicted next observation in units '
    'of std; persist.: that of predicting no change; Δ: action minus recorded command, largest '
    'and root mean square; step: p50/p99[/]'
)


def answer_line(name: str, outcome: dict[str, Any]) -> str:
    """The answer for one recording, with its name if it has one."""
    found = answer(outcome)
    colour = 'green' if found.good else 'red'
    before = f'{escape(name)}: ' if name else ''
    return f'{before}[bold {colour}]{found.word}[/] {escape(found.text)}'


def result_parts(result: dict[str, Any], verbose: bool) -> Iterator[Any]:
    """The figures of one recording and what was recorded, part by part, for rich to print.

    Args:
        result: what :func:`~liquid_control.report.replays.replay_recording` returned.
        verbose: list every oddity of the recording.
    """
    yield score_table(result['policies'])
    yield _LEGEND
    yield horizon_table(result['policies'])
    for silence in result['heard'][0]['silences']:
        yield (
            f'[yellow]{escape(silence["topic"])} is silent from {silence["since_s"]:.2f} s to '
            f'{_until(silence["until_s"])}[/]'
        )
    for score in result['policies']:
        who = escape(score['policy']) + ('' if score['fault'] == 'none' else f', {score["fault"]}')
        if score['reasons']:
            told = ', '.join(f'{count} {name}' for name, count in score['reasons'].items())
            yield f'[yellow]{who}: {told.replace("_", " ")}[/]'
        for event in (score['alarm'] or {}).get('events', ()):
            joints = ', '.join(list(event['joints'])[:4])
            yield (
                f'[red]ALARM[/] {who}: from {event["start_s"]:.2f} s to {_until(event["end_s"])} '
                f'the robot does not behave as the model knows it: {escape(joints)}'
            )
    yield '[bold]What was recorded[/]'
    yield from coverage_parts(result['coverage'], verbose)


def score_table(scores: list[dict[str, Any]]) -> Any:
    """Table with one row per policy and fault."""
    faults = any(score['fault'] != 'none' for score in scores)
    compared = any(score['actions_compared'] for score in scores)
    actions = ['Δ max', 'Δ rms'] if compared else []
    table = new_table('policy', *(['fault'] if faults else []), 'steps', 'error', 'persist.',
                      'ratio', *actions, 'step µs', left=('fault',))  # fmt: skip
    for score in scores:
        p50, p99 = (_text(score[f'policy_step_us_{p}'], '.0f') for p in ('p50', 'p99'))
        differences = [_text(score[f'action_difference_{p}'], '.3g') for p in ('max', 'rms')]
        table.add_row(
            escape(score['policy']),
            *([escape(score['fault'])] if faults else []),
            _steps(score),
            _text(score['prediction_mse'], '.2g'),
            _text(score['persistence_mse'], '.2g'),
            _ratio(score['prediction_ratio']),
            *(differences if compared else []),
            f'{p50}/{p99}',
        )
    return table


def horizon_table(scores: list[dict[str, Any]]) -> Any:
    """Table of error over persistence at some numbers of steps ahead."""
    last = max((score['horizons']['steps'] or [0])[-1] for score in scores)
    ahead = sorted({step for step in _AHEAD if step < last} | ({last} if last else set()))
    table = new_table('policy', 'fault', *map(str, ahead), left=('fault',),
                      title='error / persistence, fed with its own predictions')  # fmt: skip
    for score in scores:
        ratios = dict(zip(score['horizons']['steps'], score['horizons']['ratio'], strict=True))
        table.add_row(
            escape(score['policy']),
            escape(score['fault']),
            *(_ratio(ratios.get(step)) for step in ahead),
        )
    return table


def fleet_table(found: dict[str, Any]) -> Any:
    """Table with one row per policy and fault, over all recordings."""
    failed = len(found['failed'])
    table = new_table('policy · fault', 'recordings', 'steps', 'ratio, median', 'worst',
                      'watched s', 'alarms', 'alarmed',
                      title=f'{found["recordings"]} recordings, {failed} failed')  # fmt: skip
    for name, row in found['policies'].items():
        table.add_row(
            escape(name),
            str(row['recordings']),
            _steps(row),
            _ratio(row['prediction_ratio_median']),
            _ratio(row['prediction_ratio_worst']),
            f'{row["watched_s"]:.1f}' if row['watched_s'] else '–',
            str(row['alarms']),
            str(len(row['alarmed'])),
        )
    return table


def _until(seconds: float | None) -> str:
    return 'the end' if seconds is None else f'{seconds:.2f} s'


def _text(value: Any, form: str) -> str:
    return '–' if value is None else format(value, form)


def _ratio(value: float | None) -> str:
    """A ratio with three decimals, or with three digits where it is large."""
    return _text(value, '.3f' if value is None or value < 1000.0 else '.3g')


def _steps(score: dict[str, Any]) -> str:
    """Number of used observations, with the total if not all were used."""
    used, heard = score['used'], score['observations']
    return str(used) if used == heard else f'{used}/{heard}'
