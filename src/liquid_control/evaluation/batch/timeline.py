"""Elapsed time between the observations of many robots: :class:`Timeline`, N at once."""

import numpy as np

from liquid_control.control.pace import AT_ONCE, FIRST, MOST, SOON, WINDOW, paced_ns

STEP, RESET, SKIP, SURPLUS = range(4)
"""What a stamp means, see :class:`liquid_control.control.timeline.Advance`."""


class BatchTimeline:
    """The elapsed times of N robots, each as by a :class:`Timeline` of its own.

    Args:
        count: N.
        period_ns: nominal period in ns.
        max_gap: longest gap in s over which the recurrent state is kept.
        thin: whether a surplus is left out.
        trained: elapsed times of the policy's training, see :func:`paced_ns`.
    """

    def __init__(
        self,
        count: int,
        period_ns: int,
        max_gap: float,
        thin: bool = True,
        trained: tuple[float, float] | None = None,
    ):
        self._period_ns, self._max_gap_ns = period_ns, round(max_gap * 1e9)
        self._last = np.zeros(count, dtype=np.int64)
        self._begun = np.zeros(count, dtype=bool)
        self._pace = BatchPace(count, paced_ns(period_ns, trained)) if thin else None

    def forget(self, rows: np.ndarray) -> None:
        """Take the next stamps of some robots for their first."""
        self._begun[rows] = False

    def advance(self, rows: np.ndarray, stamps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Take in a stamp of each of K robots.

        Args:
            rows: which, (K,).
            stamps: in ns, (K,).

        Returns:
            What each means, (K,), and the elapsed time in nominal periods, (K,).
        """
        passed = stamps - self._last[rows]
        first = ~self._begun[rows] | (np.abs(passed) > self._max_gap_ns)
        ahead = passed > 0
        meaning = np.where(first, RESET, np.where(ahead, STEP, SKIP))
        if self._pace is not None:
            self._pace.begin(rows[first], stamps[first])
            on = np.flatnonzero(meaning == STEP)
            due = self._pace.due(rows[on], stamps[on], passed[on])
            meaning[on[~due]] = SURPLUS
        used = meaning <= RESET
        self._last[rows[used]] = stamps[used]
        self._begun[rows[first]] = True
        elapsed = np.where(first, 1.0, np.where(used, passed / self._period_ns, 0.0))
        return meaning, elapsed


class BatchPace:
    """Which readings of N robots are due, each as by a :class:`Pace` of its own.

    Args:
        count: N.
        period_ns: the period of the readings that are used, in ns.
    """

    def __init__(self, count: int, period_ns: int):
        self._period_ns = period_ns
        self._last = np.zeros(count, dtype=np.int64)
        self._apart = np.zeros((count, WINDOW), dtype=np.int64)
        self._noted = np.zeros(count, dtype=np.int64)
        self._sum = np.zeros(count, dtype=np.int64)
        self._soon = np.zeros(count, dtype=np.int64)
        self._all_at_once = np.ones(count, dtype=bool)

    def begin(self, rows: np.ndarray, stamps: np.ndarray) -> None:
        """Know nothing about the rate of some robots' readings but one stamp each."""
        if not len(rows):
            return
        self._last[rows] = stamps
        self._apart[rows] = 0
        self._noted[rows] = self._sum[rows] = self._soon[rows] = 0
        self._all_at_once[rows] = True

    def due(self, rows: np.ndarray, stamps: np.ndarray, passed: np.ndarray) -> np.ndarray:
        """Note a reading of each of K robots; return whether it is time for it, (K,)."""
        apart = stamps - self._last[rows]
        ahead = apart > 0
        self._note(rows[ahead], stamps[ahead], apart[ahead])
        noted = np.minimum(self._noted[rows], WINDOW)
        mean = self._sum[rows] / np.maximum(noted, 1)
        often = (self._soon[rows] >= MOST) & (mean < SOON * self._period_ns)
        fast = np.where(self._all_at_once[rows], noted >= FIRST, often)
        return ~fast | (ahead & (passed + mean / 2.0 >= self._period_ns))

    def _note(self, rows: np.ndarray, stamps: np.ndarray, apart: np.ndarray) -> None:
        self._last[rows] = stamps
        place, soon = self._noted[rows] % WINDOW, SOON * self._period_ns
        oldest = self._apart[rows, place]  # 0 until the window is full
        full = self._noted[rows] >= WINDOW
        self._apart[rows, place] = apart
        self._noted[rows] += 1
        self._sum[rows] += apart - oldest
        self._soon[rows] += (apart < soon).astype(np.int64) - (full & (oldest < soon))
        self._all_at_once[rows] &= apart < AT_ONCE * self._period_ns
