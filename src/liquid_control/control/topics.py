"""Topics and message types shared by nodes, bags and evaluations, besides the contract's own."""

from collections.abc import Iterable

JOINT_STATE = 'sensor_msgs/msg/JointState'
FLOAT64_MULTI_ARRAY = 'std_msgs/msg/Float64MultiArray'

FAULTY = 'faulty/'
"""Namespace under which the fault node republishes the sensors."""
PREDICTION = 'policy/prediction'
"""The sensed values that the policy expects next."""
STATUS = 'policy/status'
"""Counters, latency and memory of the policy node."""
SHADOW = 'policy/command'
"""What a policy node in shadow mode would have sent, a Float64MultiArray for every robot."""
EPISODE = 'sim/episode'
"""One row per simulation step."""
DROPPED = 'fault/dropped'
"""Stamp and topic of a sample that the fault node withheld."""
BAG_ENDED = 'bag/ended'
"""Published once when playback ends; ``frame_id`` says why the recording is incomplete."""


def faulty(topics: Iterable[str]) -> dict[str, str]:
    """Topic → the one on which the fault node republishes it."""
    return {topic: FAULTY + topic for topic in topics}


_OWN = (PREDICTION, STATUS, SHADOW, EPISODE, DROPPED, BAG_ENDED)


def is_own(topic: str) -> bool:
    """Whether a topic, in any namespace, is one of this package's and not the robot's."""
    path = f'/{topic.lstrip("/")}'
    return path.endswith(tuple(f'/{own}' for own in _OWN)) or f'/{FAULTY}' in path
