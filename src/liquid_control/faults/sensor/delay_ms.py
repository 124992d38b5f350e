"""Readings that arrive late, by a time."""

import math
from dataclasses import dataclass
from typing import ClassVar

from liquid_control.faults.delay_line import TimedDelayLine
from liquid_control.faults.kinds import SensorFault
from liquid_control.faults.memory import Memory
from liquid_control.faults.settings import setting
from liquid_control.faults.signals import Signal

_RATE = 10
"""Most samples in a nominal period of which all can be delayed."""
_UNKNOWN_NS = 1_000_000
"""Period where the nominal one is not known."""


@dataclass(frozen=True)
class DelayMs(SensorFault):
    """Every message carries the newest readings that are at least so old, by their stamps.

    As ``delay``, whose delay is a number of samples: the message keeps its own stamp, no message is
    withheld, and the first reading is repeated until it is old enough. Only whole readings arrive,
    so the delay is at least ``ms``: at a period of 8 ms, one of 4 ms is the same as one of 8 ms.

    Attributes:
        ms: least delay in ms.
    """

    name: ClassVar[str] = 'delay_ms'
    about: ClassVar[str] = 'readings arrive this many ms late'
    by_channel: ClassVar[bool] = False

    ms: float = setting(16.0, 0.0, 1000.0, neutral=0.0)

    def memory(self, sources: int, signal: Signal) -> Memory:
        delay_ns = round(self.ms * 1e6)
        slots = 2 + math.ceil(_RATE * delay_ns / (signal.period_ns or _UNKNOWN_NS))
        return TimedDelayLine(delay_ns, slots, sources, len(signal.scale))
