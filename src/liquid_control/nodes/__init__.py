"""Thin ROS 2 nodes: what they do is decided in ``control``, ``faults`` and ``sim``."""
