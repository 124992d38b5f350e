"""Faults as text, grouped into families: those that differ in one number become a curve."""

import dataclasses
import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from liquid_control.evaluation.families import Family
from liquid_control.faults import parse
from liquid_control.faults.settings import neutral_of

_NUMBER = re.compile(r'(?<![\w.])[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w.])')
_HOLE = '{}'


class _Level(NamedTuple):
    """A fault as a template and the number in its place."""

    template: str
    number: float


def families_of(faults: Sequence[str], known: Sequence[Family] = ()) -> tuple[Family, ...]:
    """Group faults whose texts differ in one number; others stand alone.

    Args:
        faults: faults as text; ``none`` is left out, as it is always measured.
        known: families whose name, title, unit and unchanged level are taken where they fit.

    Raises:
        FaultError: a fault is unknown or invalid.
    """
    texts = [text for text in dict.fromkeys(faults) if parse(text)]
    shared = Counter(level.template for text in texts for level in _levels(text))
    groups: dict[str, list[float]] = {}
    for text in texts:
        options = _levels(text)
        best = max(options, key=lambda one: shared[one.template], default=None)
        if best is None or (len(options) > 1 and shared[best.template] < 2):
            groups[text] = []  # nothing to vary, or more than one number that could
        else:
            groups.setdefault(best.template, []).append(best.number)
    found: dict[str, Family] = {}
    for template, numbers in groups.items():
        family = _family(template, tuple(sorted(set(numbers))), known)
        if family.levels:
            key = template if family.name in found else family.name
            found[key] = Family(key, *_rest(family))
    return tuple(found.values())


def _levels(text: str) -> list[_Level]:
    """The ways to read a fault as a template with one number, from left to right."""
    found = []
    for match in _NUMBER.finditer(text):
        number = float(match.group())
        if float(f'{number:g}') == number:  # as a family writes its levels
            found.append(_Level(text[: match.start()] + _HOLE + text[match.end() :], number))
    return found


def _family(template: str, numbers: tuple[float, ...], known: Sequence[Family]) -> Family:
    if _HOLE not in template:
        return Family(template, template, '', template)
    for one in known:
        if one.template == template:
            levels = tuple(number for number in numbers if number != one.unchanged)
            return Family(one.name, one.title, one.unit, template, levels, one.unchanged)
    name = template.replace(f':{_HOLE}', '').replace(_HOLE, 'x')
    unchanged = _unchanged(template, numbers[0])
    levels = tuple(number for number in numbers if number != unchanged)
    return Family(name, template.replace(_HOLE, 'x'), 'x', template, levels, unchanged)


def _unchanged(template: str, level: float) -> float:
    """Level at which a fault changes nothing; 0 if it does not say."""
    before = template[: template.index(_HOLE)].count('+')
    fault = parse(template.format(f'{level:g}'))[before]
    for field in dataclasses.fields(fault):
        neutral = neutral_of(field)
        if neutral is not None and getattr(fault, field.name) == level:
            return neutral
    return 0.0


def _rest(family: Family) -> tuple[str, str, str, tuple[float, ...], float]:
    return family.title, family.unit, family.template, family.levels, family.unchanged
