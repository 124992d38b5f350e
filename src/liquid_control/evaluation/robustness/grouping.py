"""Faults as text, grouped into families: those that differ in one strength become a curve."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from liquid_control.control.contract import Contract
from liquid_control.evaluation.families import Family
from liquid_control.evaluation.robustness.unchanging import own_unchanged, unchanging
from liquid_control.faults import ClockFault, FaultError, neutral_of, setting_at

_NUMBER = re.compile(r'(?<![\w.])[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w.])', re.ASCII)
_HOLE = '{}'


class _Level(NamedTuple):
    """A fault as a template and the number in its place."""

    template: str
    number: float
    unchanged: float


def families_of(
    faults: Sequence[str], known: Sequence[Family] = (), robot: Contract | None = None
) -> tuple[Family, ...]:
    """Group faults whose texts differ in one strength; others stand alone.

    A strength is a setting with a value that changes nothing. Numbers that are none, such as a
    start, make a curve only where a known family has them as its levels.

    Args:
        faults: faults as text; those that change nothing are left out, see :func:`unchanging`.
        known: families whose name, title, unit and unchanged level are taken where they fit.
        robot: contract of a simulated robot; None: a period in ms is no strength.

    Raises:
        FaultError: a fault is unknown or invalid, or two are the same.
    """
    texts = [text for text in dict.fromkeys(faults) if not unchanging(text, robot)]
    options = {text: _levels(text, known, robot) for text in texts}
    shared = Counter(level.template for levels in options.values() for level in levels)
    groups: dict[str, list[_Level]] = {}
    for text, levels in options.items():
        best = max(levels, key=lambda one: shared[one.template], default=None)
        numbers = sum(1 for _ in _NUMBER.finditer(text))
        usual = best is not None and any(best.template == one.template for one in known)
        alone = best is None or (numbers > 1 and not usual and shared[best.template] < 2)
        if best is None or alone or best.number == best.unchanged:
            groups[text] = []
        else:
            group = groups.setdefault(best.template, [])
            if best in group:
                raise FaultError(f'{text}: it is given twice, once as another text')
            group.append(best)
    found: dict[str, Family] = {}
    for template, chosen in groups.items():
        family = _family(template, chosen, known)
        key = template if family.name in found else family.name
        found[key] = replace(family, name=key)
    return tuple(found.values())


def _levels(text: str, known: Sequence[Family], robot: Contract | None) -> list[_Level]:
    """The ways to read a fault as a template with one strength, from left to right."""
    unchanged = {one.template: own_unchanged(one, robot) for one in known}
    found = []
    for match in _NUMBER.finditer(text):
        number = float(match.group())
        template = text[: match.start()] + _HOLE + text[match.end() :]
        neutral = unchanged.get(template, _neutral(text, match.start(), robot))
        if neutral is not None and float(f'{number:g}') == number:  # as a family writes its levels
            found.append(_Level(template, number, neutral))
    return found


def _neutral(text: str, position: int, robot: Contract | None) -> float | None:
    """The number with which the setting at this position changes nothing; None if it is none."""
    found = setting_at(text, position)
    if found is None:
        return None
    fault, field = found
    if issubclass(fault, ClockFault) and fault.in_ms:
        return None if robot is None else robot.period_ns * 1e-6
    return neutral_of(field)


def _family(template: str, levels: Sequence[_Level], known: Sequence[Family]) -> Family:
    usual = next((one for one in known if one.template == template), None)
    if not levels:
        return usual or Family(template, template, '', template)
    numbers, unchanged = tuple(sorted({one.number for one in levels})), levels[0].unchanged
    if usual is not None:
        return replace(usual, levels=numbers, unchanged=unchanged)
    name = template.replace(f':{_HOLE}', '').replace(_HOLE, 'x')
    title = template.replace(_HOLE, 'x')
    return Family(name, title, 'x', template, numbers, unchanged)
