"""Seeded sensor faults: one implementation serves the ROS node, the simulation and bags."""

from liquid_control.faults.batch import FaultySensors
from liquid_control.faults.chain import FaultChain
from liquid_control.faults.delay import Delay
from liquid_control.faults.dropped import Dropped
from liquid_control.faults.fault import Fault, FaultError
from liquid_control.faults.gaussian import Gaussian
from liquid_control.faults.injector import FaultInjector, FaultyClock
from liquid_control.faults.jitter import Jitter
from liquid_control.faults.registry import SYNTAX, describe, names, parse

__all__ = [
    'SYNTAX',
    'Delay',
    'Dropped',
    'Fault',
    'FaultChain',
    'FaultError',
    'FaultInjector',
    'FaultyClock',
    'FaultySensors',
    'Gaussian',
    'Jitter',
    'describe',
    'names',
    'parse',
]
