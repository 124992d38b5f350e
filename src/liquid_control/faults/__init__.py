"""Seeded faults of four kinds: of sensors, of commands, of the clock and of the dynamics.

One implementation serves one world, many worlds at once, the ROS nodes and replays of bags. Each
fault is one file in the folder of its kind, where :mod:`faults.registry` finds it.
"""

from liquid_control.faults.batch import BatchFaults
from liquid_control.faults.chain import FaultChain
from liquid_control.faults.clocks import ClockFaults, check_periods, nominal_on_average
from liquid_control.faults.commands import CommandFaults, Limits
from liquid_control.faults.fault import Fault
from liquid_control.faults.injector import FaultInjector
from liquid_control.faults.kinds import (
    KINDS,
    ClockFault,
    CommandFault,
    DynamicsFault,
    SensorFault,
    of_kind,
    require_kinds,
    sensors_faulty,
)
from liquid_control.faults.memory import Memory, Samples
from liquid_control.faults.models import check_model
from liquid_control.faults.randomness import Draws, SharedDraws, SharedRandom, Streams
from liquid_control.faults.registry import SYNTAX, describe, names, parse, setting_at
from liquid_control.faults.restamping import Restamping
from liquid_control.faults.schedules import Schedule, describe_schedules
from liquid_control.faults.settings import FaultError, name_setting, neutral_of, setting
from liquid_control.faults.signals import Signal, check_channels
from liquid_control.faults.simulation import SimulationFaults

__all__ = [
    'KINDS',
    'SYNTAX',
    'BatchFaults',
    'ClockFault',
    'ClockFaults',
    'CommandFault',
    'CommandFaults',
    'Draws',
    'DynamicsFault',
    'Fault',
    'FaultChain',
    'FaultError',
    'FaultInjector',
    'Limits',
    'Memory',
    'Restamping',
    'Samples',
    'Schedule',
    'SensorFault',
    'SharedDraws',
    'SharedRandom',
    'Signal',
    'SimulationFaults',
    'Streams',
    'check_channels',
    'check_model',
    'check_periods',
    'describe',
    'describe_schedules',
    'name_setting',
    'names',
    'neutral_of',
    'nominal_on_average',
    'of_kind',
    'parse',
    'require_kinds',
    'sensors_faulty',
    'setting',
    'setting_at',
]
