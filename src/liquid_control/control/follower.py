"""A predictor beside a robot: it sees what a policy would see and predicts, but never commands."""

import math
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from liquid_control.control.contract import Contract
from liquid_control.control.controller import Command
from liquid_control.control.gate import Reason
from liquid_control.control.runtime import PolicyRunner
from liquid_control.control.timeline import Advance, Timeline


class Stretch(NamedTuple):
    """A run of consecutive used observations, without a reset in between.

    Attributes:
        places: indices of these observations among those given.
        elapsed: time before each, in nominal periods.
        anew: whether the state was reset before the first.
        predictions: predicted next sensed values, (n, p).
        states: recurrent state after each, (n, s).
    """

    places: list[int]
    elapsed: list[float]
    anew: bool
    predictions: np.ndarray
    states: np.ndarray


class Follower:
    """Steps a bundle by the same clock rules as a :class:`Controller`, without a gate.

    The action in its commands is NaN. ``events`` counts steps, resets and the surplus of
    observations that come faster than the contract's rate.

    Raises:
        ContractError: the bundle does not fit the robot.
    """

    def __init__(self, runner: PolicyRunner, robot: Contract):
        runner.contract.require_fit(robot, str(runner.bundle.path or runner.bundle.cell))
        self.runner = runner
        self.events: Counter[str] = Counter()
        self._timeline = Timeline(
            runner.contract.period_ns, robot.max_gap, trained=runner.bundle.trained_elapsed
        )
        self._nothing = np.full(runner.contract.action_size, np.nan, dtype=np.float32)
        self.reset()

    def reset(self) -> None:
        """Forget everything except the counts."""
        self.runner.reset()
        self._timeline.forget()

    def step(self, stamp_ns: int, observation: np.ndarray) -> Command:
        """Take in one observation (p,).

        The returned ``prediction`` is None if the observation was not used. Otherwise it is the
        network's output unchanged, finite or not: a comparison must see that a model diverged.
        """
        if not all(map(math.isfinite, observation.tolist())):
            return self._unused(stamp_ns, Reason.OBSERVATION_NOT_FINITE)
        advance, elapsed = self._timeline.advance(stamp_ns)
        if advance is Advance.SKIP:
            return self._unused(stamp_ns, Reason.STAMP_NOT_ADVANCING)
        if advance is Advance.SURPLUS:
            self.events['surplus'] += 1
            return self._unused(stamp_ns, Reason.SURPLUS)
        if advance is Advance.RESET:
            self.runner.reset()
            self.events['resets'] += 1
        started = time.perf_counter()
        prediction = self.runner.step(observation, elapsed).prediction
        step_s = time.perf_counter() - started
        self.events['steps'] += 1
        return Command(stamp_ns, self._nothing, Reason.NONE, prediction, elapsed, step_s)

    def run(self, stamps: Sequence[int], observations: np.ndarray) -> Iterator[Stretch]:
        """Take in many observations: the same as calling :meth:`step` on each, but faster.

        Args:
            stamps: n header stamps in ns.
            observations: (n, p).

        Yields:
            The used observations in order, one stretch per reset. Exhaust the iterator:
            observations that are not yet yielded are not yet stepped.

        Raises:
            ValueError: the bundle asks for ``previous_action``.
        """
        finite = np.all(np.isfinite(observations), axis=1).tolist()
        places, times, anew = [], [], False
        for place, stamp in enumerate(stamps):
            if not finite[place]:
                continue
            advance, elapsed = self._timeline.advance(stamp)
            if advance is Advance.SURPLUS:
                self.events['surplus'] += 1
            if not advance.used:
                continue
            if advance is Advance.RESET:
                if places:
                    yield self._stretch(places, times, anew, observations)
                places, times, anew = [], [], True
            places.append(place)
            times.append(elapsed)
        if places:
            yield self._stretch(places, times, anew, observations)

    def _stretch(
        self, places: list[int], times: list[float], anew: bool, observations: np.ndarray
    ) -> Stretch:
        if anew:
            self.runner.reset()
            self.events['resets'] += 1
        course = self.runner.sequence(observations[places], np.array(times))
        self.events['steps'] += len(places)
        return Stretch(places, times, anew, *course)

    def _unused(self, stamp_ns: int, reason: Reason) -> Command:
        return Command(stamp_ns, self._nothing, reason, None, 0.0, 0.0)
