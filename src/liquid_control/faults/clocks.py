"""The control periods of N robots under faults of the clock."""

import math
from collections.abc import Sequence

import numpy as np

from liquid_control.faults.activity import Activities
from liquid_control.faults.fault import Fault
from liquid_control.faults.kinds import ClockFault, of_kind
from liquid_control.faults.randomness import Random
from liquid_control.faults.settings import FaultError
from liquid_control.faults.signals import Signal

_CLOCK = Signal(np.ones(1), 'clock')


class ClockFaults:
    """Lengths of control periods; several faults multiply.

    Args:
        faults: all K faults; those of other kinds do nothing here.
        has: which robot has which fault, (N, K) bool; may change when an episode begins.
        period_ns: nominal period in ns; 0: not known.

    Raises:
        FaultError: a fault is in ms, but the nominal period is not known, or is much longer or
            shorter.
    """

    def __init__(self, faults: Sequence[Fault], has: np.ndarray, period_ns: int = 0):
        self._faults, self._has = of_kind(faults, ClockFault), has
        self._period_ms = period_ns * 1e-6
        self.activities = Activities(self._faults, has, _CLOCK.name)
        for _, fault in self._faults:
            if fault.in_ms and not period_ns:
                raise FaultError(f'{fault.name}: expected a nominal period, which is not known')
            fault.require_fit(self._period_ms)

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """All mutable state, to be read or written in place."""
        return self.activities.arrays

    def periods(self, steps: np.ndarray, random: Random) -> np.ndarray:
        """Length of each robot's period that begins, in nominal periods, (N,).

        Args:
            steps: periods that each robot's episode has lasted, (N,).
            random: source of randomness.

        Raises:
            FaultError: a fault returns a length that is not finite or not above 0.
        """
        lengths = np.ones(len(self._has))
        for position, fault in self._faults:
            active, strength = self.activities.of(position, fault, steps, random)
            if not active.any():
                continue
            found = fault.periods(random.draws(_CLOCK, position, active))
            if fault.in_ms:
                found = found / self._period_ms
            if strength is not None:
                found = 1.0 + strength * (found - 1.0)
            factors = np.where(active, found, 1.0)
            wrong = ~(np.isfinite(factors) & (factors > 0.0))
            if wrong.any():
                raise FaultError(
                    f'{fault.name}: expected periods of a finite length above 0, '
                    f'found {factors[wrong][0]}'
                )
            lengths *= factors
        return lengths


def nominal_on_average(faults: Sequence[Fault], period_ns: int) -> bool:
    """Whether control periods under faults have the nominal length on average.

    Args:
        faults: faults of all kinds.
        period_ns: nominal period in ns.
    """
    return all(
        fault.nominal_on_average(period_ns * 1e-6) for _, fault in of_kind(faults, ClockFault)
    )


def check_periods(faults: Sequence[Fault], step_ns: int, period_ns: int) -> None:
    """Refuse constant control periods that are no whole number of physics steps.

    Uneven periods, and those of a schedule between two strengths, are rounded.

    Args:
        faults: faults of all kinds.
        step_ns: physics step of the simulation in ns.
        period_ns: nominal period in ns.

    Raises:
        FaultError: a period cannot be simulated, alone or multiplied by the others; the message
            has the nearest that can.
    """
    lengths, names = [], []
    for _, fault in of_kind(faults, ClockFault):
        if not fault.constant or fault.mean is None:
            continue
        unit = 1.0 if fault.in_ms else period_ns * 1e-6
        _require_whole(fault.name, fault.mean * unit, step_ns * 1e-6, fault.mean, unit)
        if not fault.idle:
            lengths.append(fault.mean * unit * 1e6 / period_ns)
            names.append(fault.name)
    if len(lengths) > 1:
        ms = math.prod(lengths) * period_ns * 1e-6
        _require_whole(' × '.join(names), ms, step_ns * 1e-6, ms, 1.0)


def _require_whole(name: str, ms: float, step_ms: float, given: float, unit: float) -> None:
    """Refuse a period that is no whole number of steps; ``unit`` is that of ``given`` in ms."""
    below = math.floor(ms / step_ms + 1e-9)
    if abs(ms / step_ms - below) > 1e-6:
        near = [f'{count * step_ms / unit:g}' for count in (below, below + 1) if count]
        length = '' if unit == 1.0 else f', which is {ms:g} ms'
        raise FaultError(
            f'{name}: expected whole physics steps of {step_ms:g} ms, such as '
            f'{" or ".join(near)}, found {given:g}{length}'
        )
