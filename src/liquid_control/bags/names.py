"""Topics recorded under other names."""

from collections.abc import Mapping

from liquid_control.control.contract import Contract
from liquid_control.control.schema import unknown
from liquid_control.control.topics import PREDICTION


def renaming(text: str) -> tuple[str, str]:
    """Split ``TOPIC=RECORDED`` into both names, without leading or trailing slashes.

    Raises:
        ValueError: one of them is missing.
    """
    topic, separator, recorded = text.partition('=')
    if not separator or not topic or not recorded:
        raise ValueError(f'observed: expected TOPIC=RECORDED, found {text}')
    return topic.strip('/'), recorded.strip('/')


def recorded_name(topic: str, observed: Mapping[str, str]) -> str:
    """Return the name, without leading slash, under which a topic was recorded.

    Args:
        topic: the topic's name in the contract.
        observed: contract topic → topic in the bag, where they differ; leading and trailing
            slashes are ignored.
    """
    bare = topic.strip('/')
    names = {name.strip('/'): recorded.strip('/') for name, recorded in observed.items()}
    return names.get(bare, bare)


_COMMANDED = ('command', 'cmd', 'desired', 'target', 'setpoint', 'reference')
_ALWAYS, _PERHAPS = ('Twist', 'TwistStamped', 'JointTrajectory'), ('JointState', 'MultiArray')


def named_command(topic: str) -> bool:
    """Whether a topic is named like one on which a robot is commanded."""
    return any(word in topic.lower() for word in _COMMANDED)


def looks_commanded(topic: str, kind: str) -> bool:
    """Whether a topic looks like one on which a robot is commanded, by its type and name."""
    name = kind.rpartition('/')[2]
    return name in _ALWAYS or (name.endswith(_PERHAPS) and named_command(topic))


def is_internal(topic: str, kind: str) -> bool:
    """Whether a topic carries the inner workings of services or actions, which nobody observes."""
    name = kind.rpartition('/')[2]
    return topic.endswith('/_service_event') or name.endswith('_Event') or '/_action/' in topic


def check_renamed(observed: Mapping[str, str], contract: Contract) -> None:
    """Raise ValueError if a renamed topic is not one that is read for the contract."""
    known = [name.strip('/') for name in (*contract.topics, contract.action.topic, PREDICTION)]
    for topic in observed:
        if topic.strip('/') not in known:
            raise ValueError(f'observed: {unknown("topic", topic.strip("/"), known)}')
