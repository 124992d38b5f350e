"""A comparison before it is measured: what is to be done, checked, and cut into pieces."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

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
        ValueError: the robot is not simulated, or two families have one name.
    """

    benchmark: str
    robot: Contract
    contenders: tuple[Contender, ...]
    families: tuple[Family, ...]
    episodes: int
    seed: int

    def __post_init__(self):
        names = [family.name for family in self.families]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise ValueError(f'faults: {", ".join(repeated)} is there more than once')
        require_faults(self.robot, [f.fault(level) for f in self.families for level in f.levels])

    @property
    def expert(self) -> Contender | None:
        """The policy whose clean return is 100 %; None: the best of those that are compared."""
        return expert(self.robot)

    def pieces(self) -> list[Piece]:
        """The pieces of all policies, in turn, so that the time of each is soon known."""
        clean = ['', 0.0, 'none']
        usual, clock = [clean], []
        for family in self.families:
            for level in family.levels:
                row = [family.name, level, family.fault(level)]
                of_clock = of_kind(parse(family.fault(level)), ClockFault)
                (clock if of_clock else usual).append(row)
        lists = [
            [
                piece
                for elapsed, conditions in (
                    (MEASURED, usual),
                    (MEASURED, clock),
                    (NOMINAL, clock),
                )
                for piece in self._cut(contender.name, bundle, conditions, elapsed)
            ]
            for contender in self.contenders
            for bundle in contender.bundles
        ]
        first = []
        if self.expert is not None:
            first = [self._piece('reference', self.expert.bundles[0], [clean], MEASURED)]
        longest = max(map(len, lists), default=0)
        return [*first, *(row[i] for i in range(longest) for row in lists if i < len(row))]

    def _cut(
        self, name: str, bundle: Bundle, conditions: list[list[Any]], elapsed: str
    ) -> list[Piece]:
        size = max(1, round(WORLDS / self.episodes))
        return [
            self._piece(name, bundle, conditions[first : first + size], elapsed)
            for first in range(0, len(conditions), size)
        ]

    def _piece(self, name: str, bundle: Bundle, conditions: list[list[Any]], elapsed: str) -> Piece:
        of_clock = any(of_kind(parse(fault), ClockFault) for *_, fault in conditions)
        arguments = {
            'policy': name,
            'bundle': str(bundle.path),
            'robot': str(self.robot.source),
            'conditions': conditions,
            'episodes': self.episodes,
            'seed': self.seed,
            'elapsed': elapsed,
            'thin': not of_clock,
        }
        found = versions()
        inputs = [bundle.sha256, self.robot.hash, VERSION, *(found.get(p, '') for p in _DECIDES)]
        text = json.dumps([arguments, inputs], sort_keys=True)
        return Piece(
            f'{name}-{hashlib.sha256(text.encode()).hexdigest()[:8]}',
            measure_conditions,
            arguments,
            ' '.join(map(str, inputs)),
            Size(len(conditions) * self.episodes, bundle.cell),
            reports=True,
            files=(arguments['bundle'], arguments['robot']),
        )
