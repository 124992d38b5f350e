"""What is derived from a comparison of robustness: figures with intervals, curves, ranks."""

import math
from dataclasses import dataclass

from liquid_control.evaluation.robustness.results import MEASURED


@dataclass(frozen=True)
class Estimate:
    """A figure and its 95 % interval; the bounds are NaN where none can be given."""

    value: float
    low: float = math.nan
    high: float = math.nan

    @property
    def positive(self) -> bool:
        """Whether the interval lies above 0: never without an interval."""
        return self.low > 0.0

    @property
    def negative(self) -> bool:
        """Whether the interval lies below 0: never without an interval."""
        return self.high < 0.0


NOTHING = Estimate(math.nan)
"""What was not measured."""


@dataclass(frozen=True)
class Cell:
    """One policy under one fault at one level.

    Attributes:
        policy: name of the policy.
        family: name of the fault's family; empty for episodes without a fault.
        level: level of the fault.
        fault: the fault, as text.
        elapsed: ``measured`` or ``nominal``.
        percent: interquartile mean of the return, in % of the reference.
        keeps: the same in % of the policy's own without a fault.
        mean: mean of the return, in % of the reference.
        episodes: number of episodes, of all trainings.
        falls: how many of them ended with a fall.
        fallen: the same in %, with Wilson's interval.
        stopped: in how many the policy was stopped, since its output was not finite.
        prediction: error of the predictions as a share of that of predicting no change, under the
            same fault; NaN where there are none.
        best: whether no other policy is certainly better under this fault.
        against: the policy with which it is compared: for the best return the one that follows,
            for others the best of those that are certainly better, or else the best return.
        points: its return less that of ``against``, in percentage points of the reference, paired
            by start. The intervals of all pairs of policies hold together.
        error: why there are no figures; empty if there are.
    """

    policy: str
    family: str
    level: float
    fault: str
    elapsed: str
    percent: Estimate = NOTHING
    keeps: Estimate = NOTHING
    mean: Estimate = NOTHING
    episodes: int = 0
    falls: int = 0
    fallen: Estimate = NOTHING
    stopped: int = 0
    prediction: Estimate = NOTHING
    best: bool = False
    against: str = ''
    points: Estimate = NOTHING
    error: str = ''


@dataclass(frozen=True)
class Curve:
    """How a policy degrades from no fault to the worst of a family.

    Attributes:
        policy: name of the policy.
        family: name of the family.
        elapsed: ``measured`` or ``nominal``.
        levels: levels in ascending order, the unchanged one among them, (L,).
        positions: where each lies between unchanged, 0, and the worst of its side, 1, (L,): the
            levels of a side are equally far apart, whatever their unit.
        percent: interquartile mean at each level, in % of the reference, (L,).
        keeps: the same in % of the policy's own without a fault, (L,).
        area: area under ``percent`` against the position, by trapezoids, the return without a
            fault among them; the mean of both sides if the unchanged level lies inside. NaN if a
            level is missing. It decides no rank.
        area_keeps: area under ``keeps``.
        best, against, points: as for a :class:`Cell`, of the area.
    """

    policy: str
    family: str
    elapsed: str
    levels: tuple[float, ...]
    positions: tuple[float, ...]
    percent: tuple[Estimate, ...]
    keeps: tuple[Estimate, ...]
    area: Estimate
    area_keeps: Estimate
    best: bool = False
    against: str = ''
    points: Estimate = NOTHING


@dataclass(frozen=True)
class Gain:
    """What the measured elapsed time gives a policy under a fault of the clock.

    Attributes:
        policy: name of the policy.
        family: name of the family.
        level: level of the fault.
        points: return with the measured elapsed time less that with it held at 1, of the same
            episodes, in percentage points of the reference.
    """

    policy: str
    family: str
    level: float
    points: Estimate


@dataclass(frozen=True)
class Profile:
    """Share of a policy's episodes under faults that reach more than each threshold.

    Attributes:
        policy: name of the policy.
        thresholds: in % of the reference, (K,).
        shares: share of the episodes, 0 to 1; every condition counts the same, (K,).
    """

    policy: str
    thresholds: tuple[float, ...]
    shares: tuple[Estimate, ...]


@dataclass(frozen=True)
class Improvement:
    """Probability that an episode of ``policy`` returns more than one of ``over``.

    The mean over all conditions; equal returns count half.
    """

    policy: str
    over: str
    probability: Estimate


@dataclass(frozen=True)
class Standing:
    """Where a policy stands among all, under all faults.

    Attributes:
        policy: name of the policy.
        overall: mean over the families of the mean return over each one's levels, without that of
            no fault, in % of the reference. It decides the rank.
        keeps: the same in % of the policy's own without a fault.
        clean: interquartile mean without a fault, in % of the reference.
        interquartile: interquartile mean over all episodes under faults, in % of the reference.
        mean_rank: mean over the faults of its rank under each, by the interquartile mean.
        rank: its rank by ``overall``; policies that are equal share the best of their ranks.
        rank_low: best rank that is possible: 1 more than the policies certainly better.
        rank_high: worst rank that is possible.
        best, against, points: as for a :class:`Cell`, of ``overall``.
        behind: its ``overall`` less that of the first policy, as ``points``; NaN for the first.
        falls: episodes under faults that ended with a fall.
        stopped: episodes, also those without a fault, in which it was stopped.
        episodes: episodes under faults.
        missing: conditions without figures. A policy that misses any has no rank (0), and is
            compared with none.
    """

    policy: str
    overall: Estimate = NOTHING
    keeps: Estimate = NOTHING
    clean: Estimate = NOTHING
    interquartile: Estimate = NOTHING
    mean_rank: Estimate = NOTHING
    rank: int = 0
    rank_low: int = 0
    rank_high: int = 0
    best: bool = False
    against: str = ''
    points: Estimate = NOTHING
    behind: Estimate = NOTHING
    falls: int = 0
    stopped: int = 0
    episodes: int = 0
    missing: int = 0

    @property
    def certain(self) -> bool:
        """Whether one rank alone is possible."""
        return 0 < self.rank_low == self.rank_high


@dataclass(frozen=True)
class Analysis:
    """All that is derived from what a comparison measured.

    Attributes:
        covers: what an interval covers, in one sentence.
        cells: every policy without a fault and under each, with each elapsed time.
        curves: a curve for each policy, family and elapsed time.
        standings: the policies from best to worst, those without a rank last.
        improvements: each ordered pair of ranked policies.
        profiles: one for each ranked policy.
        gains: what the measured elapsed time is worth, where both were measured.
    """

    covers: str
    cells: tuple[Cell, ...]
    curves: tuple[Curve, ...]
    standings: tuple[Standing, ...]
    improvements: tuple[Improvement, ...]
    profiles: tuple[Profile, ...]
    gains: tuple[Gain, ...]

    def cell(self, policy: str, family: str, level: float, elapsed: str = MEASURED) -> Cell:
        """Look up a cell.

        Raises:
            KeyError: there is none.
        """
        for one in self.cells:
            if (one.policy, one.family, one.level, one.elapsed) == (policy, family, level, elapsed):
                return one
        raise KeyError(f'{policy} under {family or "no fault"} at {level:g}, {elapsed}')

    def curve(self, policy: str, family: str, elapsed: str = MEASURED) -> Curve:
        """Look up a curve.

        Raises:
            KeyError: there is none.
        """
        for one in self.curves:
            if (one.policy, one.family, one.elapsed) == (policy, family, elapsed):
                return one
        raise KeyError(f'{policy} under {family}, {elapsed}')
