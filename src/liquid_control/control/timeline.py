"""Elapsed time between observations."""

import enum

from liquid_control.control.pace import Pace, paced_ns


class Advance(enum.Enum):
    """What a new stamp means for the recurrent state."""

    STEP = 'step'
    RESET = 'reset'
    SKIP = 'skip'
    SURPLUS = 'surplus'

    @property
    def used(self) -> bool:
        """Whether the policy takes the observation in."""
        return self in (Advance.STEP, Advance.RESET)


class Timeline:
    """Elapsed time between header stamps, and how to handle stamps that make no sense.

    The first stamp, or one more than ``max_gap`` ahead of or behind the last, causes a reset.
    A stamp that does not advance, or goes back by at most ``max_gap``, is skipped. Where more
    stamps come than one per nominal period, the surplus is left out, see :class:`Pace`; not so
    for a policy that was trained with as many.

    Args:
        period_ns: nominal period in ns.
        max_gap: longest gap in s over which the recurrent state is kept.
        thin: whether a surplus is left out.
        trained: elapsed times of the policy's training, see :func:`paced_ns`.
    """

    def __init__(
        self,
        period_ns: int,
        max_gap: float,
        thin: bool = True,
        trained: tuple[float, float] | None = None,
    ):
        self._period_ns = period_ns
        self._max_gap_ns = round(max_gap * 1e9)
        self._pace, self._thin = Pace(paced_ns(period_ns, trained)), thin
        self.forget()

    def forget(self) -> None:
        self._last: int | None = None
        self._pace.forget()

    def distant(self, now_ns: int) -> bool:
        """Whether there was a stamp, and it is more than ``max_gap`` before or after a time."""
        return self._last is not None and abs(now_ns - self._last) > self._max_gap_ns

    def advance(self, stamp_ns: int) -> tuple[Advance, float]:
        """Take in a stamp; return what it means and the elapsed time in nominal periods."""
        if self._last is None or self.distant(stamp_ns):
            self._last = stamp_ns
            self._pace.forget()  # as after a jump of the clock, of which only a node hears
            self._pace.restart(stamp_ns)
            return Advance.RESET, 1.0
        passed = stamp_ns - self._last
        if passed <= 0:
            return Advance.SKIP, 0.0
        if self._thin and not self._pace.due(stamp_ns, passed):
            return Advance.SURPLUS, 0.0
        self._last = stamp_ns
        return Advance.STEP, passed / self._period_ns
