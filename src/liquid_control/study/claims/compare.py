"""Comparisons of liquid with gated cells, and what they say about a claim."""

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

from liquid_control.evaluation.robustness import Estimate
from liquid_control.report.study.groups import Group, Source
from liquid_control.study.claims.rule import Outcome, of_pairs


class Kind(NamedTuple):
    """Cells of one kind."""

    name: str
    cells: tuple[str, ...]


GATED = Kind('gated', ('lstm', 'gru'))
CFC = Kind('CfC', ('cfc', 'cfc_mixed', 'cfc_ncp', 'cfc_no_gate', 'cfc_pure'))
LTC = Kind('LTC', ('ltc', 'ltc_ncp'))
LIQUID = Kind('liquid', (*CFC.cells, *LTC.cells, 'lrc', 'stc', 'liquid_s4'))
SAME = 0.9
"""Of two figures without interval, one is less if it is below this share of the other."""


@dataclass(frozen=True)
class Evidence:
    """One comparison.

    Attributes:
        what: what was compared, and under which condition.
        found: the figures.
        outcome: what they say about the claim.
        source: where they come from.
        remark: what limits them.
        quick: whether it comes from a run that was only tried; then it does not count.
    """

    what: str
    found: str
    outcome: Outcome
    source: Source
    remark: str = ''
    quick: bool = False


def sign(one: Estimate, other: Estimate, greater: bool) -> int:
    """1 if the first is better, -1 if it is worse, 0 if that cannot be told."""
    if one.low > other.high:
        return 1 if greater else -1
    if one.high < other.low:
        return -1 if greater else 1
    return 0


def best(group: Group) -> Evidence | None:
    """The best liquid cell against the best gated one; None if either kind is missing."""
    chosen = max if group.greater else min
    names = []
    for kind in (LIQUID, GATED):
        known = [name for name in kind.cells if _known(group, name)]
        if not known:
            return None
        names.append(chosen(known, key=lambda name: group.cells[name].score.value))
    liquid, gated = (group.cells[name].score for name in names)
    decided = sign(liquid, gated, group.greater)
    outcome: Outcome = 'against' if decided < 0 else 'for'
    if math.isnan(liquid.low) or math.isnan(gated.low):
        outcome = 'undecided'
    found = f'`{names[0]}` {text(liquid)}, `{names[1]}` {text(gated)}'
    what = f'{_where(group)}: best liquid and best gated cell, {group.criterion}'
    return Evidence(what, found, outcome, group.source, group.remark, group.quick)


def kinds(groups: Sequence[Group], what: str) -> Evidence | None:
    """All pairs of a liquid and a gated cell by their scores, over groups of one source."""
    pairs = [
        sign(group.cells[one].score, group.cells[other].score, group.greater)
        for group in groups
        for one in LIQUID.cells
        for other in GATED.cells
        if _known(group, one) and _known(group, other)
    ]
    return _counted(groups, pairs, what) if pairs else None


def figures(
    groups: Sequence[Group], figure: str, what: str, one: Kind = LIQUID, other: Kind = GATED
) -> Evidence | None:
    """All pairs of two kinds by a figure of which less is better."""
    pairs, ratios = [], []
    for group in groups:
        first, second = (
            [
                cell.figures[figure]
                for name, cell in group.cells.items()
                if name in kind.cells and cell.figures.get(figure, 0.0) > 0.0
            ]
            for kind in (one, other)
        )
        for here, there in itertools.product(first, second):
            pairs.append(int(here < SAME * there) - int(there < SAME * here))
            ratios.append(there / here)
    if not pairs:
        return None
    more = (
        f'; {other.name} ÷ {one.name} from {min(ratios):.2g} to {max(ratios):.2g}, median '
        f'{median(ratios):.2g}'
    )
    return _counted(groups, pairs, what, more, 'less', 'more')


def smaller(groups: Sequence[Group], figure: str, what: str) -> Evidence | None:
    """For each gated cell and size: is a liquid one with a smaller figure at least as good?

    At least as good means that the gated one is not better by their intervals. It is worse if no
    liquid cell of any size that is not better has a smaller figure.
    """
    models = [
        (name, one.figures[figure], one.score)
        for group in groups
        for name, one in group.cells.items()
        if figure in one.figures and not math.isnan(one.score.low)
    ]
    if not groups or not models:
        return None
    greater = groups[0].greater
    liquid = [model for model in models if model[0] in LIQUID.cells]
    pairs = []
    for name, size, score in models:
        if name in GATED.cells and liquid:
            good = [other for _, other, found in liquid if sign(found, score, greater) >= 0]
            pairs.append(1 if good and min(good) < size else -1)
    return _counted(groups, pairs, what, '', 'matched by a smaller one', 'not') if pairs else None


def text(one: Estimate) -> str:
    """``0.85 [0.84, 0.86]``."""
    if math.isnan(one.low):
        return f'{one.value:.3g}'
    return f'{one.value:.3g} [{one.low:.3g}, {one.high:.3g}]'


def present(found: Iterable[Evidence | None]) -> list[Evidence]:
    """Those for which there were data."""
    return [one for one in found if one is not None]


def by_source(
    groups: Iterable[Group], key: Callable[[Group], object] = lambda group: None
) -> list[list[Group]]:
    """Groups of one file, and of one key, together."""
    found: dict[object, list[Group]] = {}
    for group in groups:
        found.setdefault((group.source.path, key(group)), []).append(group)
    return list(found.values())


def _counted(groups, pairs, what, more='', up='better', down='worse') -> Evidence:
    wins, losses, total = pairs.count(1), pairs.count(-1), len(pairs)
    ties = total - wins - losses
    found = f'of {total:,} pairs {wins:,} {up}, {losses:,} {down}'
    found += f', {ties:,} undecided' if ties else ''
    remark = '; '.join(dict.fromkeys(group.remark for group in groups if group.remark))
    return Evidence(
        what, found + more, of_pairs(wins, losses, total), groups[0].source, remark,
        any(group.quick for group in groups),
    )  # fmt: skip


def _known(group: Group, name: str) -> bool:
    return name in group.cells and not math.isnan(group.cells[name].score.value)


def _where(group: Group) -> str:
    return f'{group.study}, {group.condition}'
