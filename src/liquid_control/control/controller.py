"""One policy in control: stamps → elapsed time, observation → command, and when to stop.

The ROS node, the in-process simulation and the bag replay all share this core.
"""

import math
import time
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from liquid_control.control.contract import Contract
from liquid_control.control.elapsed import MEASURED, NOMINAL, require_elapsed
from liquid_control.control.gate import Gate, Reason
from liquid_control.control.runtime import PolicyRunner
from liquid_control.control.timeline import Advance, Timeline


class Command(NamedTuple):
    """What leaves the controller for one observation.

    Attributes:
        stamp_ns: stamp of the observation that the command answers.
        action: the command to send, (m,) float32, finite and within the limits.
        reasons: why it differs from what the policy asked for.
        prediction: the next sensed values that the policy expects, (p,); None if the observation
            was not used or the prediction is not finite.
        elapsed: time since the previous observation in nominal periods; 0 if it was not used.
        step_s: duration of the policy's step in seconds; 0 if there was no step.
    """

    stamp_ns: int
    action: np.ndarray
    reasons: Reason
    prediction: np.ndarray | None
    elapsed: float
    step_s: float

    @property
    def used(self) -> bool:
        """Whether the policy took the observation in."""
        return self.elapsed > 0.0


STATE_NOT_FINITE = "the policy's state is not finite"
ACTION_NOT_FINITE = "the policy's output is not finite"


def _just_now() -> float:
    return 0.0


