"""The faults under which policies are scored: the one list of them, in the order of all tables."""

from typing import NamedTuple

from liquid_control.faults import Delay, parse


class Condition(NamedTuple):
    """One fault of the suite.

    Attributes:
        fault: the fault, see :func:`liquid_control.faults.parse`.
        title: what it is, for cards.
        heading: the same for a narrow column.
        judged: whether training chooses a student's weights by it too.
    """

    fault: str
    title: str
    heading: str
    judged: bool = True


SUITE = (
    Condition('none', 'none', 'clean'),
    Condition('gaussian:0.03', "noise, σ = 0.03 of each channel's std", 'σ\n.03'),
    Condition('gaussian:0.1', "noise, σ = 0.1 of each channel's std", 'σ\n.1'),
    Condition('dropped:0.1', '10 % of the samples lost', 'lost'),
    Condition('delay:1', 'one sample late', 'late\n1'),
    Condition('delay:2', 'two samples late', 'late\n2', judged=False),
    Condition('delay:3', 'three samples late', 'late\n3'),
    Condition('delay:3@500', 'three samples late from sample 500 on', '3@\n500', judged=False),
    Condition('jitter:0.25', 'uneven control periods, σ = 0.25', 'un-\neven', judged=False),
)
VERSION = 2
"""Version of what the faults mean. In 1, a delay withheld the first messages of an episode."""

SCORED = tuple(condition.fault for condition in SUITE)
"""Faults under which bundles are scored."""
JUDGED = tuple(condition.fault for condition in SUITE if condition.judged)
"""Faults under which training chooses a student's weights."""


def current(fault: str, score: dict | None) -> bool:
    """Whether a score was measured with the fault as it is now; since version 1 delays changed."""
    if score is None:
        return False
    late = any(isinstance(one, Delay) for one in parse(fault))
    return not late or score.get('suite', 1) == VERSION


def title(fault: str) -> str:
    """What a fault is, or the fault itself if it is not of the suite."""
    return next((condition.title for condition in SUITE if condition.fault == fault), fault)


def ordered(faults: dict) -> list[str]:
    """Faults in the order of the suite, others after them."""
    return sorted(faults, key=lambda fault: [*SCORED, fault].index(fault))
