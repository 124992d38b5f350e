"""Predictions that feed on themselves: from many starting points, over many steps.

From a starting point the policy goes on without looking: what the robot does it takes from its own
predictions, what the robot is told (terms that hold, and the previous command) as recorded, and
time as it passed. Many starting points go together, as one batch.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from liquid_control.control.runtime import PolicyRunner

_LARGEST = 1e6
"""An error that is not finite, or larger, counts as this, in the channel's unit."""


@dataclass(frozen=True)
class Rollouts:
    """S finished rollouts of at most H steps over q measured channels.

    Attributes:
        stamps: of the observations at 1 … H steps, in ns, (S, H) int64; the last one's beyond it.
        predicted: what was foretold for the last, (S, q) float32.
        errors: predicted − observed at 1 … H steps, (S, H, q); NaN beyond a gap or the end.
        persistence: the same of taking the starting point for every later observation.
    """

    stamps: np.ndarray
    predicted: np.ndarray
    errors: np.ndarray
    persistence: np.ndarray


class RolloutRunner:
    """Collects what a policy saw, and rolls out from every so manieth observation.

    Args:
        runner: the policy; its state is read right after each of its steps.
        sink: is handed the finished rollouts.
        horizon: H, steps of a rollout.
        every: observations from one starting point to the next.
        chunk: observations that are waited for before those at hand are rolled out.
    """

    def __init__(
        self,
        runner: PolicyRunner,
        sink: Callable[[Rollouts], None],
        horizon: int = 50,
        every: int = 10,
        chunk: int = 1000,
    ):
        self._main, self._twin, self._sink = runner, runner.twin(), sink
        self.horizon, self.every, self._chunk = horizon, every, chunk + horizon
        self._measured = np.array(runner.contract.measured, dtype=np.intp)
        self._given = np.ones(runner.contract.sensed_size, dtype=bool)
        self._given[self._measured] = False
        self._count = 0
        self._clear()

    def add(
        self,
        stamp_ns: int,
        observation: np.ndarray,
        elapsed: float,
        prediction: np.ndarray,
        sent: np.ndarray,
    ) -> None:
        """Take in one observation (p,) that the policy has just stepped on.

        Args:
            stamp_ns: its stamp.
            observation: sensed values.
            elapsed: since the one before, in nominal periods.
            prediction: what the policy foretells for the next, (p,).
            sent: the command that was sent thereupon, (m,).
        """
        if self._count % self.every == 0:
            self._starts.append((len(self._stamps), self._main.state[0], prediction))
        self._count += 1
        self._stamps.append(stamp_ns)
        self._values.append(observation)
        self._elapsed.append(elapsed)
        self._sent.append(sent)
        if len(self._stamps) >= self._chunk:
            self._run(whole=True)

    def end(self) -> None:
        """Memory starts anew, or the recording ends: what is at hand is all there will be."""
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
        """Roll out from the starting points at hand; ``whole``: only where all H steps are."""
        last = len(self._stamps) - 1
        ready = [s for s in self._starts if not whole or s[0] + self.horizon <= last]
        ready = [s for s in ready if s[0] < last]
        if ready:
            self._sink(self._roll(ready, last))
        done = len(ready) if whole else len(self._starts)
        del self._starts[:done]
        cut = self._starts[0][0] if self._starts else max(0, last)
        # the command before a starting point is its previous one: keep that observation too
        cut = max(0, cut - 1)
        for kept in (self._stamps, self._values, self._elapsed, self._sent):
            del kept[:cut]
        self._starts = [(place - cut, state, seen) for place, state, seen in self._starts]

    def _roll(self, ready: list, last: int) -> Rollouts:
        places = np.array([s[0] for s in ready])
        values = np.array(self._values)
        elapsed = np.array(self._elapsed, dtype=np.float32)
        sent = np.array(self._sent, dtype=np.float32)
        predicted = np.array([s[2] for s in ready])
        base = values[places][:, self._measured]
        steps = min(self.horizon, last - int(places.min()))
        shape = (len(ready), self.horizon, len(self._measured))
        errors = np.full(shape, np.nan, dtype=np.float32)
        persistence = np.full(shape, np.nan, dtype=np.float32)
        seen = np.minimum(places[:, None] + np.arange(1, self.horizon + 1), last)
        final = np.empty_like(base)
        self._twin.resume(np.array([s[1] for s in ready]))
        with np.errstate(all='ignore'):  # a rollout that diverges is large, not an event
            for ahead in range(1, steps + 1):
                now = np.minimum(places + ahead, last)
                there = places + ahead <= last
                if ahead > 1:
                    before = now - 1
                    x = np.where(self._given, values[before], predicted)
                    self._twin.sent(sent[np.maximum(before - 1, 0)])
                    predicted = self._twin.step(x, elapsed[before]).prediction
                mine = predicted[:, self._measured]
                truth = values[now][:, self._measured]
                error = np.nan_to_num(mine - truth, nan=_LARGEST, posinf=_LARGEST, neginf=-_LARGEST)
                errors[there, ahead - 1] = np.clip(error, -_LARGEST, _LARGEST)[there]
                persistence[there, ahead - 1] = (base - truth)[there]
                final = np.where(there[:, None], mine, final)
        return Rollouts(np.array(self._stamps)[seen], final, errors, persistence)
