"""Recorded bags: read as far as possible, in stamp order, and what they contain."""

from liquid_control.bags.bag import Bag
from liquid_control.bags.commands import RecordedCommand, recorded_commands
from liquid_control.bags.coverage import bag_facts
from liquid_control.bags.merging import Merged, merged
from liquid_control.bags.storage import BagError

__all__ = [
    'Bag',
    'BagError',
    'Merged',
    'RecordedCommand',
    'bag_facts',
    'merged',
    'recorded_commands',
]
