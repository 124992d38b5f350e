"""The answer that a replay gives, in one sentence: for the terminal and for the report."""

from typing import Any, NamedTuple

_JOINTS = 4


class Answer(NamedTuple):
    """What came out for one recording.

    Attributes:
        word: ``ALARM``, ``NOT COMPLETE``, ``FAILED`` or ``OK``.
        text: the rest of the sentence.
    """

    word: str
    text: str

    @property
    def good(self) -> bool:
        return self.word == 'OK'


def answer(outcome: dict[str, Any]) -> Answer:
    """Answer for one recording: whether the robot behaved as known, and whether all was judged.

    Args:
        outcome: a recording's outcome, as returned by :func:`~liquid_control.jobs.sweep`.
    """
    if not outcome['ok']:
        return Answer('FAILED', outcome['error'])
    result = outcome['result']
    judged = [score for score in result['policies'] if score['fault'] == 'none']
    alarms = [_alarm(score) for score in judged if score['alarm'] and score['alarm']['events']]
    incomplete = f'not complete: {result["why"]}' if result['why'] else ''
    if alarms:
        return Answer('ALARM', '; '.join([*alarms, *filter(None, [incomplete])]))
    if incomplete:
        return Answer('NOT COMPLETE', result['why'])
    heard = result['passes'][0]
    return Answer('OK', ', '.join(_good(heard, judged)))


def _alarm(score: dict[str, Any]) -> str:
    """When the first alarm began and which joints caused it."""
    first, *others = score['alarm']['events']
    joints = list(first['joints'])
    more = ' …' if len(joints) > _JOINTS else ''
    again = f', and {len(others)} more' if others else ''
    return (
        f'at {first["start_s"]:.1f} s: {", ".join(joints[:_JOINTS])}{more}{again} '
        f'(says {score["policy"]})'
    )


def _good(heard: dict[str, Any], judged: list[dict[str, Any]]) -> list[str]:
    seconds, count = heard['seconds'] or 0.0, heard['observations']
    parts = [f'{count} observations in {seconds:.1f} s']
    watched = [score['alarm']['watched_s'] for score in judged if score['alarm']]
    if watched:
        parts.append(f'no alarm in {max(watched):.1f} s watched')
    drivers = [score for score in judged if score['drives']]
    if drivers:
        compared = max(score['actions_compared'] for score in drivers)
        parts.append(f'{compared} commands compared' if compared else 'no commands recorded')
    return parts
