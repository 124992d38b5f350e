"""The four kinds of fault and what a fault of each kind may override."""

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, TypeVar

import numpy as np

from liquid_control.faults.fault import Fault
from liquid_control.faults.memory import Memory
from liquid_control.faults.randomness import Draws
from liquid_control.faults.settings import FaultError, name_setting, neutral_of
from liquid_control.faults.signals import Signal

if TYPE_CHECKING:
    from mujoco import MjModel

NOMINAL_WITHIN = 0.005
"""How far the mean length of periods that are nominal on average may be from 1."""


@dataclass(frozen=True)
class SignalFault(Fault):
    """A fault of a signal: of the readings of a sensor or of the commands to the joints.

    N signals of n channels are treated at once. The hooks are called in the order in which they
    stand here. At a part of its strength, a fault that is ``graded`` loses samples with that part
    of the probability, and changes values by that part of the change.
    """

    by_channel: ClassVar[bool] = True
    """Whether it changes the values of each channel by itself, so that some can be left alone."""
    restamps: ClassVar[bool] = False
    """Whether it changes stamps."""
    in_units: ClassVar[bool | None] = None
    """Whether its settings are in the unit of each channel; None: if it corrupts samples."""

    @property
    def lag(self) -> int:
        """Number of samples by which values arrive late."""
        return 0

    @property
    def corrupts(self) -> bool:
        """Whether it corrupts samples by itself, without memory."""
        return not self.idle and type(self).corrupt is not SignalFault.corrupt

    @property
    def needs_unit(self) -> bool:
        """Whether it needs the unit of each channel."""
        return self.corrupts if self.in_units is None else self.in_units and not self.idle

    @property
    def loses(self) -> bool:
        """Whether it loses samples by itself, without memory."""
        return not self.idle and type(self).drops is not SignalFault.drops

    def drops(self, draws: Draws) -> np.ndarray | bool:
        """Return which samples are lost, (N,) bool."""
        return False

    def corrupt(self, values: np.ndarray, scale: np.ndarray, draws: Draws) -> np.ndarray:
        """Return the values as they are with the fault, (N, n).

        Args:
            values: the values without it, (N, n).
            scale: unit of each channel, (n,).
            draws: source of randomness.
        """
        return values

    def memory(self, sources: int, signal: Signal) -> Memory | None:
        """Return what it remembers of ``sources`` signals of these channels, if anything."""
        return None

    def chosen(self, signal: Signal) -> np.ndarray | None:
        """The channels on which it acts, (n,) bool; None: all."""
        return None


@dataclass(frozen=True)
class SensorFault(SignalFault):
    """A fault of readings. The unit of a channel is its ``std`` in the robot's contract.

    Attributes:
        on: the channels on which it acts, see :meth:`Signal.named`; None: all.

    Raises:
        FaultError: it acts on whole messages, but channels are named.
    """

    kind: ClassVar[str] = 'sensor'

    on: str | None = name_setting(None, 'channel or term', otherwise='all', kw_only=True)

    def __post_init__(self):
        super().__post_init__()
        if self.on is not None and not self.by_channel:
            raise FaultError(
                f'{self.name}: on: it acts on whole messages; expected no channel, found {self.on}'
            )

    def chosen(self, signal: Signal) -> np.ndarray | None:
        return None if self.on is None else signal.named(self.on)


@dataclass(frozen=True)
class CommandFault(SignalFault):
    """A fault of commands on their way to the joints, once per control period.

    The unit of a joint is half the range between its limits. Where a command is lost or late, the
    last one before it is repeated, the safe command at first; the faults that follow act on that.
    What leaves the limits in the end is clipped.
    """

    kind: ClassVar[str] = 'command'


@dataclass(frozen=True)
class ClockFault(Fault):
    """A fault of the control period, which a simulation obeys."""

    kind: ClassVar[str] = 'clock'
    graded: ClassVar[bool] = True
    in_ms: ClassVar[bool] = False
    """Whether lengths are in ms; otherwise in nominal periods."""
    constant: ClassVar[bool] = False
    """Whether all periods have the same length, the mean."""

    def periods(self, draws: Draws) -> np.ndarray | float:
        """Return lengths of the control periods that begin, above 0, (N,)."""
        raise NotImplementedError

    @property
    def mean(self) -> float | None:
        """Mean length of a period, in the unit of :meth:`periods`; None if it is not known."""
        return None

    def nominal_on_average(self, nominal_ms: float) -> bool:
        """Whether its periods have the nominal length, in ms, on average, within 0.5 %."""
        unit = nominal_ms if self.in_ms else 1.0
        return self.mean is not None and abs(self.mean / unit - 1.0) < NOMINAL_WITHIN

    def require_fit(self, nominal_ms: float) -> None:
        """Refuse a nominal control period, in ms, beside which the fault makes no sense.

        Raises:
            FaultError: so it is.
        """


@dataclass(frozen=True)
class DynamicsFault(Fault):
    """A fault of the robot or its surroundings: other dynamics than the model's.

    At a part of its strength, each setting with a neutral value is that part of the way from it.
    """

    kind: ClassVar[str] = 'dynamics'

    def scaled(self, strength: float) -> 'DynamicsFault':
        """The fault at a part of its strength, from 0 to 1."""
        if strength == 1.0:
            return self
        values = {}
        for field in dataclasses.fields(self):
            neutral = neutral_of(field)
            if neutral is not None:
                values[field.name] = neutral + strength * (getattr(self, field.name) - neutral)
        return dataclasses.replace(self, **values)

    def change(self, model: 'MjModel', rng: np.random.Generator) -> None:
        """Change a model of one robot in place; derived constants are computed afterwards.

        Raises:
            FaultError: the model has no such part.
        """
        raise NotImplementedError


KINDS = (SensorFault, CommandFault, ClockFault, DynamicsFault)

Kind = TypeVar('Kind', bound=Fault)


def of_kind(faults: Iterable[Fault], kind: type[Kind]) -> tuple[tuple[int, Kind], ...]:
    """The faults of one kind, each with its position among all: that is part of its random seed."""
    return tuple(
        (position, fault) for position, fault in enumerate(faults) if isinstance(fault, kind)
    )


def sensors_faulty(faults: Iterable[Fault]) -> bool:
    """Whether any of the faults changes what a policy reads."""
    return any(not fault.idle for _, fault in of_kind(faults, SensorFault))


def require_kinds(faults: Sequence[Fault], kinds: tuple[type[Fault], ...], where: str) -> None:
    """Refuse faults that cannot be applied.

    Args:
        faults: the faults.
        kinds: kinds that can be applied.
        where: what the faults act on, for the message.

    Raises:
        FaultError: a fault is of another kind; the message names it and the kind.
    """
    for fault in faults:
        if not isinstance(fault, kinds):
            expected = ' or '.join(kind.kind for kind in kinds)
            raise FaultError(
                f'{fault.name}: expected a {expected} fault, found a {fault.kind} fault, '
                f'which cannot be applied to {where}'
            )
