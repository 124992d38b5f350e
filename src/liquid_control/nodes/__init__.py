"""ROS 2 nodes: thin. What they do is decided in ``control``, ``faults`` and ``sim``."""
