"""What nodes log, and whoever started them looks for."""

BEGUN = 'the first observation is answered'
"""Said by a simulation whose run begins."""
TAKEN = 'runs in this ROS domain'
"""Said by a node that finds another of its name, as of another run."""
