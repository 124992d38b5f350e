"""Readings that come faster than a policy asks for are thinned out, by their stamps alone."""

from collections import deque

from liquid_control.control.contract import Contract

WINDOW = 32
MOST = 29
"""Of the last 32 readings, how many must come too soon; their mean distance must be too short too.
Uneven periods and bursts at the right rate do neither or only the first."""
SOON, AT_ONCE = 0.8, 0.5
"""Distance to the reading before, in nominal periods, that is too short; and one so short that the
first three readings suffice."""
FIRST = 3


def paced_ns(period_ns: int, trained: tuple[float, float] | None) -> int:
    """Distance in ns to which readings that come faster are thinned out.

    It is the nominal period, or the shortest that a policy was trained with, if readings that come
    so fast would be thinned out otherwise.

    Args:
        period_ns: the policy's nominal period in ns.
        trained: its smallest and largest mean elapsed time in training, in nominal periods; None
            if not known.
    """
    return period_ns if trained is None or trained[0] >= SOON else round(trained[0] * period_ns)


class Pace:
    """Chooses about one reading a period, once more than 1.25 a period keep coming.

    Everything follows from the stamps, so a replay chooses the same readings as the live node.

    Args:
        period_ns: that period in ns, see :func:`paced_ns`.
    """

    def __init__(self, period_ns: int):
        self._period_ns = period_ns
        self.forget()

    def forget(self) -> None:
        """Know nothing about the readings' rate."""
        self._last: int | None = None
        self._apart: deque[int] = deque(maxlen=WINDOW)
        self._soon = 0
        self._all_at_once = True

    def restart(self, stamp_ns: int) -> None:
        """Note a reading whose distance to the one before tells nothing about the rate."""
        self._last = stamp_ns

    def due(self, stamp_ns: int, passed_ns: int) -> bool:
        """Note a reading; return whether it is time for it.

        Args:
            stamp_ns: its stamp.
            passed_ns: time since the last reading that was used.
        """
        if not self.note(stamp_ns):  # out of order, between two that were used
            return not self.fast
        return self.waited(passed_ns)

    def note(self, stamp_ns: int) -> bool:
        """Note a reading; return whether its stamp advances."""
        apart = stamp_ns - (self._last or 0)
        if apart <= 0:
            return False
        self._last = stamp_ns
        self._note(apart)
        return True

    def waited(self, passed_ns: int) -> bool:
        """Whether a reading would be used so long after the last one that was."""
        return not self.fast or passed_ns + self._mean / 2.0 >= self._period_ns

    def _note(self, apart: int) -> None:
        soon = SOON * self._period_ns
        if len(self._apart) == WINDOW and self._apart[0] < soon:
            self._soon -= 1
        self._apart.append(apart)
        if apart < soon:
            self._soon += 1
        if apart >= AT_ONCE * self._period_ns:
            self._all_at_once = False

    @property
    def fast(self) -> bool:
        """Whether more readings come than are asked for."""
        if self._all_at_once:
            return len(self._apart) >= FIRST
        return self._soon >= MOST and self._mean < SOON * self._period_ns

    @property
    def _mean(self) -> float:
        return sum(self._apart) / len(self._apart)


class AnsweredPace:
    """Whether a policy owes an answer to a reading, as who only sees its answers can tell.

    Args:
        contract: its rate is the policy's; longer than its ``max_gap`` is no distance.
        thin: whether the policy leaves out any.
        trained: elapsed times of its training, see :func:`paced_ns`.
    """

    def __init__(
        self, contract: Contract, thin: bool = True, trained: tuple[float, float] | None = None
    ):
        self._thin = thin
        self._pace = Pace(paced_ns(contract.period_ns, trained))
        self._max_gap_ns = round(contract.max_gap * 1e9)
        self._stamp_ns: int | None = None
        self._answered_ns: int | None = None

    def expect(self, stamp_ns: int) -> None:
        """Note a reading."""
        if self._stamp_ns is None or abs(stamp_ns - self._stamp_ns) > self._max_gap_ns:
            self._pace.forget()
            self._pace.restart(stamp_ns)
            self._answered_ns = None
        elif self._answered_ns is not None:
            self._pace.note(stamp_ns)
        self._stamp_ns = stamp_ns

    def answered(self, stamp_ns: int) -> None:
        """Note that a command answers a reading; 0: it answers none."""
        if 0 < stamp_ns <= (self._stamp_ns or 0):
            self._answered_ns = max(stamp_ns, self._answered_ns or 0)

    def due(self) -> bool:
        """Whether the policy does not leave the last reading out."""
        if not self._thin or self._stamp_ns is None or self._answered_ns is None:
            return True
        return self._pace.waited(self._stamp_ns - self._answered_ns)
