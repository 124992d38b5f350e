"""Faults that change nothing for a robot: they are said to, not measured as if they did."""

import math
from collections.abc import Sequence

from liquid_control.control.contract import Contract
from liquid_control.evaluation.families import Family
from liquid_control.faults import ClockFault, Fault, check_periods, of_kind, parse
from liquid_control.sim import robot_of


def unchanging(text: str, robot: Contract | None = None) -> str:
    """Why a fault changes nothing, in a few words; empty if it changes something.

    Several faults together change nothing only if none of them does.

    Args:
        text: the fault.
        robot: contract of a simulated robot; None: only what is so for every robot is found.

    Raises:
        FaultError: the fault is unknown or invalid, or the robot cannot have its control period.
        ValueError: the robot is not simulated.
    """
    faults = parse(text)
    acting = [fault for fault in faults if not fault.idle]
    if not acting:
        return 'its strength is that of no fault' if faults else 'it is no fault'
    if robot is None:
        return ''
    check_periods(faults, robot_of(robot).step_ns, robot.period_ns)
    steps = robot_of(robot).episode_steps
    if not of_kind(faults, ClockFault) and all(fault.start >= steps for fault in acting):
        return f'it begins after the end of an episode, which has {steps} samples'
    if len(of_kind(acting, ClockFault)) == len(acting) and _nominal(acting, robot):
        return f'its period is the nominal one of {robot.period_ns * 1e-6:g} ms'
    return ''


def own_unchanged(family: Family, robot: Contract | None) -> float:
    """A family's level at which nothing changes; for a period in ms, the robot's own period."""
    if robot is None or not family.levels:
        return family.unchanged
    faults = parse(family.template.format(f'{family.levels[0]:g}'))
    if len(faults) == 1 and isinstance(faults[0], ClockFault) and faults[0].in_ms:
        return robot.period_ns * 1e-6
    return family.unchanged


def _nominal(faults: Sequence[Fault], robot: Contract) -> bool:
    """Whether constant periods, each and all together, are the nominal one."""
    skip, lengths = robot_of(robot).frame_skip, []
    for _, fault in of_kind(faults, ClockFault):
        if not fault.constant or fault.mean is None or fault.schedule is not None:
            return False
        lengths.append(fault.mean / (robot.period_ns * 1e-6 if fault.in_ms else 1.0))
    return all(round(length * skip) == skip for length in [*lengths, math.prod(lengths)])
