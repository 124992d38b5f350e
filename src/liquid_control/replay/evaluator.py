"""One policy over a recording, observation by observation, and its figures."""

from collections import Counter
from typing import Any, cast

import numpy as np

from liquid_control.control.contract import Contract
from liquid_control.control.controller import Controller
from liquid_control.control.follower import Follower
from liquid_control.control.gate import Reason
from liquid_control.control.runtime import PolicyRunner
from liquid_control.evaluation.prediction_error import finite
from liquid_control.replay.alarm import Calibration
from liquid_control.replay.alarm_watch import AlarmWatch
from liquid_control.replay.error_sums import ErrorSums
from liquid_control.replay.free_run import FreeRunner, FreeRuns
from liquid_control.replay.sums import Differences, Thinned, Times

_CHUNK = 1000
_TIMED = 1000
"""Number of first observations on which a predictor is stepped one by one, as live, and timed."""


class Evaluator:
    """Steps a bundle, rolls it out, and keeps sums.

    A bundle with an action goes through the same controller as live, a predictor through a
    follower.

    Args:
        runner: the policy.
        robot: contract of the robot.
        horizon: number of steps that it predicts ahead on its own predictions.

    Attributes:
        runner: the policy.
        contract: its contract on the robot.
        name: its name.
        ahead: steps of a free run.
        last: stamp of the last observation in ns.
        watch: its trust alarm; None if it has none.
        errors: its prediction errors.
        shown: stamp in ns, predicted and observed values at the end of free runs, evenly thinned.

    Raises:
        ContractError: the policy does not fit the robot.
        ValueError: the calibration in the bundle is incomplete.
    """

    def __init__(self, runner: PolicyRunner, robot: Contract, horizon: int = 50):
        stepper = Controller if runner.bundle.drives else Follower
        self._stepper = stepper(runner, robot)
        self.runner, self.contract = runner, runner.contract.on(robot)
        self.name = runner.bundle.path.stem if runner.bundle.path else runner.bundle.cell
        self.last = 0
        self.ahead, every = horizon, max(1, round(self.contract.rate / 50.0))
        calibration = Calibration.of(runner.bundle.scores)
        self.watch = None
        if calibration is not None:
            self.ahead, every = max(horizon, calibration.horizon), calibration.every
            self.watch = AlarmWatch(self.contract, calibration)
        self._free_runs = FreeRunner(runner, self._end_runs, self.ahead, every, _CHUNK)
        self.errors, self.shown = ErrorSums(self.contract, horizon, self.ahead), Thinned()
        self._times, self._actions = Times(), Differences(self.contract.action_size)
        self._reasons: Counter[str] = Counter()
        self._nothing = np.zeros(self.contract.action_size, dtype=np.float32)
        self._resets = self._steps = self._used = self._unanswered = 0
        self._latest = -(1 << 63)
        self._rows: list[tuple] = []
        self._overlaps = False
        follows = all(term.sensed for term in self.contract.terms) and not runner.bundle.drives
        self._waiting: list[tuple[int, np.ndarray]] | None = [] if follows else None

    def step(
        self,
        stamp_ns: int,
        observation: np.ndarray,
        sent: np.ndarray | None,
        answers: bool = True,
    ) -> None:
        """Take in one observation, as :meth:`~liquid_control.replay.passes.Listener.step`."""
        self.last = stamp_ns
        self._steps += 1
        if self._waiting is not None and self._steps > _TIMED:
            self._waiting.append((stamp_ns, observation))
            if len(self._waiting) >= _CHUNK:
                self._follow()
            return
        command = self._stepper.step(stamp_ns, observation)
        if command.reasons:
            self._reasons.update(command.reasons.names())
        given = command.action if sent is None else sent
        if self._stepper.events['resets'] != self._resets:
            self._anew()
        if command.prediction is not None:
            self._used += 1
            self._free_runs.add(
                [stamp_ns], [observation], [command.elapsed], [command.prediction],
                self.runner.state, [given],
            )  # fmt: skip
        if sent is not None:
            self.runner.sent(sent)
        if command.reasons & Reason.SURPLUS:
            return  # the next observation is that of the next period
        self._latest = stamp_ns if command.used else self._latest
        answer = sent if answers else None
        row = (stamp_ns, observation, command.prediction, command.step_s, command.action, answer)
        self._rows.append(row)
        if len(self._rows) > _CHUNK:
            self._sum()

    def unanswered(self, stamp_ns: int, observation: np.ndarray) -> None:
        """Count an observation that did not reach the policy that drove; a predictor hears all."""
        if self.runner.bundle.drives:
            self._unanswered += 1
        else:
            self.step(stamp_ns, observation, None, False)

    def end(self) -> None:
        """The recording is over."""
        if self._waiting:
            self._follow()
        self._free_runs.end()
        self._sum()

    def _follow(self) -> None:
        """Step a predictor over the waiting observations; nothing that is sent depends on it."""
        waiting, self._waiting = self._waiting or [], []
        stamps = [stamp for stamp, _ in waiting]
        values = np.array([observation for _, observation in waiting])
        predictions: list[np.ndarray | None] = [None] * len(stamps)
        taken = np.zeros(len(stamps), dtype=bool)
        surplus = self._stepper.events['surplus']
        for part in cast(Follower, self._stepper).run(stamps, values):
            if part.anew:
                self._anew()
            count = len(part.places)
            self._free_runs.add(
                [stamps[step] for step in part.places], values[part.places], part.elapsed,
                part.predictions, part.states, [self._nothing] * count,
            )  # fmt: skip
            for step, prediction in zip(part.places, part.predictions, strict=True):
                predictions[step] = prediction
            taken[part.places] = True
        used = int(taken.sum())
        self._used += used
        bad = int(np.count_nonzero(~np.isfinite(values).all(axis=1)))
        self._reasons['observation_not_finite'] += bad
        surplus = self._stepper.events['surplus'] - surplus
        self._reasons['surplus'] += surplus
        self._reasons['stamp_not_advancing'] += len(stamps) - bad - used - surplus
        untimed, nothing = [0.0] * len(stamps), [None] * len(stamps)
        rows = zip(stamps, values, predictions, untimed, nothing, nothing, strict=True)
        for row, used in zip(rows, taken, strict=True):
            if used:
                self._latest = row[0]
            elif row[0] > self._latest and np.isfinite(row[1]).all():
                continue  # surplus, as in step
            self._rows.append(row)
        self._sum()

    def _anew(self) -> None:
        """Note that the state was reset."""
        self._resets = self._stepper.events['resets']
        self._free_runs.end()
        if self.watch is not None:
            self.watch.forget()

    def _end_runs(self, runs: FreeRuns) -> None:
        """Take in finished free runs."""
        self.errors.add_runs(runs)
        for row in np.flatnonzero(np.isfinite(runs.errors[:, -1]).all(axis=1)):
            predicted, error = runs.predicted[row], runs.errors[row, -1]
            self.shown.add(int(runs.stamps[row, -1]), predicted, predicted - error)
        if self.watch is not None:
            self.watch.take(runs)

    def _sum(self) -> None:
        """Move the collected rows into the sums; the last row stays, to precede the next one."""
        rows = self._rows
        if not rows:
            return
        fresh = rows[1:] if self._overlaps else rows
        unknown = np.full(self.contract.sensed_size, np.nan, dtype=np.float32)
        self.errors.add(
            np.array([row[0] for row in rows], dtype=np.int64),
            np.array([row[1] for row in rows]),
            np.array([unknown if row[2] is None else row[2] for row in rows]),
            len(fresh),
        )
        self._times.add(np.array([row[3] for row in fresh]))
        pairs = [(row[4], row[5]) for row in fresh if row[5] is not None]
        if pairs and self.runner.bundle.drives:
            mine, theirs = (np.array(side, dtype=np.float64) for side in zip(*pairs, strict=True))
            self._actions.add(mine - theirs)
        self._rows, self._overlaps = rows[-1:], True

    def result(self) -> dict[str, Any]:
        """Return all figures; docs/replay.md explains each of them."""
        bundle = self.runner.bundle
        return {
            'policy': self.name,
            'cell': bundle.cell,
            'drives': bundle.drives,
            'bundle_sha256': bundle.sha256,
            'contract_sha256': bundle.contract.hash,
            'observations': self._steps + self._unanswered,
            'steps': self._steps,
            'used': self._used,
            'resets': self._resets,
            **self.errors.result(),
            'policy_step_us_p50': _micro(self._times.quantile(0.5)),
            'policy_step_us_p99': _micro(self._times.quantile(0.99)),
            'actions_compared': self._actions.count,
            'action_difference_max': finite(self._actions.largest),
            'action_difference_rms': self._actions.rms,
            'reasons': {r.name.lower(): self._reasons[r.name.lower()] for r in Reason
                        if r and self._reasons[r.name.lower()]},
            'alarm': None if self.watch is None else self.watch.result(),
        }  # fmt: skip


def _micro(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1e6
