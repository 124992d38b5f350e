"""The four kinds of fault and what a fault of each kind may override."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol, TypeVar

import numpy as np

from liquid_control.faults.fault import Fault, FaultError
from liquid_control.faults.randomness import Draws

if TYPE_CHECKING:
    from mujoco import MjModel


class Memory(Protocol):
    """What a fault remembers of the samples of N sources, such as a delay line."""

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """All mutable state, to be read or written in place."""

    def push(
        self,
        values: np.ndarray,
        numbers: np.ndarray,
        arrived: np.ndarray,
        active: np.ndarray,
        draws: Draws,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Take in one sample of each source; return ``values``, ``numbers``, ``arrived`` alike.

        Args:
            values: readings or commands, (N, n).
            numbers: number of the sample from which each is, (N,).
            arrived: whether it arrived, (N,).
            active: whether the fault acts on the source, (N,); the others must pass unchanged.
            draws: source of randomness.
        """

    def restart(self, index: int) -> None:
        """Begin an episode of one source."""


@dataclass(frozen=True)
class SignalFault(Fault):
    """A fault of a signal: of the readings of a sensor or of the commands to the joints.

    N signals of n channels are treated at once. The hooks are called in the order in which they
    stand here.
    """

    @property
    def lag(self) -> int:
        """Number of samples by which values arrive late at most."""
        return 0

    @property
    def idle(self) -> bool:
        """Whether it changes nothing with these settings, such as noise of size 0."""
        return False

    @property
    def corrupts(self) -> bool:
        """Whether it corrupts samples by itself, for which it needs the unit of each channel."""
        return not self.idle and type(self).corrupt is not SignalFault.corrupt

    @property
    def alters(self) -> bool:
        """Whether it loses or corrupts samples by itself, without memory."""
        loses = type(self).drops is not SignalFault.drops
        return self.corrupts or (loses and not self.idle)

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

    def memory(self, sources: int, width: int) -> Memory | None:
        """Return what it remembers of ``sources`` signals of ``width`` channels, if anything."""
        return None


@dataclass(frozen=True)
class SensorFault(SignalFault):
    """A fault of readings. The unit of a channel is its ``std`` in the robot's contract."""

    kind: ClassVar[str] = 'sensor'


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

    def periods(self, draws: Draws) -> np.ndarray | float:
        """Return lengths of the control periods that begin, in nominal periods, above 0, (N,)."""
        raise NotImplementedError


@dataclass(frozen=True)
class DynamicsFault(Fault):
    """A fault of the robot or its surroundings: other dynamics than the model's."""

    kind: ClassVar[str] = 'dynamics'

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
