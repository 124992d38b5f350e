"""Commands that act late."""

from dataclasses import dataclass
from typing import ClassVar

from liquid_control.faults.delay_line import DelayLine
from liquid_control.faults.kinds import CommandFault
from liquid_control.faults.memory import Memory
from liquid_control.faults.settings import setting
from liquid_control.faults.signals import Signal


@dataclass(frozen=True)
class CommandDelay(CommandFault):
    """Commands act a number of control periods after they were sent.

    Until the first arrives, the robot holds what it held: its safe command as an episode begins.

    Attributes:
        periods: delay in control periods, a whole number.
    """

    name: ClassVar[str] = 'command_delay'
    about: ClassVar[str] = 'commands act this many periods late'
    by_channel: ClassVar[bool] = False

    periods: int = setting(1, 0, 1000, whole=True, neutral=0)

    @property
    def lag(self) -> int:
        return self.periods

    def memory(self, sources: int, signal: Signal) -> Memory:
        return DelayLine(self.periods, sources, len(signal.scale), repeat_first=False)
