"""Does the robot still behave as a model of good data predicts? If not, since when, which joints?

A free run predicts some tenths of a second. Its signed errors are averaged over its steps and over
the free runs of a window: the effects of gait and noise cancel out, while a joint that does not go
where it is told adds up. A joint's score is the root mean square of that average over its
channels, in units of single free runs on good data that the model was not trained on; the robot's
score is that of its worst joint. The threshold follows from a stated rate of false alarms.
"""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from liquid_control.control.contract import Contract

_CLEARED = 0.7
"""An alarm ends once the score has stayed below this share of the threshold for a window."""
_TAIL = 4
"""The largest n / 4 block maxima determine how the tail falls off."""


def joints(contract: Contract) -> dict[str, list[int]]:
    """Return joint (or sensor, for a term without joints) → indices among measured channels."""
    by_joint: dict[str, list[int]] = {}
    index = 0
    for term in contract.sensed:
        if term.hold:
            continue
        for channel in term.channels:
            name = f'{term.topic}.{term.field}' if term.components else channel
            by_joint.setdefault(name, []).append(index)
            index += 1
    return by_joint


@dataclass(frozen=True)
class Calibration:
    """What an alarm is based on.

    Attributes:
        horizon: steps of a free run.
        every: observations from one free run to the next.
        window: number of free runs averaged.
        scale: root mean square of a free run's mean error on good data, by channel, in its unit.
        band: root mean square error of each channel at the end of a free run, in its unit.
        threshold: score above which the alarm is raised.
        rate: false alarms per minute that the threshold corresponds to.
        seconds: seconds of good data used.
        extrapolated: whether that was too little data to observe such a rate.
    """

    horizon: int
    every: int
    window: int
    scale: tuple[float, ...]
    band: tuple[float, ...]
    threshold: float
    rate: float
    seconds: float
    extrapolated: bool

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), 'scale': list(self.scale), 'band': list(self.band)}

    @classmethod
    def of(cls, scores: dict[str, Any]) -> 'Calibration | None':
        """Return the calibration in a bundle's ``scores``; None if it has none.

        Raises:
            ValueError: the calibration is incomplete or malformed.
        """
        if 'alarm' not in scores:
            return None
        try:
            data = dict(scores['alarm'])
            data['scale'], data['band'] = tuple(data['scale']), tuple(data['band'])
            return cls(**data)
        except (TypeError, KeyError) as error:
            raise ValueError(f'scores: alarm: {error}') from None


@dataclass
class Event:
    """One alarm: stamps in ns, largest score, and joints above the threshold → largest score."""

    start: int
    end: int | None
    peak: float
    joints: dict[str, float] = field(default_factory=dict)


class Alarm:
    """Follows free runs as they end; ``events`` has the alarms so far.

    Args:
        contract: contract of the model.
        calibration: calibration for its measured channels.

    Raises:
        ValueError: the calibration has a different number of channels.
    """

    def __init__(self, contract: Contract, calibration: Calibration):
        self.calibration = calibration
        self._names, self._matrix = _groups(contract)
        self._scale = np.array(calibration.scale)
        if len(self._scale) != self._matrix.shape[1]:
            raise ValueError(
                f'alarm: {len(self._scale)} scales for {self._matrix.shape[1]} measured channels'
            )
        self._recent: deque[np.ndarray] = deque(maxlen=calibration.window)
        self.events: list[Event] = []
        self.score = 0.0
        self._calm: list[int] = []

    @property
    def raised(self) -> bool:
        return bool(self.events) and self.events[-1].end is None

    def forget(self) -> None:
        """Clear the window, as the state is reset; a raised alarm stays until scores clear it."""
        self._recent.clear()

    def take(self, stamp_ns: int, error: np.ndarray) -> float | None:
        """Take in a free run's mean error (q,) and end stamp; return the score.

        None until a window is full.
        """
        self._recent.append(error / self._scale)
        if len(self._recent) < (self._recent.maxlen or 0):
            return None
        mean = np.mean(self._recent, axis=0)
        by_joint = np.sqrt(self._matrix @ mean**2)
        self.score = float(by_joint.max())
        threshold = self.calibration.threshold
        if self.score >= _CLEARED * threshold:
            self._calm.clear()
        elif self.raised:
            self._calm.append(stamp_ns)
            if len(self._calm) == self.calibration.window:
                self.events[-1].end = self._calm[0]
                self._calm.clear()
        if self.score > threshold:
            if not self.raised:
                self.events.append(Event(stamp_ns, None, self.score))
            event = self.events[-1]
            event.peak = max(event.peak, self.score)
            for index in np.flatnonzero(by_joint > threshold):
                name = self._names[index]
                event.joints[name] = max(event.joints.get(name, 0.0), float(by_joint[index]))
        return self.score


