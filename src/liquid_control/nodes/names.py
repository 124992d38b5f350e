"""Names that several nodes, launch files and evaluations share."""

FAULTY = 'faulty/'
"""Namespace under which the fault node republishes the sensors."""
SHADOW = 'policy/command'
"""What a policy node in the shadow would have sent."""
BAG_ENDED = 'bag/ended'
"""The end of a recording on the graph, as a Header: why it is not whole, as ``frame_id``."""
