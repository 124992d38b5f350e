"""The same faults for many robots stepped at once, each robot with its own."""

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from liquid_control.control.contract import Contract
from liquid_control.faults.chain import FaultChain
from liquid_control.faults.clocks import ClockFaults
from liquid_control.faults.commands import CommandFaults, Limits
from liquid_control.faults.fault import Fault
from liquid_control.faults.kinds import SensorFault, of_kind
from liquid_control.faults.models import DynamicsFaults
from liquid_control.faults.randomness import Random, SharedRandom, Streams
from liquid_control.faults.settings import FaultError
from liquid_control.faults.signals import Signal, check_channels, sensed_terms, sensor_signals

if TYPE_CHECKING:
    from mujoco import MjModel

Source = np.random.Generator | Streams
"""One generator for all robots, or the streams with which each has its own numbers."""
_OWN = 'truth', 'known', 'from', 'arrived', 'time'


class BatchFaults:
    """Faults of N robots, each with some of them, which act in their order.

    Args:
        faults: all K faults.
        has: which robot has which fault, (N, K) bool; changed by :meth:`restart`.
        sensors: the n channels that are read.
        limits: limits of the m joints, such as a contract's action.
    """

    def __init__(self, faults: Sequence[Fault], has: np.ndarray, sensors: Signal, limits: Limits):
        self.has = np.array(has, dtype=bool).reshape(len(has), len(faults))
        """Which robot has which fault now, (N, K) bool."""
        sensed = of_kind(faults, SensorFault)
        self._sensors = FaultChain(sensed, self.has, sensors)
        self._commands = CommandFaults(faults, self.has, limits)
        self._clock = ClockFaults(faults, self.has, sensors.period_ns)
        self._dynamics = DynamicsFaults(faults, self.has)
        self._rows = np.arange(len(has))
        self._period_ns = sensors.period_ns
        self._unit = np.where(np.isnan(sensors.scale), 1.0, sensors.scale)
        depth = 1 + self._sensors.lag
        self._truth = np.zeros((depth, len(has), len(sensors.scale)))
        self._known = np.zeros((depth, len(has)), dtype=bool)
        self._from = np.zeros(len(has), dtype=np.int64)
        self._arrived = np.zeros(len(has), dtype=bool)
        self._time = np.zeros(len(has), dtype=np.int64)
        self.stamps = np.zeros(len(has), dtype=np.int64)
        """Stamp in ns of each robot's last reading, as it arrives, (N,)."""
        self.stamp_error = np.zeros(len(has))
        """How much later than the truth that is, in nominal periods, (N,)."""
        self.error = np.zeros((len(has), len(sensors.scale)))
        """How much larger than the truth each robot's last reading is, in each channel's ``std``,
        or in its own unit without one, (N, n)."""

    @classmethod
    def of(
        cls,
        faults: Sequence[Fault],
        has: np.ndarray,
        contract: Contract,
        robot: Contract | None = None,
    ) -> 'BatchFaults':
        """The faults of robots whose policy reads the terms of a contract, all on one topic.

        Args:
            faults: all K faults.
            has: which robot has which fault, (N, K) bool.
            contract: what the policy reads and commands.
            robot: complete contract of the robot, with which each robot's own numbers are those of
                a :class:`FaultInjector`; by default the same.

        Raises:
            FaultError: a channel has no ``std`` though a fault needs it, a fault is on channels
                that the robot does not have, or the terms are on several topics.
        """
        sensed = [fault for _, fault in of_kind(faults, SensorFault)]
        if robot is not None:
            check_channels(robot, [(fault.name, fault.on) for fault in sensed])
        scaled = any(fault.needs_unit for fault in sensed)
        signals = sensor_signals(contract, scaled=scaled)
        if len(signals) != 1:
            raise FaultError(
                f'{contract.source}: expected all terms on one topic, found {", ".join(signals)}'
            )
        (topic, signal), *_ = signals.items()
        if robot is not None:
            index = {term.name: position for position, term in sensed_terms(robot)[topic]}
            read = [term.name for _, term in sensed_terms(contract)[topic]]
            spans = (span for _, span in signal.terms)
            terms = tuple((index[name], span) for name, span in zip(read, spans, strict=True))
            signal = dataclasses.replace(signal, terms=terms)
        return cls(faults, has, signal, contract.action)

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """All mutable state, to be read or written in place."""
        own = {name: getattr(self, f'_{name}') for name in _OWN}
        own |= {name: getattr(self, name) for name in ('stamps', 'stamp_error', 'error')}
        others = {
            'command': self._commands.arrays,
            'clock': self._clock.arrays,
            'dynamics': self._dynamics.arrays,
        }
        for kind, arrays in others.items():
            own |= {f'{kind}.{name}': array for name, array in arrays.items()}
        return {'has': self.has, **self._sensors.arrays, **own}

    def restart(self, index: int, has: np.ndarray) -> None:
        """Begin an episode of one robot, which now has these faults (K,) bool."""
        self.has[index] = has
        self._sensors.restart(index)
        self._commands.restart(index)
        self._dynamics.restart(index)
        self._time[index], self.error[index], self.stamp_error[index] = 0, 0.0, 0.0

    def restart_sensors(self, index: int) -> None:
        """Begin an episode of one robot's sensors alone, as after a gap in time."""
        self._sensors.restart(index)

    def models(self, nominal: 'MjModel', steps: np.ndarray, source: Source) -> list['MjModel']:
        """The model by which each robot moves in the period that begins.

        Args:
            nominal: the model without faults.
            steps: periods that each robot's episode has lasted, (N,).
            source: source of randomness.

        Raises:
            FaultError: the model lacks what a fault changes.
        """
        return self._dynamics.models(nominal, steps, self._random(source))

    def read(self, true: np.ndarray, source: Source) -> tuple[np.ndarray, np.ndarray]:
        """Take in true values (N, n); return what arrives (N, n) and whether it arrives (N,)."""
        random = self._random(source)
        samples = self._sensors.push(true, random)
        self._from[:], self._arrived[:] = samples.numbers, samples.arrived
        self.stamps[:] = samples.stamps
        if self._period_ns:
            self.stamp_error[:] = (samples.stamps - random.stamps) / self._period_ns
        self.error[:] = (samples.values - true) / self._unit
        return samples.values, samples.arrived.copy()

    @property
    def acting(self) -> np.ndarray:
        """How strongly each fault acts on each robot, from 0 to 1, (N, K); as it was when last
        asked for its part."""
        parts = self._sensors, self._commands, self._clock, self._dynamics
        return np.sum([part.activities.now for part in parts], axis=0)

    def advance(self, lengths: np.ndarray) -> None:
        """Let time pass for robots whose numbers come from one generator.

        :class:`Streams` know the time themselves.

        Args:
            lengths: length of the period that has passed, in nominal periods, (N,).
        """
        self._time += np.rint(lengths * self._period_ns).astype(np.int64)

    def foretold(self, true: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What follows the last readings: the true values one period after they were taken.

        Args:
            true: values one period later than at the last :meth:`read`, (N, n).
            known: whether they count, (N,).

        Returns:
            The true values that predictions from the last readings are for, and whether they
            count; those of a reading that did not arrive never do.
        """
        last, depth = self._sensors.count - 1, len(self._truth)
        now = last % depth
        self._truth[now, self._rows], self._known[now, self._rows] = true, known
        then = self._from % depth
        kept = last - self._from < depth
        counts = self._known[then, self._rows] & self._arrived & kept
        return self._truth[then, self._rows], counts

    def periods(self, steps: np.ndarray, source: Source) -> np.ndarray:
        """Length of each robot's period that begins, in nominal periods, (N,); arguments as in
        :meth:`models`."""
        return self._clock.periods(steps, self._random(source))

    def act(self, sent: np.ndarray, source: Source) -> np.ndarray:
        """The commands that act in the period that begins, as these are sent, (N, m) each."""
        return self._commands.act(sent, self._random(source))

    def _random(self, source: Source) -> Random:
        return source if isinstance(source, Streams) else SharedRandom(source, self._time)
