"""Messages that were sent and are not in a recording."""

from collections.abc import Mapping
from typing import Any

from liquid_control.evaluation.timing import in_real_time

LOST_LIMIT = 0.01
"""Share of a topic's messages that a complete recording may lack, where time does not wait."""


def lost_too_many(run: Mapping[str, Any]) -> str:
    """Say that a recording lacks more messages than a complete one may; empty if it does not.

    In lockstep and over a recording none may be lost; in real time and on a robot,
    :data:`LOST_LIMIT` of a topic.

    Args:
        run: the content of ``run.json``; ``lost`` is topic → ``sent`` and ``lost``.
    """
    allowed = LOST_LIMIT if in_real_time(run.get('mode')) else 0.0
    lost = {
        topic: count
        for topic, count in (run.get('lost') or {}).items()
        if count['lost'] > allowed * count['sent']
    }
    return f'messages were lost: {lost_text(lost)}' if lost else ''


def lost_text(lost: Mapping[str, Mapping[str, int]]) -> str:
    """Topic by topic: how many of the messages that were sent are not in the recording."""
    return ', '.join(
        f'{count["lost"]:,} of {count["sent"]:,} of {topic}' for topic, count in lost.items()
    )
