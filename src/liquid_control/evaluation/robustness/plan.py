"""A comparison before it is measured: what is to be done, checked, and cut into pieces."""

import functools
import hashlib
import json
from dataclasses import dataclass
from typing import Any, NamedTuple

from liquid_control.control.bundle import Bundle
from liquid_control.control.contract import Contract
from liquid_control.evaluation.episodes import require_faults
from liquid_control.evaluation.families import Family
from liquid_control.evaluation.robustness.contenders import Contender, expert
from liquid_control.evaluation.robustness.pieces import measure_conditions
from liquid_control.evaluation.robustness.results import MEASURED, NOMINAL
from liquid_control.evaluation.suite import VERSION
from liquid_control.faults import ClockFault, of_kind, parse
from liquid_control.jobs import Piece, Size
from liquid_control.provenance import versions

WORLDS = 96
"""Episodes of a piece, roughly: enough to be stepped together, few enough to see the progress."""
_CLEAN: list[Any] = ['', 0.0, 'none']
"""Family, level and fault of episodes without a fault."""
_DECIDES = ('mujoco', 'onnxruntime')
"""Packages whose versions decide the numbers."""


@dataclass(frozen=True)
class Plan:
    """What is compared with what.

    Attributes:
        benchmark: ``robustness``, ``generalization`` or ``compare``.
        robot: contract of a simulated robot.
        contenders: the policies, each with the bundles of its trainings.
        families: the faults.
        episodes: episodes of each bundle under each fault.
        seed: seed of the first episode; each later one adds 1.

    Raises:
        FaultError: the robot cannot have one of the faults.
        ValueError: the robot is not simulated, there is no fault, or two families have one name.
    """

    benchmark: str
    robot: Contract
    contenders: tuple[Contender, ...]
    families: tuple[Family, ...]
    episodes: int
    seed: int

    def __post_init__(self):
        if not any(family.levels for family in self.families):
            raise ValueError('faults: expected one that changes something, found none')
        names = [family.name for family in self.families]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise ValueError(f'faults: {", ".join(repeated)} is there more than once')
        require_faults(self.robot, [f.fault(level) for f in self.families for level in f.levels])

    @functools.cached_property
    def expert(self) -> Contender | None:
        """The policy whose clean return is 100 %; None: the best of those that are compared."""
        return expert(self.robot)

    def pieces(self) -> list[Piece]:
        """All pieces, those of the policies in turn, so that the time of each is soon known."""
        bundles = [(one.name, bundle) for one in self.contenders for bundle in one.bundles]
        pieces = [self._piece(*each, part) for part in self._parts() for each in bundles]
        if self.expert is not None:
            clean = _Part([_CLEAN], MEASURED, True)
            pieces.insert(0, self._piece('reference', self.expert.bundles[0], clean))
        return pieces

    def _parts(self) -> list['_Part']:
        """The conditions of each piece: those without a fault of the clock first."""
        usual, clock = [_CLEAN], []
        for family in self.families:
            for level in family.levels:
                fault = family.fault(level)
                of_clock = of_kind(parse(fault), ClockFault)
                (clock if of_clock else usual).append([family.name, level, fault])
        size = max(1, round(WORLDS / self.episodes))
        groups = [_Part(usual, MEASURED, True)]
        groups += [_Part(clock, elapsed, False) for elapsed in (MEASURED, NOMINAL)]
        return [
            _Part(group.conditions[first : first + size], group.elapsed, group.thin)
            for group in groups
            for first in range(0, len(group.conditions), size)
        ]

    def _piece(self, name: str, bundle: Bundle, part: '_Part') -> Piece:
        arguments = {
            'policy': name,
            'bundle': str(bundle.path),
            'robot': str(self.robot.source),
            'conditions': part.conditions,
            'episodes': self.episodes,
            'seed': self.seed,
            'elapsed': part.elapsed,
            'thin': part.thin,
        }
        found = versions()
        inputs = [bundle.sha256, self.robot.hash, VERSION, *(found.get(p, '') for p in _DECIDES)]
        text = json.dumps([arguments, inputs], sort_keys=True)
        return Piece(
            f'{name}-{hashlib.sha256(text.encode()).hexdigest()[:8]}',
            measure_conditions,
            arguments,
            ' '.join(map(str, inputs)),
            Size(len(part.conditions) * self.episodes, bundle.cell),
            reports=True,
            files=(arguments['bundle'], arguments['robot']),
        )


class _Part(NamedTuple):
    """The conditions of one piece, as family, level and fault, and what they have in common."""

    conditions: list[list[Any]]
    elapsed: str
    thin: bool
    """Whether readings that come too fast are thinned out: not under faults of the clock."""