class Controller:
    """A policy, its gate and its clock, for one robot.

    ``counts`` records what happened: steps, resets, stops, predictions that are not finite, and
    every :class:`Reason` by name. An observation that is not used leaves no trace in the policy's
    memory or in its clock. Another thread may call :meth:`stop` while a step is under way.

    Args:
        runner: the policy.
        robot: contract of the robot.
        clock: returns the time in s; steady.
        elapsed: ``measured`` or ``nominal``: the policy is given the elapsed time, or always 1.
        thin: whether readings that come faster than the policy's rate, and than in its training,
            are thinned out.

    Raises:
        ContractError: the policy's bundle does not fit the robot, or has no action of its own.
        ValueError: ``elapsed`` is something else.
    """

    def __init__(
        self,
        runner: PolicyRunner,
        robot: Contract,
        clock: Callable[[], float] = time.monotonic,
        *,
        elapsed: str = MEASURED,
        thin: bool = True,
    ):
        require_elapsed(elapsed)
        runner.bundle.require_driver(robot)
        self.runner = runner
        self.robot = robot
        self._clock = clock
        self.gate = Gate(robot.action, robot.freshness)
        self._timeline = Timeline(
            runner.contract.period_ns, robot.max_gap, thin, runner.bundle.trained_elapsed
        )
        self._nominal = elapsed == NOMINAL
        self._freshness_ns = round(robot.freshness * 1e9)
        self.events: Counter[str] = Counter()
        self.reset()

    def forget(self) -> None:
        """Treat the next observation as the first, as after a clock jump."""
        self.runner.reset()
        self._timeline.forget()

    def distant(self, now_ns: int) -> bool:
        """Whether the last observation lies more than ``max_gap`` before or after a time."""
        return self._timeline.distant(now_ns)

    def reset(self) -> None:
        """Forget everything except the counts, and be ready to drive."""
        self.forget()
        self._command = self.gate.safe.copy()
        self._used_ns: int | None = None
        self._used_at = -math.inf
        self.stopped: str | None = None

    @property
    def counts(self) -> dict[str, int]:
        # Copies, since another thread may ask while a step counts.
        every = {**dict(self.events), **dict(self.gate.counts)}
        return {name: count for name, count in every.items() if count}

    @property
    def used_age(self) -> float:
        """Age in seconds of the last observation that was used, by the steady clock."""
        return self._clock() - self._used_at

    def stop(self, why: str) -> np.ndarray:
        """Stop until :meth:`reset`; return the safe action, which must be sent once more."""
        if self.stopped is None:
            self.stopped = why
            self.events['stops'] += 1
        self._command = self.gate.safe.copy()
        return self._command

    def step(
        self, stamp_ns: int, observation: np.ndarray, age: Callable[[], float] = _just_now
    ) -> Command:
        """Answer one observation.

        Args:
            stamp_ns: header stamp of the observation.
            observation: sensed values (p,) in the order of the policy's contract.
            age: returns the seconds from the stamp to now, below zero if the stamp is ahead; asked
                before the step and again once the policy has answered.
        """
        if self.stopped is not None:
            return self._stopped(stamp_ns, Reason.STOPPED)
        old, asked_at = age(), self._clock()
        if not abs(old) <= self.robot.freshness:
            passed = asked_at - self._used_at
            return self._hold(stamp_ns, passed <= self.robot.freshness, Reason.OFF_THE_CLOCK)
        # The time by the caller's clock, wherever the stamp lies.
        now = stamp_ns + round(old * 1e9)
        fresh = self._used_ns is not None and now - self._used_ns <= self._freshness_ns
        if not all(map(math.isfinite, observation.tolist())):
            return self._hold(stamp_ns, fresh, Reason.OBSERVATION_NOT_FINITE)
        advance, elapsed = self._timeline.advance(stamp_ns)
        if advance is Advance.SKIP:
            return self._hold(stamp_ns, fresh, Reason.STAMP_NOT_ADVANCING)
        if advance is Advance.SURPLUS:
            return self._hold(stamp_ns, fresh, Reason.SURPLUS)
        if advance is Advance.RESET:
            self.runner.reset()
            self.events['resets'] += 1
        started = time.perf_counter()
        try:
            action, prediction = self.runner.step(observation, 1.0 if self._nominal else elapsed)
        except Exception as error:  # whatever the cause, the robot must be stopped
            self.stop(f'the policy failed: {error}')
            return self._stopped(stamp_ns, Reason.POLICY_FAILED)
        step_s = time.perf_counter() - started
        self.events['steps'] += 1
        if self.stopped is not None:  # meanwhile, by another thread
            return self._stopped(stamp_ns, Reason.STOPPED)
        if not self.runner.finite:  # its action may look sound: a saturated output is finite
            self.stop(STATE_NOT_FINITE)
            return self._stopped(stamp_ns, Reason.OUTPUT_NOT_FINITE)
        # The command must not jump even after lost samples: at most one period's worth of slew.
        seconds = min(elapsed, 1.0) / self.runner.contract.rate
        command, reasons = self.gate(action, self._command, seconds, abs(age()))
        if reasons & Reason.OUTPUT_NOT_FINITE:
            self.stop(ACTION_NOT_FINITE)
        self._command, self._used_ns = command, stamp_ns
        self._used_at = asked_at - max(old, 0.0)
        self.runner.sent(command)
        if not all(map(math.isfinite, prediction.tolist())):
            prediction = None
            self.events['predictions_not_finite'] += 1
        return Command(stamp_ns, command, reasons, prediction, elapsed, step_s)

    def _stopped(self, stamp_ns: int, reason: Reason) -> Command:
        self.gate.count(reason)
        return Command(stamp_ns, self.gate.safe.copy(), reason, None, 0.0, 0.0)

    def withdraw(self, command: Command) -> Command:
        """Replace a command that was too late to be sent by the safe action, as sent instead."""
        self.gate.count(Reason.SENSOR_STALE)
        self._command = self.gate.safe.copy()
        self.runner.sent(self._command)
        reasons = command.reasons | Reason.SENSOR_STALE
        return command._replace(action=self._command, reasons=reasons)

    def _hold(self, stamp_ns: int, fresh: bool, reason: Reason) -> Command:
        """Hold the last command while the last used observation is fresh, else be safe."""
        if not fresh:
            reason |= Reason.SENSOR_STALE
            self._command = self.gate.safe.copy()
            self.runner.sent(self._command)
        self.gate.count(reason)
        return Command(stamp_ns, self._command, reason, None, 0.0, 0.0)
