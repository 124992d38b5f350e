"""Which topics of a run are recorded, and which of them are followed while it is under way."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from liquid_control.control.contract import Contract
from liquid_control.control.topics import (
    BAG_ENDED,
    DROPPED,
    EPISODE,
    FLOAT64_MULTI_ARRAY,
    JOINT_STATE,
    PREDICTION,
    SHADOW,
    STATUS,
    faulty,
)
from liquid_control.nodes.live_run import LiveRun

if TYPE_CHECKING:
    from liquid_control.nodes.monitor_settings import MonitorSettings

_DIAGNOSTICS, _HEADER = 'diagnostic_msgs/msg/DiagnosticArray', 'std_msgs/msg/Header'


class RunTopic(NamedTuple):
    """One topic of a run.

    Attributes:
        topic: its name, to be remapped.
        type: message type.
        reliable: whether nothing of it may be lost.
        streamed: whether it is silent when nothing happens.
        follow: called with each message; None if it is only recorded.
        at_once: follow it whatever the backlog.
    """

    topic: str
    type: str
    reliable: bool = True
    streamed: bool = True
    follow: Callable[[Any], None] | None = None
    at_once: bool = False


def observed_topics(contract: Contract, settings: 'MonitorSettings') -> dict[str, str]:
    """Topic of the contract → topic that the policy reads it from."""
    if settings.faulty:
        return faulty(contract.topics)
    return {topic: topic for topic in contract.topics}


def run_topics(
    contract: Contract, settings: 'MonitorSettings', live: LiveRun
) -> Iterator[RunTopic]:
    """Yield every topic of a run, each once.

    Args:
        contract: the robot's.
        settings: parameters of the monitor.
        live: follows the run.
    """
    sensors, action = settings.mode != 'robot', contract.action
    for topic, source in observed_topics(contract, settings).items():
        kind, follow = contract.topics[topic], live.sensor(topic)
        yield RunTopic(topic, kind, sensors, follow=follow if source == topic else None)
        if source != topic:
            yield RunTopic(source, kind, follow=follow)
    if action.topic not in contract.topics:
        yield RunTopic(action.topic, action.type, sensors)
    yield RunTopic(PREDICTION, JOINT_STATE, follow=live.on_prediction)
    # Statuses, including the monitor's own, are sent whether or not anything happens.
    yield RunTopic(STATUS, _DIAGNOSTICS, streamed=False)
    yield RunTopic('/diagnostics', _DIAGNOSTICS, streamed=False)
    if not settings.simulated:
        yield RunTopic(SHADOW, FLOAT64_MULTI_ARRAY)
    if settings.mode == 'replay':
        yield RunTopic(BAG_ENDED, _HEADER, follow=live.on_bag_ended, at_once=True)
    if settings.simulated:
        yield RunTopic(EPISODE, JOINT_STATE, follow=live.on_row, at_once=True)
        yield RunTopic('/clock', 'rosgraph_msgs/msg/Clock', streamed=False)
        for topic, kind in (('odom', 'nav_msgs/msg/Odometry'), ('imu/data', 'sensor_msgs/msg/Imu')):
            if topic not in contract.topics:
                yield RunTopic(topic, kind)
    if settings.faulty:
        yield RunTopic(DROPPED, _HEADER, follow=live.on_dropped, at_once=True)
