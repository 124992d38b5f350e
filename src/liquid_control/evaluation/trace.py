"""What a policy saw, did and predicted, observation by observation."""

from dataclasses import dataclass

import numpy as np

from liquid_control.control.contract import Contract
from liquid_control.control.controller import Command


@dataclass(frozen=True)
class Trace:
    """Arrays over T observations, in stamp order.

    Attributes:
        channels: names of the p sensed values.
        stamps: header stamps in nanoseconds, (T,) int64.
        observations: sensed values as the policy received them, (T, p) float32.
        actions: commands as sent, (T, m) float32.
        predictions: the next sensed values as predicted at each stamp, (T, p) float32; NaN rows
            where there was no prediction, as when the observation was not used.
        elapsed: time since the previous observation in nominal periods, (T,) float64.
        reasons: why a command is not what the policy asked for, (T,) int64 of Reason; −1 if not
            recorded.
        step_s: duration of the policy's step in seconds, (T,) float64; 0 if there was no step,
            NaN if not recorded.
        answers: whether the action answers this very observation, rather than being held from
            earlier, (T,) bool.
    """

    channels: tuple[str, ...]
    stamps: np.ndarray
    observations: np.ndarray
    actions: np.ndarray
    predictions: np.ndarray
    elapsed: np.ndarray
    reasons: np.ndarray
    step_s: np.ndarray
    answers: np.ndarray

    def __len__(self) -> int:
        return len(self.stamps)


class TraceBuilder:
    """Collects a :class:`Trace` one command at a time."""

    def __init__(self, contract: Contract):
        self._contract = contract
        self._observations: list[np.ndarray] = []
        self._commands: list[Command] = []
        self._answers: list[bool] = []

    def add(self, observation: np.ndarray, command: Command, answers: bool = True) -> None:
        self._answers.append(answers)
        self._observations.append(observation)
        self._commands.append(command)

    def build(self) -> Trace:
        commands, size = self._commands, self._contract.sensed_size
        missing = np.full(size, np.nan, dtype=np.float32)
        predictions = [missing if c.prediction is None else c.prediction for c in commands]
        shape = (len(commands), size)
        return Trace(
            channels=self._contract.sensed_channels,
            stamps=np.array([c.stamp_ns for c in commands], dtype=np.int64),
            observations=np.array(self._observations, dtype=np.float32).reshape(shape),
            actions=np.array([c.action for c in commands], dtype=np.float32).reshape(
                len(commands), self._contract.action_size
            ),
            predictions=np.array(predictions, dtype=np.float32).reshape(shape),
            elapsed=np.array([c.elapsed for c in commands], dtype=np.float64),
            reasons=np.array([int(c.reasons) for c in commands], dtype=np.int64),
            step_s=np.array([c.step_s for c in commands], dtype=np.float64),
            answers=np.array(self._answers, dtype=bool),
        )


def compare(a: Trace, b: Trace) -> str | None:
    """Describe where two traces first differ; None if they agree bit for bit.

    NaN equals NaN. Reasons are compared only if both were recorded; step times never are.
    """
    if a.channels != b.channels:
        return f'channels: {", ".join(a.channels)} and {", ".join(b.channels)}'
    shared = min(len(a), len(b))
    differences = []
    for name in ('stamps', 'observations', 'actions', 'predictions', 'elapsed', 'reasons'):
        left, right = getattr(a, name)[:shared], getattr(b, name)[:shared]
        if name == 'reasons' and shared and (left[0] == -1 or right[0] == -1):
            continue
        differs = ~((left == right) | ((left != left) & (right != right)))
        if differs.any():
            differences.append((tuple(int(i) for i in np.argwhere(differs)[0]), name))
    if not differences:
        if len(a) == len(b):
            return None
        longer = a if len(a) > len(b) else b
        return f'{len(a)} and {len(b)} observations; the first without a match has stamp ' + str(
            longer.stamps[shared]
        )
    index, name = min(differences, key=lambda item: item[0][0])
    left, right = getattr(a, name)[index], getattr(b, name)[index]
    what = name
    if len(index) == 2:
        channel = a.channels[index[1]] if name != 'actions' else index[1]
        what = f'{name}[{channel}]'
    return f'row {index[0]}, stamp {a.stamps[index[0]]}: {what}: {left!r} and {right!r}'
