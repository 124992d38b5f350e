"""What all parts of the page share: how a policy looks, the scale of the heat map, and texts."""

import math
from collections.abc import Sequence
from dataclasses import astuple
from typing import NamedTuple

from liquid_control.evaluation.families import Family
from liquid_control.evaluation.robustness import Cell, Curve, Estimate, RobustnessResults, Standing

NOTHING = '–'
CLEAN = 'no fault'
INK, LINE = '#22262a', '#dcdcd6'
_COLORS = (
    '#0072b2', '#d55e00', '#009e73', '#b0528c', '#c98500', '#3f9fd6', '#5d3a9b', '#6b6b6b',
)  # fmt: skip
"""After Okabe and Ito: told apart with any colour vision; three are darker, to be seen on white."""
_DASHES = (('solid', 'circle'), ('dash', 'square'), ('dot', 'diamond'))
SCALE = ('#a50026', '#f46d43', '#fee090', '#e0f3f8', '#74add1', '#313695')
"""ColorBrewer's RdYlBu: told apart with any colour vision, and in grey its middle is lightest."""


class Look(NamedTuple):
    """How one policy looks in every plot."""

    color: str
    dash: str
    symbol: str

    def band(self) -> str:
        """Colour of its intervals."""
        red, green, blue = rgb(self.color)
        return f'rgba({red},{green},{blue},0.16)'


def short_name(name: str, most: int = 18) -> str:
    """A name for an axis: of a long one, its beginning and its end."""
    if len(name) <= most:
        return name
    end = most // 3
    return f'{name[: most - end - 1]}…{name[-end:]}'


def looks(policies: Sequence[str]) -> dict[str, Look]:
    """A look for each policy, all different up to 24."""
    made = {}
    for number, name in enumerate(policies):
        dash, symbol = _DASHES[number // len(_COLORS) % len(_DASHES)]
        made[name] = Look(_COLORS[number % len(_COLORS)], dash, symbol)
    return made


def rgb(color: str) -> tuple[int, int, int]:
    """Red, green and blue, 0 to 255, of ``#rrggbb``."""
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def shade(share: float) -> tuple[str, str]:
    """Colours of a cell and of the text on it.

    Args:
        share: 0, worst, to 1, best; what lies outside is clipped, NaN is grey.
    """
    if math.isnan(share):
        return '#e9e9e4', INK
    place = min(max(share, 0.0), 1.0) * (len(SCALE) - 1)
    below = min(int(place), len(SCALE) - 2)
    pair = zip(rgb(SCALE[below]), rgb(SCALE[below + 1]), strict=True)
    red, green, blue = (round(a + (b - a) * (place - below)) for a, b in pair)
    light = 0.299 * red + 0.587 * green + 0.114 * blue
    return f'#{red:02x}{green:02x}{blue:02x}', '#ffffff' if light < 128 else '#000000'


def estimate_text(estimate: Estimate, unit: str = ' %', digits: int = 0) -> str:
    """``98 % [95, 100]``, without an interval where there is none."""
    if math.isnan(estimate.value):
        return NOTHING
    value, low, high = (number_text(x, digits) for x in astuple(estimate))
    return f'{value}{unit}' if math.isnan(estimate.low) else f'{value}{unit} [{low}, {high}]'


def points_text(points: Estimate) -> str:
    """``2.0 points [1.1, 3.2]``: a difference, with as many decimals as show that it is not 0."""
    nearest = min(abs(x) for x in astuple(points) if not math.isnan(x))
    digits = 1
    while digits < 4 and 0.0 < nearest < 0.5 * 10.0**-digits:
        digits += 1
    return estimate_text(points, ' points', digits)


def verdict_text(one: Cell | Curve | Standing) -> str:
    """How a policy compares: ``certainly better than b, by 2.0 points [1.1, 3.2]``.

    Empty if it cannot be told apart from the best, or if there is no interval.
    """
    points = one.points
    if points.positive:
        return f'certainly better than {one.against}, by {points_text(points)}'
    if points.negative:
        behind = Estimate(-points.value, -points.high, -points.low)
        return f'certainly worse than {one.against}, by {points_text(behind)}'
    return ''


def number_text(value: float, digits: int = 0) -> str:
    """A number with so many decimals, never −0."""
    return f'{round(value, digits) + 0.0:.{digits}f}'


def level_text(family: Family, level: float) -> str:
    """A level with its unit in short: ``0.1 std``, ``3 samples``, ``× 0.5``; empty without unit."""
    return _with_unit(family, f'{level:g}')


def levels_text(family: Family) -> str:
    """All levels with their unit: ``0.1, 0.3 std``, ``σ 0.1, 0.3 in nominal periods``."""
    _, comma, scale = family.unit.partition(', in ')
    text = _with_unit(family, ', '.join(f'{level:g}' for level in family.levels))
    return f'{text} in {scale}' if comma else text


def _with_unit(family: Family, numbers: str) -> str:
    unit = family.unit.partition(',')[0].replace("a channel's std", 'std')
    if unit.startswith('times '):
        return f'× {numbers}'
    if unit.startswith('±'):
        return f'± {numbers}{unit.removeprefix("±")}'
    if unit.startswith(('σ', 'probability')):
        return f'{unit} {numbers}'
    return f'{numbers} {unit}' if unit else ''


def condition_text(family: Family, level: float) -> str:
    """A fault at one level, in words."""
    return ', '.join(filter(None, (family.title, level_text(family, level))))


def reference_name(results: RobustnessResults) -> str:
    """Whose return is 100 %, as it stands in a sentence."""
    name = str(results.reference['name'])
    return f'the {name}' if name in ('expert', 'teacher') else name


def listed(parts: Sequence[str], last: str = 'and') -> str:
    """``a, b and c``, or with another word before the last."""
    return parts[0] if len(parts) == 1 else f'{", ".join(parts[:-1])} {last} {parts[-1]}'


def plural(count: int, what: str) -> str:
    """``1 episode``, ``2 episodes``."""
    return f'{count:,} {what}' if count == 1 else f'{count:,} {what}s'
