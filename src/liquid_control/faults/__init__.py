"""Seeded faults of sensors. One implementation serves the ROS node, the simulation and bags."""

from liquid_control.faults.base import Fault, FaultError
from liquid_control.faults.dropped import Dropped
from liquid_control.faults.gaussian import Gaussian
from liquid_control.faults.injector import FaultInjector
from liquid_control.faults.spec import names, parse

__all__ = ['Dropped', 'Fault', 'FaultError', 'FaultInjector', 'Gaussian', 'names', 'parse']
