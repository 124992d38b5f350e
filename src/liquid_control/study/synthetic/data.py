"""The data of one condition: a system, its sampling and the noise of its observations."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np

from liquid_control.control.schema import unknown
from liquid_control.study.sequences import Sequences, Split, StudyData
from liquid_control.study.synthetic.baselines import LinearAutoregression, persistence
from liquid_control.study.synthetic.forecast import Forecaster, free_running, one_step
from liquid_control.study.synthetic.scores import score_free_run
from liquid_control.study.synthetic.system import Parameters, System
from liquid_control.study.synthetic.systems import SYSTEMS

SAMPLINGS = ('regular', 'irregular')
NOISES = (0.0, 0.1)
"""Standard deviations of the noise, in those of the signal's channels in training."""
GRID = 4
"""Irregular gaps are whole multiples of the sampling time over this, from 1 to 2 GRID − 1."""
WARM_UP = 64
"""Samples that a model sees before it runs freely."""
HORIZON = 192
"""Samples that it then predicts from its own predictions."""
HORIZONS = (1, 2, 4, 8, 16, 32, 64, 128, HORIZON)
"""Steps of a free run at which its error is kept."""
COUNTS = {'train': 512, 'validation': 64, 'test': 64, 'outside': 64}
"""Part → its sequences. Those of training and validation are windows of :data:`WARM_UP` steps, each
from a random place of a sequence as long as those of the tests."""
_VERSION = 1


@dataclass(frozen=True)
class Drawn:
    """Sequences, and what they are without noise.

    Attributes:
        sequences: what a model sees; the elapsed time of a step is that to the sample it predicts.
        parameters: the system's, one a sequence.
    """

    sequences: Sequences
    parameters: Parameters


@dataclass(frozen=True)
class SyntheticData(StudyData):
    """One condition of the study.

    Training and validation targets are noisy, as the inputs are; those of both tests are not.

    Attributes:
        system: name of a system.
        sampling: ``regular`` or ``irregular``.
        noise: standard deviation of the noise, in that of the signal in training.

    Raises:
        ValueError: one of them is unknown.
    """

    system: str
    sampling: str = 'regular'
    noise: float = 0.0

    criterion = 'nmse'

    def __post_init__(self):
        if self.system not in SYSTEMS:
            raise ValueError(unknown('system', self.system, list(SYSTEMS)))
        if self.sampling not in SAMPLINGS:
            raise ValueError(unknown('sampling', self.sampling, list(SAMPLINGS)))
        if not 0 <= self.noise < np.inf:
            raise ValueError(f'noise: expected a finite number from 0 on, found {self.noise}')
        noise, words = (
            (f'noise{self.noise:g}', f'noise {self.noise:g}')
            if self.noise
            else ('clean', 'no noise')
        )
        title = f'{self.signal.title}, {self.sampling} sampling, {words}'
        object.__setattr__(self, 'name', f'{self.system}-{self.sampling}-{noise}')
        object.__setattr__(self, 'title', title)

    def __reduce__(self):
        """With all sequences, so that processes that train do not solve the equations again."""
        return _known, (self.system, self.sampling, self.noise, _parts(self))

    @property
    def signal(self) -> System:
        return SYSTEMS[self.system]

    @property
    def units(self) -> Mapping[str, str]:
        """Periods, or Lyapunov times of a chaotic system."""
        return {'valid_time': self.signal.unit_name}

    def load(self) -> Split:
        parts = [self.part(name).sequences for name in ('train', 'validation', 'test')]
        return Split(*parts, self._sha256())

    def outside(self) -> Sequences:
        """Test sequences with parameters outside the training range."""
        return self.part('outside').sequences

    def scores(self, output: np.ndarray, sequences: Sequences) -> Mapping[str, float]:
        """``nmse``: the mean over channels of squared error over variance of the target.

        In test sequences, the steps of the warm-up do not count.
        """
        scored = slice(WARM_UP if sequences.x.shape[1] > WARM_UP else 0, None)
        target = sequences.target[:, scored].astype(np.float64)
        error = ((output[:, scored] - target) ** 2).mean(axis=(0, 1))
        return {'nmse': float((error / target.var(axis=(0, 1))).mean())}

    def extra(self, model: Any, split: Split) -> Mapping[str, Any]:
        """One-step error outside the training range and under stronger noise, and free runs."""
        from liquid_control.study.evaluate import outputs
        from liquid_control.study.synthetic.stepping import Stepping

        outside = self.outside()
        found = {'outside_nmse': self.scores(outputs(model, outside), outside)['nmse']}
        found |= self._noisy_scores(lambda sequences: outputs(model, sequences))
        model.eval()
        for name in ('test', 'outside'):
            found |= self.free_scores(Stepping(model), name)
        return found

    @property
    def stronger_noise(self) -> float:
        """The noise of another test of the same sequences: three times that of training, or 0.1."""
        return max(0.1, 3 * self.noise)

    def _noisy_scores(self, predict: Callable[[Sequences], np.ndarray]) -> dict[str, float]:
        """One-step error under :attr:`stronger_noise`, and how many times that of the test it is.

        Args:
            predict: from sequences to their outputs.
        """
        noisy, plain = (
            self.scores(predict(sequences), sequences)['nmse']
            for sequences in (self.part('noisy').sequences, self.part('test').sequences)
        )
        return {'test_noisy_nmse': noisy, 'test_noisy_ratio': noisy / plain}

    def free_scores(self, forecaster: Forecaster, name: str) -> dict[str, Any]:
        """Scores of free runs after the warm-up on the test ``test`` or ``outside``.

        Returns:
            ``NAME_valid_time``: mean, in the system's unit; ``NAME_whole``: share of the runs that
            are valid to the end; ``NAME_horizon_nmse``: step → error, None where it is infinite.
        """
        part = self.part(name)
        sequences, ahead = part.sequences, slice(WARM_UP, None)
        gaps = sequences.elapsed[:, ahead, 0] * self.signal.sampling
        run = score_free_run(
            free_running(forecaster, sequences, WARM_UP)[:, ahead],
            sequences.target[:, ahead],
            gaps / self.signal.unit(part.parameters)[:, None],
        )
        return {
            f'{name}_valid_time': float(run.valid_times.mean()),
            f'{name}_whole': run.whole,
            f'{name}_horizon_nmse': {
                str(step): float(error) if np.isfinite(error) else None
                for step in HORIZONS
                for error in [run.horizon_nmse[step - 1]]
            },
        }

    def baselines(self) -> dict[str, dict[str, Any]]:
        """Scores of persistence and of a linear autoregression, named as those of a cell."""
        split = self.load()
        known = {'persistence': persistence, 'linear': LinearAutoregression(split.train)}
        tests = {'test': split.test, 'outside': self.outside()}
        return {
            name: {
                key: value
                for test, sequences in tests.items()
                for key, value in {
                    f'{test}_nmse': self.scores(one_step(forecaster, sequences), sequences)['nmse'],
                    **self.free_scores(forecaster, test),
                }.items()
            }
            | self._noisy_scores(partial(one_step, forecaster))
            for name, forecaster in known.items()
        }

    def part(self, name: str) -> Drawn:
        """Sequences of ``train``, ``validation``, ``test``, ``outside`` or ``noisy``."""
        return _parts(self)[name]

    def _sha256(self) -> str:
        """Of the condition, all gaps, and the first values rounded to four decimals.

        Later values of a chaotic system may differ in their last digits between machines.
        """
        digest = hashlib.sha256(json.dumps([_VERSION, asdict(self)]).encode())
        for name in COUNTS:
            sequences = self.part(name).sequences
            digest.update(np.round(GRID * sequences.elapsed).astype('<i8').tobytes())
            digest.update(np.round(1e4 * sequences.x[:, :8]).astype('<i8').tobytes())
        return digest.hexdigest()


