"""Which machines a ROS graph spans."""

from collections.abc import Mapping

_CHOICES = 'ROS_AUTOMATIC_DISCOVERY_RANGE', 'ROS_LOCALHOST_ONLY'


def local_discovery(environment: Mapping[str, str]) -> dict[str, str]:
    """Variables that keep a graph on this machine; none where its owner chose otherwise."""
    if any(name in environment for name in _CHOICES):
        return {}
    return {_CHOICES[0]: 'LOCALHOST'}
