"""Live prediction error: does the robot still behave as the model expects?"""

from collections import deque
from typing import Any

import numpy as np

from liquid_control.control.contract import Contract
from liquid_control.control.follower import Follower
from liquid_control.control.observe import Observer
from liquid_control.control.runtime import PolicyRunner
from liquid_control.evaluation.prediction_error import follows, ratio
from liquid_control.replay.alarm import Alarm, Calibration
from liquid_control.replay.free_run import FreeRunner, FreeRuns


class LiveAccuracy:
    """Compares predictions with the observations they were for, over a sliding window.

    Errors are squared, in units of each channel's ``scale``, and summed over channels; a channel
    of infinite scale does not count. Each prediction is for the next observation, and is compared
    if that comes one nominal period later, plus or minus a quarter, and all is finite.

    Args:
        scale: scales of the channels, (n,).
        period_ns: nominal time between observations in ns.
        window: number of observations in the window.
    """

    def __init__(self, scale: np.ndarray, period_ns: int, window: int = 250):
        self._scale, self._period_ns = scale, period_ns
        self._last_ns: int | None = None
        self._errors: deque[tuple[float, float]] = deque(maxlen=window)
        self._expected: dict[int, np.ndarray] = {}
        self._last: np.ndarray | None = None

    def predicted(self, stamp_ns: int, values: np.ndarray) -> None:
        """Take in values (n,) predicted for a stamp, one period after the observation's own."""
        self._expected[stamp_ns - self._period_ns] = values
        if len(self._expected) > (self._errors.maxlen or 0):
            del self._expected[next(iter(self._expected))]

    def observed(self, stamp_ns: int, values: np.ndarray) -> None:
        """Take in values (n,) observed at a stamp."""
        expected = None
        if self._last_ns is not None and follows(stamp_ns - self._last_ns, self._period_ns):
            expected = self._expected.pop(self._last_ns, None)
        if expected is not None:
            model, persistence = (values - expected, values - self._last)
            if np.isfinite([model, persistence]).all():
                ours, theirs = (np.sum((e / self._scale) ** 2) for e in (model, persistence))
                self._errors.append((float(ours), float(theirs)))
        self._last, self._last_ns = values, stamp_ns

    @property
    def ratio(self) -> float | None:
        """Mean squared error over that of persistence; None before there is one."""
        if not self._errors:
            return None
        model, persistence = np.mean(self._errors, axis=0) / self._scale.size
        return ratio(float(model), float(persistence))


class LiveAlarm:
    """A predictor beside a running robot, and its trust alarm.

    ``scored`` counts the scores so far: while it stands still, nothing is watched.

    Args:
        runner: runner of a bundle with a calibrated alarm.
        robot: contract of the robot.

    Raises:
        ContractError: the predictor does not fit the robot.
        ValueError: the bundle has no calibration.
    """

    def __init__(self, runner: PolicyRunner, robot: Contract):
        calibration = Calibration.of(runner.bundle.scores)
        if calibration is None:
            raise ValueError(
                f'{runner.bundle.path}: no alarm in its scores: '
                'liquid-control train predictor calibrates one'
            )
        self._follower = Follower(runner, robot)
        self._observer = Observer(runner.contract.on(robot))
        self.alarm = Alarm(runner.contract, calibration)
        self._nothing = np.zeros(runner.contract.action_size, dtype=np.float32)
        self._free_runs = FreeRunner(
            runner, self._end_run, calibration.horizon, calibration.every, calibration.every
        )
        self._resets = 0
        self.scored = 0

    @property
    def topics(self) -> dict[str, str]:
        """Topic → type of every topic that it must hear."""
        return self._follower.runner.contract.topics

    def take(self, topic: str, message: Any) -> None:
        """Take in a message of one of its topics.

        Raises:
            ObservationError: the message lacks something that the contract asks for.
        """
        complete = self._observer.update(topic, message)
        if complete is None:
            return
        stamp, values = complete
        command = self._follower.step(stamp, values)
        if self._follower.events['resets'] != self._resets:
            self._resets = self._follower.events['resets']
            self._free_runs.end()
            self.alarm.forget()
        if command.prediction is not None:
            self._free_runs.add(
                [stamp], [values], [command.elapsed], [command.prediction],
                self._follower.runner.state, [self._nothing],
            )  # fmt: skip

    def _end_run(self, runs: FreeRuns) -> None:
        for stamp, errors in zip(runs.stamps[:, -1], runs.errors, strict=True):
            if np.isfinite(errors).all():
                score = self.alarm.take(int(stamp), errors.mean(axis=0))
                self.scored += score is not None

    @property
    def status(self) -> dict[str, Any]:
        """Score, threshold, whether the alarm is raised, since which stamp and which joints."""
        event = self.alarm.events[-1] if self.alarm.raised else None
        return {
            'alarm': event is not None,
            'score': self.alarm.score,
            'threshold': self.alarm.calibration.threshold,
            'since_ns': event.start if event else 0,
            'joints': ', '.join(event.joints) if event else '',
        }
