"""Predictions fed back into the policy, from many starting points and over many steps.

From a starting point, the policy continues without new measurements: it takes what the robot does
from its own predictions, what the robot is told (terms that hold, and the previous command) as
recorded, and time as it passed. Many starting points are run together as one batch.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from liquid_control.control.runtime import PolicyRunner

_LARGEST = 1e6
"""Errors that are larger or not finite count as this, in the channel's unit."""


@dataclass(frozen=True)
class FreeRuns:
    """S finished free runs of at most H steps over q measured channels.

    Attributes:
        stamps: stamps of the observations at 1 … H steps in ns, (S, H) int64; beyond the last
            observation, its stamp is repeated.
        passed: time since the observation before each of them in ns, (S, H) int64.
        predicted: prediction for the last observation of each, (S, q) float32.
        errors: predicted − observed at 1 … H steps, (S, H, q); NaN beyond a gap or the end.
        persistence: the same errors for predicting the starting point at every step.
    """

    stamps: np.ndarray
    passed: np.ndarray
    predicted: np.ndarray
    errors: np.ndarray
    persistence: np.ndarray


class FreeRunner:
    """Collects what a policy saw, and starts a free run at every ``every``-th observation.

    Args:
        runner: the policy; a twin of it does the free runs.
        sink: receives the finished free runs.
        horizon: steps H of a free run.
        every: observations from one starting point to the next.
        chunk: observations to collect, beyond the horizon, before rolling out a batch.
    """

    def __init__(
        self,
        runner: PolicyRunner,
        sink: Callable[[FreeRuns], None],
        horizon: int = 50,
        every: int = 10,
        chunk: int = 1000,
    ):
        self._twin, self._sink = runner.twin(), sink
        self.horizon, self.every, self._chunk = horizon, every, chunk + horizon
        self._measured = np.array(runner.contract.measured, dtype=np.intp)
        self._given = np.ones(runner.contract.sensed_size, dtype=bool)
        self._given[self._measured] = False
        self._count = 0
        self._clear()

    def add(
        self,
        stamps: Sequence[int],
        observations: Sequence[np.ndarray] | np.ndarray,
        elapsed: Sequence[float],
        predictions: Sequence[np.ndarray] | np.ndarray,
        states: Sequence[np.ndarray] | np.ndarray,
        sent: Sequence[np.ndarray],
    ) -> None:
        """Take in observations that the policy has stepped on, n of them.

        Args:
            stamps: stamps in ns.
            observations: sensed values, (p,) each.
            elapsed: time since the previous observation in nominal periods.
            predictions: the policy's predictions for the next observation, (p,) each.
            states: the policy's states after each observation, (s,) each.
            sent: the commands sent in response, (m,) each.

        Raises:
            ValueError: the arguments differ in length.
        """
        counts = [len(each) for each in (stamps, observations, elapsed, predictions, states, sent)]
        if len(set(counts)) > 1:
            raise ValueError(f'expected the same number of each, found {counts}')
        before, skipped = len(self._stamps), -self._count % self.every
        for step in range(skipped, len(stamps), self.every):
            self._starts.append((before + step, states[step], predictions[step]))
        self._count += len(stamps)
        self._stamps.extend(stamps)
        self._values.extend(observations)
        self._elapsed.extend(elapsed)
        self._sent.extend(sent)
        if len(self._stamps) >= self._chunk:
            self._run(whole=True)

    def end(self) -> None:
        """Roll out what is left, because the state is reset or the recording ends."""
        if self._starts:
            self._run(whole=False)
        self._clear()

    def _clear(self) -> None:
        self._stamps: list[int] = []
        self._values: list[np.ndarray] = []
        self._elapsed: list[float] = []
        self._sent: list[np.ndarray] = []
        self._starts: list[tuple[int, np.ndarray, np.ndarray]] = []

    def _run(self, whole: bool) -> None:
        """Roll out from the collected starting points; if ``whole``, only those with H steps."""
        last = len(self._stamps) - 1
        ready = [s for s in self._starts if not whole or s[0] + self.horizon <= last]
        ready = [s for s in ready if s[0] < last]
        if ready:
            self._sink(self._roll(ready, last))
        done = len(ready) if whole else len(self._starts)
        del self._starts[:done]
        cut = self._starts[0][0] if self._starts else max(0, last)
        # A starting point needs the command before it, so keep that observation too.
        cut = max(0, cut - 1)
        for kept in (self._stamps, self._values, self._elapsed, self._sent):
            del kept[:cut]
        self._starts = [(step - cut, state, seen) for step, state, seen in self._starts]

    def _roll(self, ready: list, last: int) -> FreeRuns:
        starts = np.array([s[0] for s in ready])
        values = np.array(self._values)
        steps = min(self.horizon, last - int(starts.min()))
        ahead = starts + np.arange(1, self.horizon + 1)[:, None]  # (H, S)
        seen = np.minimum(ahead, last)
        first = np.array([s[2] for s in ready])
        self._twin.resume(np.array([s[1] for s in ready]))
        predicted = np.empty((self.horizon, *first.shape), dtype=np.float32)
        predicted[0] = first
        with np.errstate(all='ignore'):  # a diverging free run is just large: no warnings
            self._feed(predicted[:steps], values, seen)
            predicted[steps:] = predicted[steps - 1]
            mine, truth = predicted[..., self._measured], values[seen][..., self._measured]
            errors = np.nan_to_num(mine - truth, nan=_LARGEST, posinf=_LARGEST, neginf=-_LARGEST)
            errors = np.clip(errors, -_LARGEST, _LARGEST)
            persistence = values[starts][:, self._measured] - truth
        errors[ahead > last] = persistence[ahead > last] = np.nan
        longest = np.minimum(last - starts, self.horizon) - 1
        stamps = np.array(self._stamps)
        return FreeRuns(
            stamps[seen].T,
            (stamps[seen] - stamps[seen - 1]).T,
            mine[longest, np.arange(len(ready))],
            errors.swapaxes(0, 1),
            persistence.swapaxes(0, 1),
        )

    def _feed(self, predicted: np.ndarray, values: np.ndarray, seen: np.ndarray) -> None:
        """Fill in the predictions (H, S, p) after the first row, each from the row before."""
        elapsed = np.array(self._elapsed, dtype=np.float32)
        sent = np.array(self._sent, dtype=np.float32)
        for step in range(1, len(predicted)):
            before = seen[step] - 1
            x = np.where(self._given, values[before], predicted[step - 1])
            self._twin.sent(sent[np.maximum(before - 1, 0)])
            predicted[step] = self._twin.step(x, elapsed[before]).prediction
