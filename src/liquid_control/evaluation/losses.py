"""Messages that were sent and are not in a recording."""

from collections.abc import Mapping
from typing import Any

from liquid_control.control.topics import STATUS
from liquid_control.evaluation.timing import in_real_time

LOST_LIMIT = 0.01
"""Share of a topic's messages that a complete recording may lack, where time does not wait."""
_ASIDE = ('/clock', '/diagnostics', STATUS)
"""Topics from which no figure comes but the last status; their losses are counted, not judged."""


def losses(counts: Mapping[str, Mapping[str, int]] | None) -> dict[str, Mapping[str, int]]:
    """Those of the topics that figures come from of which something was lost.

    Args:
        counts: topic → messages ``sent`` and ``lost``; None if they were not counted.
    """
    return {t: n for t, n in (counts or {}).items() if n['lost'] and t not in _ASIDE}


def lost_too_many(run: Mapping[str, Any]) -> str:
    """Say that a recording lacks more messages than a complete one may; empty if it does not.

    In lockstep and over a recording none may be lost; in real time and on a robot,
    :data:`LOST_LIMIT` of a topic.

    Args:
        run: the content of ``run.json``; ``lost`` is topic → ``sent`` and ``lost``.
    """
    allowed = LOST_LIMIT if in_real_time(run.get('mode')) else 0.0
    lost = {t: n for t, n in losses(run.get('lost')).items() if n['lost'] > allowed * n['sent']}
    return f'messages were lost: {lost_text(lost)}' if lost else ''


def lost_text(lost: Mapping[str, Mapping[str, int]]) -> str:
    """Topic by topic: how many of the messages that were sent are not in the recording."""
    return ', '.join(f'{n["lost"]:,} of {n["sent"]:,} of {topic}' for topic, n in lost.items())
