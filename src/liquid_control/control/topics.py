"""Topics shared by nodes, launch files and evaluations, besides those of the robot's contract."""

from typing import Any

FAULTY = 'faulty/'
"""Namespace under which the fault node republishes the sensors."""
PREDICTION = 'policy/prediction'
"""The sensed values that the policy expects next."""
STATUS = 'policy/status'
"""Counters, latency and memory of the policy node."""
SHADOW = 'policy/command'
"""What a policy node in shadow mode would have sent."""
EPISODE = 'sim/episode'
"""One row per simulation step."""
DROPPED = 'fault/dropped'
"""Stamp and topic of a sample that the fault node withheld."""
BAG_ENDED = 'bag/ended'
"""Published once when playback ends; ``frame_id`` says why the recording is incomplete."""

_OWN = (PREDICTION, STATUS, SHADOW, EPISODE, DROPPED, BAG_ENDED)


def is_own(topic: str) -> bool:
    """Whether a topic, in any namespace, is one of this package's and not the robot's."""
    path = f'/{topic.lstrip("/")}'
    return path.endswith(tuple(f'/{own}' for own in _OWN)) or f'/{FAULTY}' in path


def answered_stamp(command: Any) -> int | None:
    """Stamp in ns of the observation that a command answers; None if its sender does not say.

    Args:
        command: a message of any type; a command that answers an observation is a
            Float64MultiArray with the stamp as the label of its first dimension.
    """
    layout = getattr(command, 'layout', None)
    dimensions = layout.dim if layout is not None else ()
    label = dimensions[0].label if dimensions else ''
    return int(label) if label.isascii() and label.isdigit() and len(label) < 20 else None
