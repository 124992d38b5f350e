"""Does the robot still behave as a model of its good days says? When not, since when, which joints.

A rollout foretells some tenths of a second. Its errors, with their sign, are averaged over its
steps and over the rollouts of a window: what a gait or noise brings cancels out, a joint that does
not go where it is told adds up. A joint's score is the root mean square over its channels of that
average, in units of single rollouts on good data that the model had not been trained on; the
robot's score is that of its worst joint. The threshold follows from a stated rate of false alarms.
"""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from liquid_control.control.contract import Contract

_CLEARED = 0.7
"""An alarm ends when the score has stayed below this share of the threshold for a window."""
_TAIL = 4
"""The largest n / 4 block maxima say how the tail falls."""


def joints(contract: Contract) -> dict[str, list[int]]:
    """Joint, or sensor of a term without joints → places among the measured channels."""
    found: dict[str, list[int]] = {}
    place = 0
    for term in contract.sensed:
        if term.hold:
            continue
        for channel in term.channels:
            name = f'{term.topic}.{term.field}' if term.components else channel
            found.setdefault(name, []).append(place)
            place += 1
    return found


@dataclass(frozen=True)
class Calibration:
    """What an alarm goes by.

    Attributes:
        horizon: steps of a rollout.
        every: observations between two rollouts.
        window: rollouts averaged.
        scale: root mean square of a rollout's mean error on good data, by channel, in its unit.
        band: root mean square error of each at the end of a rollout, in its unit.
        threshold: score above which the alarm rises.
        rate: false alarms a minute that the threshold stands for.
        seconds: of good data that it is from.
        extrapolated: whether that was too little to have seen such a rate.
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
        """That of a bundle, by its ``scores``; None where it has none.

        Raises:
            ValueError: it is there and not whole.
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
    """One alarm: stamps in ns, the largest score, and the joints above the threshold by score."""

    start: int
    end: int | None
    peak: float
    joints: dict[str, float] = field(default_factory=dict)


class Alarm:
    """Follows rollouts as they end; ``events`` has the alarms so far.

    Args:
        contract: of the model.
        calibration: for its measured channels.
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
        """Memory starts anew: an alarm stays until it is told otherwise."""
        self._recent.clear()

    def take(self, stamp_ns: int, error: np.ndarray) -> float | None:
        """One rollout's mean error (q,), ended at a stamp → score; None until a window is full."""
        self._recent.append(error / self._scale)
        if len(self._recent) < self._recent.maxlen:
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
            for place in np.flatnonzero(by_joint > threshold):
                name = self._names[place]
                event.joints[name] = max(event.joints.get(name, 0.0), float(by_joint[place]))
        return self.score


def calibrate(
    contract: Contract,
    pieces: Sequence[tuple[np.ndarray, np.ndarray]],
    *,
    horizon: int,
    every: int,
    window: int,
    band: np.ndarray,
    rate: float | None = None,
) -> Calibration:
    """The threshold of a stated rate of false alarms, from rollouts on good, held-out data.

    The data are cut into blocks of one window. Where there are enough, the threshold is the
    conformal quantile of their largest scores: a fresh block like them exceeds it with at most the
    stated probability, whatever the distribution. Where not, the largest quarter is taken to fall
    off exponentially beyond, with the uncertainty of so few.

    Args:
        contract: of the model.
        pieces: for each stretch without a gap, end stamps in ns (n,) and mean errors (n, q).
        horizon, every, window: as in :class:`Calibration`.
        band: root mean square error at the end of a rollout, (q,).
        rate: false alarms a minute; None: the least for which the data are enough.

    Raises:
        ValueError: less than four windows of data, or a rate of one alarm a window or more.
    """
    means = [_moving(errors, window) for _, errors in pieces if len(errors) >= window]
    blocks = sum(len(mean) // window for mean in means)
    check_blocks(blocks)
    together = np.concatenate([errors for _, errors in pieces])
    scale = np.sqrt((together.astype(np.float64) ** 2).mean(axis=0))
    scale = np.maximum(scale, 1e-3 * np.maximum(band, 1e-9))
    _, matrix = _groups(contract)
    maxima = []
    for mean in means:
        scores = np.sqrt(((mean / scale) ** 2) @ matrix.T).max(axis=1)
        whole = scores[: len(scores) // window * window].reshape(-1, window)
        maxima.extend(whole.max(axis=1))
    spans = [(stamps[-1] - stamps[0]) / (len(stamps) - 1) for stamps, _ in pieces
             if len(stamps) > 1]  # fmt: skip
    seconds = float(np.median(spans)) * 1e-9 * window
    rate = 60.0 / ((blocks + 1) * seconds) if rate is None else rate
    if not 0.0 < rate * seconds < 60.0:
        raise ValueError(
            f'{rate:g} false alarms a minute: expected more than 0 and less than one in each '
            f'window of {seconds:.2g} s, {60.0 / seconds:.3g} a minute'
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
        round(sum((stamps[-1] - stamps[0]) * 1e-9 for stamps, _ in pieces), 3),
        extrapolated,
    )


def block_threshold(maxima: np.ndarray, probability: float) -> tuple[float, bool]:
    """What a fresh block's maximum exceeds with this probability, and whether it is extrapolated.

    Args:
        maxima: of n exchangeable blocks, (n,).
        probability: in (0, 1).
    """
    ordered, count = np.sort(maxima), len(maxima)
    rank = math.ceil((count + 1) * (1.0 - probability) - 1e-9)
    if rank <= count:
        return float(ordered[rank - 1]), False
    tail = min(max(3, count // _TAIL), count - 1)
    base = ordered[-tail - 1]
    excess = float((ordered[-tail:] - base).mean())
    # what a fresh exponential excess exceeds with a probability, given the mean of so many
    reach = tail * ((tail / (count * probability)) ** (1.0 / tail) - 1.0)
    return float(max(ordered[-1], base + excess * reach)), True


def _groups(contract: Contract) -> tuple[list[str], np.ndarray]:
    """Joint names, and the matrix (J, q) that averages over each joint's channels."""
    found = joints(contract)
    matrix = np.zeros((len(found), len(contract.measured)))
    for row, places in enumerate(found.values()):
        matrix[row, places] = 1.0 / len(places)
    return list(found), matrix


def check_blocks(blocks: int) -> None:
    """Raises ValueError if there are too few whole windows of good data to calibrate on."""
    if blocks < 4:
        raise ValueError(
            f'{blocks} whole windows of good data to calibrate the alarm on, expected 4 or more: '
            'give a longer recording'
        )


def _moving(values: np.ndarray, count: int) -> np.ndarray:
    """Means over ``count`` successive rows, (n − count + 1, q)."""
    total = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
    return (total[count:] - total[:-count]) / count
