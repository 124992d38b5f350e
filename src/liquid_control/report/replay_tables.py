"""What ``liquid-control replay`` prints: one answer per recording, then tables and details."""

from collections.abc import Iterator
from typing import Any

from rich.markup import escape

from liquid_control.report.bag_tables import coverage_parts
from liquid_control.report.replay_answer import answer
from liquid_control.report.tables import Figure, new_table

_AHEAD = (1, 2, 5, 10, 20, 50)

_STEPS = Figure('steps', 'd', ('used', 'all'), alone=True)


class _Ratio(Figure):
    """A ratio with three decimals, or with three digits where it is large."""

    def text(self, value: Any) -> str:
        if value is None or value != value:
            return super().text(value)
        return format(value, '.3f' if value < 1000.0 else '.3g')


def answer_line(name: str, outcome: dict[str, Any]) -> str:
    """The answer for one recording, with its name if it has one."""
    found = answer(outcome)
    colour = 'green' if found.good else 'red'
    before = f'{escape(name)}: ' if name else ''
    return f'{before}[bold {colour}]{found.word}[/] {escape(found.text)}'


def result_parts(result: dict[str, Any], verbose: bool) -> Iterator[Any]:
    """The figures of one recording and what was recorded, part by part, for rich to print.

    Args:
        result: what :func:`~liquid_control.replay.fleet.replay_recording` returned.
        verbose: list every oddity of the recording.
    """
    yield score_table(result['policies'])
    for line in legend(result['policies']):
        yield f'[dim]{line}[/]'
    yield ''
    yield horizon_table(result['policies'])
    found = list(_findings(result))
    yield from found
    if found:
        yield ''
    yield '[bold]What was recorded[/]'
    yield from coverage_parts(result['coverage'], verbose)


def _findings(result: dict[str, Any]) -> Iterator[str]:
    """A line for each silence, each policy's counted events and each alarm."""
    for silence in result['passes'][0]['silences']:
        yield (
            f'[yellow]{escape(silence["topic"])} is silent from {silence["since_s"]:.2f} s to '
            f'{_until(silence["until_s"])}[/]'
        )
    for score in result['policies']:
        who = escape(score['policy']) + ('' if score['fault'] == 'none' else f', {score["fault"]}')
        if score['reasons']:
            reasons = ', '.join(f'{count} {name}' for name, count in score['reasons'].items())
            yield f'[yellow]{who}: {reasons.replace("_", " ")}[/]'
        for event in (score['alarm'] or {}).get('events', ()):
            joints = ', '.join(list(event['joints'])[:4])
            yield (
                f'[red]ALARM[/] {who}: from {event["start_s"]:.2f} s to {_until(event["end_s"])} '
                f'the robot does not behave as the model knows it: {escape(joints)}'
            )


def legend(scores: list[dict[str, Any]]) -> Iterator[str]:
    """What the columns of ``score_table`` mean, a line each."""
    if any(score['used'] != score['observations'] for score in scores):
        yield 'steps     observations used / all'
    yield 'error     mean squared error of the predicted next observation, in std²'
    yield 'persist.  the same error if no change is predicted'
    yield 'ratio     error / persist.; below 1, the model knows how the robot moves'
    if any(score['actions_compared'] for score in scores):
        yield 'Δ         difference from the recorded command: largest, root mean square'
    yield 'step µs   time of one step: median / 99th percentile'


def score_table(scores: list[dict[str, Any]]) -> Any:
    """Table with one row per policy and fault."""
    faults = any(score['fault'] != 'none' for score in scores)
    compared = any(score['actions_compared'] for score in scores)
    actions = [Figure('Δ max', '.3g'), Figure('Δ rms', '.3g')] if compared else []
    table = new_table(
        'policy', *(['fault'] if faults else []), _STEPS, Figure('error', '.2g'),
        Figure('persist.', '.2g'), _Ratio('ratio'), *actions,
        Figure('step µs', '.0f', ('p50', 'p99')), left=('fault',), keys=2 if faults else 1,
    )  # fmt: skip
    for score in scores:
        differences = [score[f'action_difference_{p}'] for p in ('max', 'rms')]
        table.add_row(
            score['policy'],
            *([score['fault']] if faults else []),
            _steps(score),
            score['prediction_mse'],
            score['persistence_mse'],
            score['prediction_ratio'],
            *(differences if compared else []),
            tuple(score[f'policy_step_us_{p}'] for p in ('p50', 'p99')),
        )
    return table


def horizon_table(scores: list[dict[str, Any]]) -> Any:
    """Table of error over persistence at some numbers of steps ahead."""
    last = max((score['horizons']['steps'] or [0])[-1] for score in scores)
    ahead = sorted({step for step in _AHEAD if step < last} | ({last} if last else set()))
    table = new_table(
        'policy', 'fault', *(_Ratio(str(step)) for step in ahead), left=('fault',), keys=2,
        title='ratio, this many steps ahead without new measurements, at most 50 starts a second',
    )  # fmt: skip
    for score in scores:
        ratios = dict(zip(score['horizons']['steps'], score['horizons']['ratio'], strict=True))
        table.add_row(score['policy'], score['fault'], *(ratios.get(step) for step in ahead))
    return table


def fleet_table(found: dict[str, Any]) -> Any:
    """Table with one row per policy and fault, over all recordings."""
    failed = len(found['failed'])
    table = new_table(
        'policy · fault', Figure('recordings', 'd'), _STEPS, _Ratio('ratio, median'),
        _Ratio('worst'), Figure('watched s', '.1f'), Figure('alarms', 'd'),
        Figure('alarmed', 'd'), title=f'{found["recordings"]} recordings, {failed} failed',
    )  # fmt: skip
    for name, row in found['policies'].items():
        table.add_row(
            name,
            row['recordings'],
            _steps(row),
            row['prediction_ratio_median'],
            row['prediction_ratio_worst'],
            row['watched_s'] or None,
            row['alarms'],
            len(row['alarmed']),
        )
    return table


def _until(seconds: float | None) -> str:
    return 'the end' if seconds is None else f'{seconds:.2f} s'


def _steps(score: dict[str, Any]) -> tuple[int, int | None]:
    """Number of used observations, and the total if not all were used."""
    used, heard = score['used'], score['observations']
    return used, None if used == heard else heard
