"""The conditions under which students are trained, as data."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import yaml

from liquid_control.control.contract import Contract
from liquid_control.control.elapsed import STEPS
from liquid_control.control.schema import Section
from liquid_control.evaluation.episodes import require_faults
from liquid_control.faults import (
    ClockFaults,
    Fault,
    FaultChain,
    FaultError,
    SensorFault,
    SharedRandom,
    Signal,
    of_kind,
    parse,
)

_DRAWN = 4000


@dataclass(frozen=True)
class Chance:
    """The chance that a world has one of several equally likely faults for an episode."""

    probability: float
    """Probability of having any of them."""
    faults: tuple[str, ...]
    """Specifications for :func:`faults.parse`, one fault each; one listed twice is twice as
    likely."""

    def __post_init__(self):
        object.__setattr__(self, 'faults', tuple(self.faults))
        if not 0.0 <= self.probability <= 1.0:
            raise ValueError(f'probability: expected 0 to 1, found {self.probability}')
        if not self.faults:
            raise ValueError('faults: expected at least one')
        for text in self.faults:
            try:
                count = len(parse(text))
            except FaultError as error:
                raise FaultError(f'faults: {error}') from None
            if count != 1:
                raise ValueError(f'faults: expected one fault each, found {text!r}')


@dataclass(frozen=True)
class Conditions:
    """The conditions from which every world draws for each episode, each chance independently."""

    chances: tuple[Chance, ...] = (
        Chance(0.6, ('gaussian:0.03', 'gaussian:0.06', 'gaussian:0.1', 'gaussian:0.1')),
        Chance(0.25, ('dropped:0.1',)),
        Chance(0.7, ('delay:1', 'delay:2', 'delay:3', 'delay:3')),
        Chance(0.25, ('jitter:0.25',)),
    )
    disturbed: float = 0.5
    """Share of the episodes with noise on the actions, so that disturbed states are visited."""
    action_noise: float = 0.1
    """Standard deviation of that noise."""
    ramp: float = 0.15
    """Share of the training over which faults rise to their full probability."""

    @classmethod
    def load(cls, path: Path) -> 'Conditions':
        """Load conditions from a YAML file keyed by attribute name; the others keep their defaults.

        Raises:
            OSError: the file cannot be read.
            ValueError: invalid YAML, an unknown key, or an invalid value.
        """
        try:
            data = yaml.safe_load(path.read_text())
        except yaml.YAMLError as error:
            raise ValueError(f'{path}: invalid YAML: {error}') from error
        section, given = Section(data, str(path), ValueError), {}
        for name, high in (('disturbed', 1.0), ('action_noise', 10.0), ('ramp', 1.0)):
            if name in section:
                given[name] = section.number(name, low=0.0, high=high)
        if 'chances' in section:
            rows = section.get('chances')
            if not isinstance(rows, list):
                raise section.fail('chances', rows, 'a list')
            given['chances'] = tuple(
                _chance(Section(row, f'{path}: chances[{index}]', ValueError))
                for index, row in enumerate(rows)
            )
        section.done()
        return cls(**given)

    def require_fit(self, robot: Contract) -> None:
        """Refuse faults that a simulated robot cannot have, before any work is done.

        Raises:
            FaultError: the robot lacks what a fault changes, see :func:`require_faults`.
        """
        for index, chance in enumerate(self.chances):
            for text in chance.faults:
                try:
                    require_faults(robot, [text])
                except FaultError as error:
                    raise FaultError(f'chances[{index}]: faults: {text}: {error}') from None

    def faults(self) -> tuple[Fault, ...]:
        """All possible faults, in the order of :meth:`draw`."""
        return tuple(parse(text)[0] for chance in self.chances for text in chance.faults)

    def draw(self, rng: np.random.Generator, level: float) -> np.ndarray:
        """Which of the faults one world has, (K,) bool; ``level`` scales all probabilities."""
        has = []
        for chance in self.chances:
            mine = np.zeros(len(chance.faults), dtype=bool)
            pick, luck = rng.integers(len(mine)), rng.random()
            mine[pick] = luck < level * chance.probability
            has.append(mine)
        return np.concatenate(has) if has else np.zeros(0, dtype=bool)

    def elapsed(self, period_ns: int = 0) -> tuple[float, float]:
        """Range of the mean elapsed time over ``STEPS`` periods, in nominal periods.

        It holds 998 of 1000 worlds: measured by drawing the faults of many, always the same ones,
        as if each acted all the time.

        Args:
            period_ns: nominal period in ns; 0: not known.

        Raises:
            FaultError: a fault makes a period that is not finite or not above 0, or is in ms,
                but the nominal period is not known.
        """
        rng = np.random.default_rng(0)
        has = np.array([self.draw(rng, 1.0) for _ in range(_DRAWN)])
        has = has.reshape(_DRAWN, -1)
        faults = [replace(fault, start=0, schedule=None) for fault in self.faults()]
        clock, random = ClockFaults(faults, has, period_ns), SharedRandom(rng)
        losing = [(at, fault) for at, fault in of_kind(faults, SensorFault) if fault.loses]
        sensors = FaultChain(losing, has, Signal(np.ones(1)))
        lengths, arrived = np.zeros(_DRAWN), np.zeros(_DRAWN)
        for step in range(STEPS):
            lengths += clock.periods(np.full(_DRAWN, step), random)
            arrived += sensors.push(np.zeros((_DRAWN, 1)), random).arrived
        low, high = np.quantile(lengths / np.maximum(arrived, 1.0), [0.001, 0.999])
        return round(float(low), 2), round(float(high), 2)

    def level(self, share: float) -> float:
        """Scale of all probabilities after this share of the training."""
        return 1.0 if self.ramp <= 0 else min(1.0, share / self.ramp)


def _chance(section: Section) -> Chance:
    probability = section.number('probability', low=0.0, high=1.0)
    faults = section.texts('faults', distinct=False)
    section.done()
    try:
        return Chance(probability, faults)
    except ValueError as error:
        raise section.error(f'{section.where}: {error}') from None
