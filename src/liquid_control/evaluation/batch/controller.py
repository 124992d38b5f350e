"""One policy in control of many robots: what :class:`Controller` does for one, for N at once."""

from typing import NamedTuple

import numpy as np

from liquid_control.control.contract import Contract
from liquid_control.control.controller import ACTION_NOT_FINITE, STATE_NOT_FINITE
from liquid_control.control.elapsed import NOMINAL
from liquid_control.control.gate import Reason
from liquid_control.evaluation.batch.gate import BatchGate
from liquid_control.evaluation.batch.policy import BatchPolicy
from liquid_control.evaluation.batch.timeline import RESET, SKIP, SURPLUS, BatchTimeline

_FIT, _ACTION, _STATE = range(3)
_WHY = {_FIT: None, _ACTION: ACTION_NOT_FINITE, _STATE: STATE_NOT_FINITE}
_NOT_USED = {SKIP: Reason.STAMP_NOT_ADVANCING, SURPLUS: Reason.SURPLUS}


class Commands(NamedTuple):
    """What leaves the controller for one observation of each of K robots, as :class:`Command`.

    Attributes:
        action: the commands to send, (K, m) float32.
        reasons: why each differs from what the policy asked for, (K,).
        prediction: the next sensed values that the policy expects, (K, p); NaN rows where none.
        elapsed: time since the previous observation in nominal periods, (K,); 0 if not used.
    """

    action: np.ndarray
    reasons: np.ndarray
    prediction: np.ndarray
    elapsed: np.ndarray


class BatchController:
    """A policy with a gate and a clock for each of N robots, in lockstep: no reading is old.

    Args:
        policy: the policy, for N robots.
        robot: contract of the robots.
        elapsed: ``measured`` or ``nominal``: the policy is given the elapsed time, or always 1.
        thin: whether readings that come faster than the policy's rate are thinned out.

    Raises:
        ContractError: two limits are so close that no float32 lies between them.
    """

    def __init__(self, policy: BatchPolicy, robot: Contract, elapsed: str, thin: bool):
        count, contract = len(policy.state), policy.contract
        self._policy, self._nominal = policy, elapsed == NOMINAL
        self._rate = contract.rate
        self._gate = BatchGate(robot.action)
        self._timeline = BatchTimeline(
            count, contract.period_ns, robot.max_gap, thin, policy.trained_elapsed
        )
        self._freshness_ns = round(robot.freshness * 1e9)
        self._command = np.tile(self._gate.safe, (count, 1))
        self._sent = np.tile(policy.safe, (count, 1))
        self._used_ns = np.zeros(count, dtype=np.int64)
        self._used = np.zeros(count, dtype=bool)
        self._stopped = np.full(count, _FIT)

    def reset(self, row: int) -> None:
        """Forget everything about one robot, and be ready to drive it."""
        self._timeline.forget(np.array([row]))
        self._policy.reset(np.array([row]))
        self._command[row], self._sent[row] = self._gate.safe, self._policy.safe
        self._used[row], self._stopped[row] = False, _FIT

    def stopped(self, row: int) -> str | None:
        """Why the policy of one robot was stopped; None if it was not."""
        return _WHY[int(self._stopped[row])]

    def step(self, rows: np.ndarray, stamps: np.ndarray, observations: np.ndarray) -> Commands:
        """Answer one observation of each of K robots.

        Args:
            rows: which, (K,).
            stamps: stamps of the observations in ns, (K,).
            observations: sensed values in the order of the policy's contract, (K, p) float32.
        """
        reasons = np.zeros(len(rows), dtype=np.int64)
        stopped = self._stopped[rows] != _FIT
        broken = ~np.isfinite(observations).all(axis=1) & ~stopped
        reasons[stopped] = int(Reason.STOPPED)
        reasons[broken] = int(Reason.OBSERVATION_NOT_FINITE)
        asked = np.flatnonzero(reasons == 0)
        meaning, passed = self._timeline.advance(rows[asked], stamps[asked])
        for why, reason in _NOT_USED.items():
            reasons[asked[meaning == why]] = int(reason)
        used = asked[meaning <= RESET]
        held = np.flatnonzero((reasons != 0) & ~stopped)
        self._hold(held, rows, stamps, reasons)
        self._policy.reset(rows[asked[meaning == RESET]])
        self._sent[rows[asked[meaning == RESET]]] = self._policy.safe
        elapsed = np.zeros(len(rows))
        elapsed[asked] = passed
        prediction = np.full((len(rows), self._policy.contract.sensed_size), np.nan, np.float32)
        if len(used):
            self._use(used, rows, stamps, observations, elapsed, reasons, prediction)
        return Commands(self._command[rows], reasons, prediction, elapsed)

    def _hold(
        self, held: np.ndarray, rows: np.ndarray, stamps: np.ndarray, reasons: np.ndarray
    ) -> None:
        """Hold the last commands while the last used observations are fresh, else be safe."""
        which = rows[held]
        fresh = self._used[which] & (stamps[held] - self._used_ns[which] <= self._freshness_ns)
        stale = held[~fresh]
        reasons[stale] |= int(Reason.SENSOR_STALE)
        self._command[rows[stale]] = self._sent[rows[stale]] = self._gate.safe

    def _use(
        self,
        used: np.ndarray,
        rows: np.ndarray,
        stamps: np.ndarray,
        observations: np.ndarray,
        elapsed: np.ndarray,
        reasons: np.ndarray,
        prediction: np.ndarray,
    ) -> None:
        """Let the policy answer the observations of some robots; fill in what follows."""
        which, passed = rows[used], elapsed[used]
        given = np.ones_like(passed) if self._nominal else passed
        asked, expected, finite = self._policy.step(
            which, observations[used], given, self._sent[which]
        )
        seconds = np.minimum(passed, 1.0) / self._rate
        command, why = self._gate(asked, self._command[which], seconds)
        if not finite.all():  # an action may look sound: a saturated output is finite
            self._stopped[which[~finite]] = _STATE
            why[~finite] = int(Reason.OUTPUT_NOT_FINITE)
            command[~finite] = self._gate.safe
            expected[~finite] = np.nan
            elapsed[used[~finite]] = 0.0
        broken = finite & (why == int(Reason.OUTPUT_NOT_FINITE))
        self._stopped[which[broken]] = _ACTION
        self._command[which] = self._sent[which] = command
        self._used_ns[which], self._used[which] = stamps[used], True
        reasons[used] = why
        sound = np.isfinite(expected).all(axis=1)
        prediction[used[sound]] = expected[sound]
