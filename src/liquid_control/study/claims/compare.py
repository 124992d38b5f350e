"""Comparisons of liquid with gated cells, and what they say about a claim."""

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import NamedTuple

from liquid_control.evaluation.robustness import Estimate
from liquid_control.report.study.groups import Group, Source
from liquid_control.study.claims.rule import MARGIN, Outcome, of_pairs


class Kind(NamedTuple):
    """Cells of one kind."""

    name: str
    cells: tuple[str, ...]


GATED = Kind('gated', ('lstm', 'gru'))
CFC = Kind('CfC', ('cfc', 'cfc_mixed', 'cfc_ncp', 'cfc_no_gate', 'cfc_pure'))
LTC = Kind('LTC', ('ltc', 'ltc_ncp'))
LIQUID = Kind('liquid', (*CFC.cells, *LTC.cells, 'lrc', 'stc', 'liquid_s4'))
_NAMED = 3
"""Conditions up to which the best cells of each are named."""


@dataclass(frozen=True)
class Evidence:
    """One comparison.

    Attributes:
        what: what was compared, and under which condition.
        found: the figures.
        outcome: what they say about the claim.
        source: where they come from.
        remark: what limits them.
        excluded: why it does not count; empty if it does.
        short: whether its runs had less than half of their gradient steps.
    """

    what: str
    found: str
    outcome: Outcome
    source: Source
    remark: str = ''
    excluded: str = ''
    short: bool = False

    @property
    def counts(self) -> bool:
        """Whether it counts for the verdict."""
        return not self.excluded

    @property
    def limits(self) -> str:
        """What limits it, and why it does not count."""
        excluded = f'does not count: {self.excluded}' if self.excluded else ''
        return '; '.join(filter(None, (excluded, self.remark)))


def sign(one: Estimate, other: Estimate, greater: bool) -> int:
    """1 if the first is better, -1 if it is worse, 0 if that cannot be told."""
    if one.low > other.high:
        return 1 if greater else -1
    if one.high < other.low:
        return -1 if greater else 1
    return 0


def best(groups: Sequence[Group], what: str) -> Evidence | None:
    """For each group: is the best liquid cell not worse than the best gated one?"""
    pairs, named = [], []
    for group in groups:
        names = [_best(group, kind) for kind in (LIQUID, GATED)]
        if all(names):
            liquid, gated = (group.cells[name].score for name in names)
            pairs.append(_not_worse(liquid, gated, group.greater))
            named.append(f'`{names[0]}` {text(liquid)}, `{names[1]}` {text(gated)}')
    if not pairs:
        return None
    more = f': {"; ".join(named)}' if len(named) <= _NAMED else ''
    return _counted(groups, pairs, what, more, 'not worse', 'worse', 'conditions')


def not_worse(groups: Sequence[Group], what: str) -> Evidence | None:
    """For each liquid cell: is it not worse than the best gated one of its group?"""
    pairs = []
    for group in groups:
        gated = _best(group, GATED)
        if gated:
            pairs += [
                _not_worse(group.cells[name].score, group.cells[gated].score, group.greater)
                for name in LIQUID.cells
                if _known(group, name)
            ]
    return (
        _counted(groups, pairs, what, '', 'not worse', 'worse', 'liquid cells') if pairs else None
    )


def kinds(groups: Sequence[Group], what: str) -> Evidence | None:
    """All pairs of a liquid and a gated cell by their scores, over groups of one source.

    Pairs that were not trained alike are left out, and the evidence says how many.
    """
    known = [
        (group, one, other)
        for group in groups
        for one in LIQUID.cells
        for other in GATED.cells
        if _known(group, one) and _known(group, other)
    ]
    if not known:
        return None
    alike = [pair for pair in known if pair[0].equally_trained(*pair[1:])]
    pairs = [
        sign(group.cells[one].score, group.cells[other].score, group.greater)
        for group, one, other in alike
    ]
    found = _counted(groups, pairs, what)
    if len(alike) == len(known):
        return found
    left = f'of {len(known):,} pairs {len(known) - len(alike):,} left out: trained differently'
    if not alike:
        return replace(found, remark=left, excluded='no pair was trained alike')
    cells = [f'`{name}`' for name in dict.fromkeys(one for _, one, _ in alike)]
    return replace(found, remark=f'{left}; the liquid cells left: {", ".join(cells)}')


def figures(
    groups: Sequence[Group],
    figure: str,
    what: str,
    margin: float = MARGIN,
    one: Kind = LIQUID,
    other: Kind = GATED,
) -> Evidence | None:
    """All pairs of two kinds by a figure of which less is better."""
    same = 1.0 - margin
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
            pairs.append(int(here < same * there) - int(there < same * here))
            ratios.append(there / here)
    if not pairs:
        return None
    more = (
        f'; {other.name} ÷ {one.name} from {min(ratios):.2g} to {max(ratios):.2g}, median '
        f'{median(ratios):.2g}'
    )
    return _counted(groups, pairs, what, more, 'less', 'more')


def smaller(
    groups: Sequence[Group], figure: str, what: str, margin: float = MARGIN
) -> Evidence | None:
    """For each gated cell and size: does a liquid one of any size match it with a smaller figure?

    It matches if the gated one is not better by their intervals.
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
            pairs.append(1 if good and min(good) < (1.0 - margin) * size else -1)
    if not pairs:
        return None
    return _counted(groups, pairs, what, '', 'matched', 'not matched', 'gated models')


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


def _counted(
    groups: Sequence[Group],
    pairs: Sequence[int],
    what: str,
    more: str = '',
    up: str = 'better',
    down: str = 'worse',
    of: str = 'pairs',
) -> Evidence:
    """The outcome of pairs: 1 for the claim, -1 against it, 0 undecided."""
    wins, losses, total = pairs.count(1), pairs.count(-1), len(pairs)
    ties = total - wins - losses
    of = of.removesuffix('s') if total == 1 else of
    found = f'of {total:,} {of} {wins:,} {up}, {losses:,} {down}'
    found += f', {ties:,} undecided' if ties else ''
    return Evidence(
        what,
        found + more,
        of_pairs(wins, losses, total),
        groups[0].source,
        '; '.join(dict.fromkeys(group.remark for group in groups if group.remark)),
        'a quick run' if any(group.quick for group in groups) else '',
        any(group.short for group in groups),
    )


def _not_worse(one: Estimate, other: Estimate, greater: bool) -> int:
    """1 if the first is not worse, -1 if it is, 0 if that cannot be told."""
    if math.isnan(one.low) or math.isnan(other.low):
        return 0
    return -1 if sign(one, other, greater) < 0 else 1


def _best(group: Group, kind: Kind) -> str:
    """The cell of a kind with the best score; empty if there is none."""
    known = [name for name in kind.cells if _known(group, name)]
    chosen = max if group.greater else min
    return chosen(known, key=lambda name: group.cells[name].score.value, default='')


def _known(group: Group, name: str) -> bool:
    return name in group.cells and not math.isnan(group.cells[name].score.value)