def calibrate(
    contract: Contract,
    pieces: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]],
    *,
    horizon: int,
    every: int,
    window: int,
    band: np.ndarray,
    rate: float | None = None,
) -> Calibration:
    """Set the threshold for a stated rate of false alarms, from free runs on good, held-out data.

    The data are cut into blocks of one window. If there are enough, the threshold is the
    conformal quantile of their largest scores: a fresh block like them exceeds it with at most
    the stated probability, whatever the distribution. Otherwise the largest quarter is assumed to
    have an exponential tail, allowing for the uncertainty of so few.

    Args:
        contract: contract of the model.
        pieces: for each stretch without a gap, end stamps in ns (n,), mean errors (n, q), and
            which free runs are held out (n,) bool. Only these count: windows skip the others.
        horizon: steps of a free run.
        every: steps from one free run to the next.
        window: free runs that are averaged.
        band: root mean square error at the end of a free run, (q,).
        rate: false alarms per minute; None for the lowest rate that the data can support.

    Raises:
        ValueError: there are fewer than four windows of data, or the rate is one alarm per window
            or more.
    """
    held_out = [errors[counts] for _, errors, counts in pieces]
    means = [_moving(errors, window) for errors in held_out if len(errors) >= window]
    blocks = sum(len(mean) // window for mean in means)
    check_blocks(blocks)
    together = np.concatenate(held_out)
    scale = np.sqrt((together.astype(np.float64) ** 2).mean(axis=0))
    scale = np.maximum(scale, 1e-3 * np.maximum(band, 1e-9))
    _, matrix = _groups(contract)
    maxima = []
    for mean in means:
        scores = np.sqrt(((mean / scale) ** 2) @ matrix.T).max(axis=1)
        whole = scores[: len(scores) // window * window].reshape(-1, window)
        maxima.extend(whole.max(axis=1))
    spans = [(stamps[-1] - stamps[0]) / (len(stamps) - 1) for stamps, _, _ in pieces
             if len(stamps) > 1]  # fmt: skip
    seconds = float(np.median(spans)) * 1e-9 * window
    good = float(sum((stamps[-1] - stamps[0]) * counts.mean() for stamps, _, counts in pieces))
    rate = 60.0 / ((blocks + 1) * seconds) if rate is None else rate
    if not 0.0 < rate * seconds < 60.0:
        raise ValueError(
            f'{rate:g} false alarms per minute: expected more than 0 and less than one in each '
            f'window of {seconds:.2g} s, {60.0 / seconds:.3g} per minute'
        )
    threshold, extrapolated = block_threshold(np.array(maxima), rate * seconds / 60.0)
    return Calibration(
        horizon,
        every,
        window,
        tuple(float(v) for v in scale),
        tuple(float(v) for v in band),
        threshold,
        rate,
        round(1e-9 * good, 3),
        extrapolated,
    )


def block_threshold(maxima: np.ndarray, probability: float) -> tuple[float, bool]:
    """Value that a fresh block's maximum exceeds with this probability, and if it is extrapolated.

    Args:
        maxima: maxima of n exchangeable blocks, (n,).
        probability: probability in (0, 1).
    """
    ordered, count = np.sort(maxima), len(maxima)
    rank = math.ceil((count + 1) * (1.0 - probability) - 1e-9)
    if rank <= count:
        return float(ordered[rank - 1]), False
    tail = min(max(3, count // _TAIL), count - 1)
    base = ordered[-tail - 1]
    excess = float((ordered[-tail:] - base).mean())
    # Exceeded by a fresh exponential excess with this probability, given the mean of so few.
    reach = tail * ((tail / (count * probability)) ** (1.0 / tail) - 1.0)
    return float(max(ordered[-1], base + excess * reach)), True


def _groups(contract: Contract) -> tuple[list[str], np.ndarray]:
    """Return joint names, and the matrix (J, q) that averages over each joint's channels."""
    by_joint = joints(contract)
    matrix = np.zeros((len(by_joint), len(contract.measured)))
    for row, columns in enumerate(by_joint.values()):
        matrix[row, columns] = 1.0 / len(columns)
    return list(by_joint), matrix


def check_blocks(blocks: int) -> None:
    """Raises ValueError if there are too few whole windows of good data to calibrate on."""
    if blocks < 4:
        raise ValueError(
            f'{blocks} whole windows of good data to calibrate the alarm on, expected 4 or more: '
            'give a longer recording or a shorter horizon'
        )


def _moving(values: np.ndarray, count: int) -> np.ndarray:
    """Return means over ``count`` successive rows, (n − count + 1, q)."""
    total = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
    return (total[count:] - total[:-count]) / count
