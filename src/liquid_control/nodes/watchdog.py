"""Says when a robot is driven blindly: nothing fresh comes any more, or the clock is wrong."""

import time
from collections.abc import Callable


class Watchdog:
    """Watches the readings by which a policy drives, from the first fresh one on.

    Args:
        timeout: time without a fresh reading, or with a wrong clock, after which the robot must be
            stopped, s.
        freshness: the contract's, s. Stale readings that are no further apart make a row; stamps
            may be as far ahead of the node's clock.
        simulated: whether the node's clock is ``/clock``.
        clock: returns the time in s; steady.
    """

    def __init__(
        self,
        timeout: float,
        freshness: float,
        simulated: bool,
        clock: Callable[[], float] = time.monotonic,
    ):
        self.timeout = timeout
        self._freshness, self._simulated, self._clock = freshness, simulated, clock
        self._shown: int | None = None
        self._ticked = clock()
        self._moves = False
        self.arm()

    def arm(self) -> None:
        """Forget all readings: the next fresh one is the first."""
        self._heard: float | None = None
        self._stale: tuple[float, float] | None = None
        self._ahead: float | None = None

    @property
    def heard(self) -> bool:
        """Whether a fresh reading has come."""
        return self._heard is not None

    def tick(self, shown_ns: int) -> None:
        """Take note of what the node's clock shows."""
        if shown_ns != self._shown:
            self._moves = bool(self._shown)  # 0 is no time: nobody has published one
            self._shown, self._ticked = shown_ns, self._clock()

    @property
    def clock_runs(self) -> bool:
        """Whether the node's clock has shown two different times, the last of them recently."""
        if not self._simulated:
            return True
        return self._moves and self._clock() - self._ticked <= self.timeout

    def aged(self, age: float) -> None:
        """Take note of a reading's age by the node's clock, s; below zero if it is ahead of it.

        ``/clock`` follows the sensors, and lags behind them for a moment when it jumps forward.
        """
        if age >= -self._freshness:
            self._ahead = None
        elif self._ahead is None:
            self._ahead = self._clock()

    def answered(self, used: bool, stale: bool) -> None:
        """Take note of the answer to a reading: whether the policy used it, or it was stale."""
        now = self._clock()
        if used and not stale:
            if self._heard is None:
                self._ticked = now
            self._heard = now
        elif stale and self._heard is not None:
            row = self._stale is not None and now - self._stale[1] <= self._freshness
            self._stale = (self._stale[0] if row else now, now)

    def alarm(self) -> str | None:
        """Why the robot must be stopped now, or None."""
        if self._heard is None:
            return None
        now, limit = self._clock(), self.timeout
        silent, stood, ahead, row = now - self._heard, now - self._ticked, self._ahead, self._stale
        # The clock first: whatever is wrong with it also makes readings unusable.
        if self._simulated and stood > limit:
            return f'/clock has stood still for {stood:.3f} s, limit {limit:g} s'
        if self._simulated and ahead is not None and now - ahead > limit:
            return f'/clock has been behind the stamps of the sensors for {limit:g} s'
        if silent > limit:
            return f'no observation for {silent:.3f} s, limit {limit:g} s'
        if row is not None and row[1] - row[0] > limit:
            return f'stale observations have come again and again for {limit:g} s'
        return None