_PARTS: dict[SyntheticData, dict[str, Drawn]] = {}
"""The sequences of each condition that was asked for in this process."""


def _known(system: str, sampling: str, noise: float, parts: dict[str, Drawn]) -> SyntheticData:
    data = SyntheticData(system, sampling, noise)
    _PARTS[data] = parts
    return data


def _parts(data: SyntheticData) -> dict[str, Drawn]:
    if data not in _PARTS:
        _PARTS[data] = _drawn(data)
    return _PARTS[data]


def _drawn(data: SyntheticData) -> dict[str, Drawn]:
    parts, deviation = {}, np.zeros(data.signal.channels)
    for index, (name, count) in enumerate(COUNTS.items()):
        parameters, gaps, clean, normal, other = _solved(data.system, data.sampling, index)
        if name == 'train':
            deviation = clean.std(axis=(0, 1))
        noisy = clean + data.noise * deviation * normal
        target = noisy if name in ('train', 'validation') else clean
        sequences = Sequences(
            noisy[:, :-1].astype(np.float32),
            (gaps / GRID)[:, :, None].astype(np.float32),
            target[:, 1:].astype(np.float32),
            np.ones(gaps.shape, bool),
            names=tuple(f'{data.name} {name} {row}' for row in range(count)),
        )
        parts[name] = Drawn(sequences, parameters)
        if name == 'test':
            x = (clean + data.stronger_noise * deviation * other)[:, :-1].astype(np.float32)
            parts['noisy'] = Drawn(replace(sequences, x=x), parameters)
    return parts


class _Solved(NamedTuple):
    """Parameters, gaps (N, T), signals and two standard normal draws, (N, T + 1, C) each."""

    parameters: Parameters
    gaps: np.ndarray
    clean: np.ndarray
    normal: np.ndarray
    other: np.ndarray


@cache
def _solved(system: str, sampling: str, index: int) -> _Solved:
    """A part of :data:`COUNTS` by its place, whatever the noise."""
    name, count = list(COUNTS.items())[index]
    signal = SYSTEMS[system]
    seed = [_VERSION, *system.encode(), SAMPLINGS.index(sampling), index]
    random = np.random.default_rng(seed)
    parameters = signal.draw(random, count, name == 'outside')
    gaps = _gaps(sampling, random, count, WARM_UP + HORIZON)
    ticks: np.ndarray = np.cumsum(np.pad(gaps, ((0, 0), (1, 0))), axis=1)
    times = np.arange(ticks.max() + 1) * (signal.sampling / GRID)
    clean = signal.solve(parameters, times)[np.arange(count)[:, None], ticks]
    if name in ('train', 'validation'):
        begin = random.integers(HORIZON + 1, size=(count, 1))
        clean = np.take_along_axis(clean, (begin + np.arange(WARM_UP + 1))[..., None], 1)
        gaps = np.take_along_axis(gaps, begin + np.arange(WARM_UP), 1)
    other = np.random.default_rng([*seed, 1]).standard_normal(clean.shape)
    return _Solved(parameters, gaps, clean, random.standard_normal(clean.shape), other)


def _gaps(sampling: str, random: np.random.Generator, count: int, steps: int) -> np.ndarray:
    """Gaps in grid steps, (count, steps) int."""
    if sampling == 'regular':
        return np.full((count, steps), GRID)
    return random.integers(1, 2 * GRID, (count, steps))
