"""One policy over a recording, observation by observation, and its figures."""

from collections import Counter
from typing import Any, cast

import numpy as np

from liquid_control.control.contract import Contract
from liquid_control.control.controller import Controller
from liquid_control.control.follower import Follower
from liquid_control.control.gate import Reason
from liquid_control.control.runtime import PolicyRunner
from liquid_control.evaluation.prediction_error import (
    contract_std,
    error_figures,
    finite,
    floored_by_term,
    ratio,
    scorable,
)
from liquid_control.replay.alarm import Alarm, Calibration
from liquid_control.replay.free_run import FreeRunner, FreeRuns
from liquid_control.replay.sums import Moments, Squares, Thinned, Times

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

    Raises:
        ContractError: the policy does not fit the robot.
        ValueError: the calibration in the bundle is incomplete.
    """

    def __init__(self, runner: PolicyRunner, robot: Contract, horizon: int = 50):
        stepper = Controller if runner.bundle.drives else Follower
        self._stepper = stepper(runner, robot)
        self.runner, self.contract = runner, runner.contract.on(robot)
        self.calibration = Calibration.of(runner.bundle.scores)
        self.alarm = Alarm(self.contract, self.calibration) if self.calibration else None
        self.name = runner.bundle.path.stem if runner.bundle.path else runner.bundle.cell
        self.horizon = horizon
        self.last = 0
        longest, every = horizon, max(1, round(self.contract.rate / 50.0))
        if self.calibration:
            longest = max(horizon, self.calibration.horizon)
            every = self.calibration.every
        self.ahead = longest
        self._free_runs = FreeRunner(runner, self._end_run, longest, every, _CHUNK)
        self._measured = np.array(self.contract.measured)
        size = len(self._measured)
        self._one, self._many = Squares((size,)), Squares((longest, size))
        self._moments, self._times = Moments(size), Times()
        self._actions = Squares((self.contract.action_size,))
        self._largest = np.nan
        self._reasons: Counter[str] = Counter()
        self._nothing = np.zeros(self.contract.action_size, dtype=np.float32)
        self._resets = self._steps = self._used = self._unanswered = 0
        self._watched_ns, self._scored_ns = 0, 0
        self._latest = -(1 << 63)
        self.scores, self.shown = Thinned(), Thinned()
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
        if self.alarm:
            self.alarm.forget()
            self._scored_ns = 0

    def _end_run(self, runs: FreeRuns) -> None:
        self._many.add(runs.errors, runs.persistence)
        for row in np.flatnonzero(np.isfinite(runs.errors[:, -1]).all(axis=1)):
            predicted, error = runs.predicted[row], runs.errors[row, -1]
            self.shown.add(int(runs.stamps[row, -1]), predicted, predicted - error)
        if self.alarm and self.calibration:
            ahead = self.calibration.horizon
            for row in np.flatnonzero(np.isfinite(runs.errors[:, ahead - 1]).all(axis=1)):
                stamp = int(runs.stamps[row, ahead - 1])
                score = self.alarm.take(stamp, runs.errors[row, :ahead].mean(axis=0))
                if score is not None:
                    step = self.calibration.every * self.contract.period_ns
                    self._watched_ns += stamp - self._scored_ns if self._scored_ns else step
                    self._scored_ns = stamp
                    self.scores.add(stamp, score)

    def _sum(self) -> None:
        """Move the collected rows into the sums; the last row stays, to precede the next one."""
        rows = self._rows
        if not rows:
            return
        fresh = rows[1:] if self._overlaps else rows
        stamps = np.array([row[0] for row in rows], dtype=np.int64)
        values = np.array([row[1] for row in rows])[:, self._measured]
        unknown = np.full(self.contract.sensed_size, np.nan, dtype=np.float32)
        seen = np.array([unknown if row[2] is None else row[2] for row in rows])
        seen = seen[:, self._measured]
        known = scorable(stamps, values, seen, self.contract.period_ns)
        now, then = values[:-1][known].astype(np.float64), values[1:][known].astype(np.float64)
        self._one.add(seen[:-1][known] - then, now - then)
        self._moments.add(values[len(rows) - len(fresh) :])
        self._times.add(np.array([row[3] for row in fresh]))
        pairs = [(row[4], row[5]) for row in fresh if row[5] is not None]
        if pairs and self.runner.bundle.drives:
            mine, theirs = (np.array(side, dtype=np.float64) for side in zip(*pairs, strict=True))
            self._actions.add(mine - theirs, mine - theirs)
            self._largest = np.nanmax([self._largest, np.abs(mine - theirs).max()])
        self._rows, self._overlaps = rows[-1:], True

    def result(self) -> dict[str, Any]:
        """Return all figures; docs/replay.md explains each of them."""
        bundle, contract = self.runner.bundle, self.contract
        std, scale = self._std()
        one, base = (means / std**2 for means in self._one.means())
        channels = [contract.sensed_channels[index] for index in self._measured]
        units = [unit for term in contract.sensed for unit in term.units]
        compared = int(self._actions.count)
        action = self._actions.means()[0] if compared else None
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
            'prediction_scored': int(self._one.count),
            'prediction_scale': scale,
            **error_figures(channels, one, base),
            'horizons': self._horizons(channels, [units[p] for p in self._measured], std),
            'policy_step_us_p50': _micro(self._times.quantile(0.5)),
            'policy_step_us_p99': _micro(self._times.quantile(0.99)),
            'actions_compared': compared,
            'action_difference_max': finite(self._largest),
            'action_difference_rms': None if action is None else float(np.sqrt(action.mean())),
            'reasons': {r.name.lower(): self._reasons[r.name.lower()] for r in Reason
                        if r and self._reasons[r.name.lower()]},
            'alarm': self._alarm(),
        }  # fmt: skip

    def curve(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return steps ahead, and mean squared errors of policy and persistence, in std²."""
        std, _ = self._std()
        model, base = (means[: self.horizon] for means in self._many.means())
        known = np.flatnonzero(np.isfinite(model).all(axis=1))
        return known + 1, *((v[known] / std**2).mean(axis=1) for v in (model, base))

    def _std(self) -> tuple[np.ndarray, str]:
        terms = [term for term in self.contract.sensed if not term.hold]
        if all(term.std is not None for term in terms):
            return contract_std(terms), 'contract'
        return floored_by_term(terms, self._moments.std), 'recording'

    def _horizons(self, channels, units, std) -> dict[str, Any]:
        """Errors by steps ahead: in std² over all channels, and each channel's rms in its unit."""
        ahead, mse, persistence = self.curve()
        model, base = (means[ahead - 1] for means in self._many.means())
        return {
            'steps': ahead.tolist(),
            'scored': self._many.count[ahead - 1].tolist(),
            'mse': mse.tolist(),
            'persistence_mse': persistence.tolist(),
            'ratio': [ratio(a, b) for a, b in zip(mse, persistence, strict=True)],
            'channels': {
                name: {
                    'unit': units[index],
                    'rmse': np.sqrt(model[:, index]).tolist(),
                    'persistence_rmse': np.sqrt(base[:, index]).tolist(),
                }
                for index, name in enumerate(channels)
            },
        }

    def _alarm(self) -> dict[str, Any] | None:
        calibration = self.calibration
        if self.alarm is None or calibration is None:
            return None
        return {
            'threshold': calibration.threshold,
            'false_alarms_per_minute': calibration.rate,
            'calibrated_on_s': calibration.seconds,
            'extrapolated': calibration.extrapolated,
            'watched_s': self._watched_ns * 1e-9,
            'events': [
                {
                    'start_ns': event.start,
                    'end_ns': event.end,
                    'peak': event.peak,
                    'joints': dict(sorted(event.joints.items(), key=lambda item: -item[1])),
                }
                for event in self.alarm.events
            ],
        }


def _micro(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1e6
