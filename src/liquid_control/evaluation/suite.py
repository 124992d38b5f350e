"""Suites: named lists of faults, each with its headings, in the order of all tables.

Scores, cards, the choice of weights in training, the demo and the command line read them here.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from liquid_control.control.schema import unknown
from liquid_control.faults import parse

VERSION = 2
"""Version of what the faults mean. In 1, a delay withheld the first messages of an episode."""


@dataclass(frozen=True)
class Condition:
    """One fault at one level, or several faults together.

    Attributes:
        fault: the fault, see :func:`liquid_control.faults.parse`.
        title: what it is, for cards.
        label: the same in a few words, for tables and plots.
        heading: the same for a narrow column, in lines of at most five characters.
    """

    fault: str
    title: str
    label: str
    heading: str


@dataclass(frozen=True)
class Suite:
    """A named list of conditions.

    Attributes:
        name: its name on the command line.
        about: what it is for, in a few words.
        conditions: its conditions, in their order.
    """

    name: str
    about: str
    conditions: tuple[Condition, ...]

    @property
    def faults(self) -> tuple[str, ...]:
        """The fault of each condition, as text."""
        return tuple(condition.fault for condition in self.conditions)

    def only(self, name: str, about: str, *faults: str) -> 'Suite':
        """A suite of some of these conditions, in this order."""
        chosen = tuple(c for c in self.conditions if c.fault in faults)
        return Suite(name, about, chosen)


_CLEAN = Condition('none', 'none', 'clean', 'clean')

SCORES = Suite(
    'scores',
    'the scores of bundles and cards',
    (
        _CLEAN,
        Condition('gaussian:0.03', "noise, σ = 0.03 of each channel's std", 'σ = 0.03', 'σ\n.03'),
        Condition('gaussian:0.1', "noise, σ = 0.1 of each channel's std", 'σ = 0.1', 'σ\n.1'),
        Condition('dropped:0.1', '10 % of the samples lost', '10 % lost', 'lost'),
        Condition('delay:1', 'one sample late', '1 late', 'late\n1'),
        Condition('delay:2', 'two samples late', '2 late', 'late\n2'),
        Condition('delay:3', 'three samples late', '3 late', 'late\n3'),
        Condition(
            'delay:3@500', 'three samples late from sample 500 on', '3 late from 500 on', '3@\n500'
        ),
        Condition('jitter:0.25', 'uneven control periods, σ = 0.25', 'uneven', 'un-\neven'),
    ),
)
WEIGHTS = SCORES.only(
    'weights', "training chooses a student's weights",
    'none', 'gaussian:0.03', 'gaussian:0.1', 'dropped:0.1', 'delay:1', 'delay:3',
)  # fmt: skip
DEMO = SCORES.only('demo', 'liquid-control demo', 'none', 'gaussian:0.1')
TEACHER = Suite(
    'teacher',
    'training chooses a teacher, by the last only if it is robust',
    (
        _CLEAN,
        Condition(
            'command_noise:0.1',
            "noise on commands, σ = 0.1 of half a joint's range",
            'commands σ = 0.1',
            'cmd\nσ .1',
        ),
        Condition('command_delay:1', 'commands one period late', 'commands 1 late', 'cmd\nlate'),
    ),
)
COMMANDS = Suite(
    'commands',
    'faults of commands',
    (
        *TEACHER.conditions,
        Condition('command_delay:2', 'commands two periods late', 'commands 2 late', 'cmd\nlate2'),
        Condition(
            'command_repeat:0.1', '10 % of the commands lost', '10 % of commands lost', 'cmd\nlost'
        ),
    ),
)
CLOCK = Suite(
    'clock',
    'faults of the clock',
    (
        _CLEAN,
        SCORES.conditions[-1],
        Condition('period:1.5', 'control periods half as long again', 'period × 1.5', '× 1.5'),
        Condition('period:2', 'control periods twice as long', 'period × 2', '× 2'),
    ),
)
DYNAMICS = Suite(
    'dynamics',
    'faults of the dynamics',
    (
        _CLEAN,
        Condition('friction:0.5', 'half the friction', 'friction × 0.5', 'fric.\n.5'),
        Condition('friction:2', 'twice the friction', 'friction × 2', 'fric.\n2'),
        Condition('mass:0.7', 'a base of 70 % of its mass', 'base mass × 0.7', 'mass\n.7'),
        Condition('mass:1.3', 'a base of 130 % of its mass', 'base mass × 1.3', 'mass\n1.3'),
    ),
)
SUITES = {
    suite.name: suite for suite in (SCORES, WEIGHTS, DEMO, TEACHER, COMMANDS, CLOCK, DYNAMICS)
}

SCORED = SCORES.faults
"""Faults under which bundles are scored."""
JUDGED = WEIGHTS.faults
"""Faults under which training chooses a student's weights."""


def suite(name: str) -> Suite:
    """Look up a suite by name.

    Raises:
        ValueError: there is none of that name; the message names the nearest.
    """
    if name not in SUITES:
        raise ValueError(unknown('suite', name, SUITES))
    return SUITES[name]


def current(fault: str, score: dict | None) -> bool:
    """Whether a score was measured with the fault as it is now; since version 1 delays changed."""
    if score is None:
        return False
    late = any(one.name == 'delay' for one in parse(fault))
    return not late or score.get('suite', 1) == VERSION


def title(fault: str) -> str:
    """What a fault is, or the fault itself if it is of no suite."""
    conditions = (condition for suite in SUITES.values() for condition in suite.conditions)
    return next((condition.title for condition in conditions if condition.fault == fault), fault)


def ordered(faults: Iterable[str]) -> list[str]:
    """Faults in the order of the suite of scores, others after them."""
    return sorted(faults, key=lambda fault: [*SCORED, fault].index(fault))
