"""Comparisons of liquid with gated cells."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from liquid_control.evaluation.robustness import Estimate
from liquid_control.report.study.groups import Group, score_text
from liquid_control.study.claims.evidence import (
    GATED,
    LIQUID,
    NAMED,
    Evidence,
    Kind,
    Pair,
    counted,
    paired,
    shown,
)
from liquid_control.study.claims.rule import AUROC_MARGIN, MARGIN, SCORE_MARGIN

NOUGHT = Estimate(0.0, 0.0, 0.0)


def sign(one: Estimate, other: Estimate, greater: bool) -> int:
    """1 if the first is better, -1 if it is worse, 0 if that cannot be told."""
    if one.low > other.high:
        return 1 if greater else -1
    if one.high < other.low:
        return -1 if greater else 1
    return 0


def competitive(group: Group, one: str, other: str) -> int:
    """1 if the first cell is within the margin of the second, -1 if beyond it, else 0.

    It is if its whole interval is; the interval of the paired difference, if there is one.
    """
    difference = _difference(group, one, other)
    if math.isnan(difference.low):
        return 0
    value = abs(_score(group, other).value)
    margin = AUROC_MARGIN if group.criterion.endswith('auroc') else SCORE_MARGIN * value
    worst, best = difference.high, difference.low
    if group.greater:
        worst, best = -difference.low, -difference.high
    if worst <= margin:
        return 1
    return -1 if best > margin else 0


def best(groups: Sequence[Group], what: str) -> Evidence | None:
    """For each group: is the best liquid cell within the margin of the best gated one?"""
    pairs, named = [], []
    for group in groups:
        one, other = (_best(group, kind) for kind in (LIQUID, GATED))
        if one and other:
            pair = paired(group, one, other, competitive(group, one, other))
            pairs.append(pair)
            liquid, gated = (shown(group, name) for name in (one, other))
            said = f'`{one}` {liquid}, `{other}` {gated}'
            if _paired_difference(group, one, other):
                said += f', difference {score_text(_difference(group, one, other))}'
            named.append(f'{pair.condition}: {said}' if len(groups) > 1 else said)
    if not pairs:
        return None
    more = f': {"; ".join(named)}' if len(named) <= NAMED else ''
    return counted(groups, pairs, what, more, 'within the margin', 'beyond it')


def not_worse(groups: Sequence[Group], what: str) -> Evidence | None:
    """For each liquid cell: is it within the margin of the best gated one of its group?"""
    pairs = []
    for group in groups:
        gated = _best(group, GATED)
        if gated:
            pairs += [
                paired(group, name, gated, competitive(group, name, gated))
                for name in LIQUID.cells
                if _known(group, name)
            ]
    return counted(groups, pairs, what, '', 'within the margin', 'beyond it') if pairs else None


def kinds(groups: Sequence[Group], what: str) -> Evidence | None:
    """All pairs of a liquid and a gated cell by their scores, over groups of one source.

    Pairs that were not trained alike are left out, and the evidence says how many.
    """
    pairs = [
        _trained_alike(group, one, other)
        for group in groups
        for one in LIQUID.cells
        for other in GATED.cells
        if _known(group, one) and _known(group, other)
    ]
    if not pairs:
        return None
    found = counted(groups, pairs, what)
    alike = [pair for pair in pairs if pair.outcome != 'left out']
    if len(alike) == len(pairs):
        return found
    left = f'of {len(pairs):,} pairs {len(pairs) - len(alike):,} left out: trained differently'
    if not alike:
        return replace(found, remark=left, excluded='no pair was trained alike')
    cells = [f'`{name}`' for name in dict.fromkeys(pair.one for pair in alike)]
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
            {
                name: cell.figures[figure]
                for name, cell in group.cells.items()
                if name in kind.cells and cell.figures.get(figure, 0.0) > 0.0
            }
            for kind in (one, other)
        )
        for (name, here), (against, there) in itertools.product(first.items(), second.items()):
            says = int(here < same * there) - int(there < same * here)
            pairs.append(paired(group, name, against, says, f'{there / here:.3g}'))
            ratios.append(there / here)
    if not pairs:
        return None
    least, most = (ratios.index(end(ratios)) for end in (min, max))
    several = len(groups) > 1
    more = (
        f'; {other.name} ÷ {one.name} from {ratios[least]:.2g} ({_ratio(pairs[least], several)}) '
        f'to {ratios[most]:.2g} ({_ratio(pairs[most], several)}), median {median(ratios):.2g}'
        if len(pairs) > 1
        else f'; {_ratio(pairs[0], several)} is {ratios[0]:.2g}'
    )
    return counted(groups, pairs, what, more, 'less', 'more', scored=False)


def smaller(
    groups: Sequence[Group], figure: str, what: str, margin: float = MARGIN
) -> Evidence | None:
    """For each gated cell and size: does a liquid one of any size match it with a smaller figure?

    It matches if the gated one is not better by their intervals.
    """
    models = [
        (group, name, one.figures[figure], one.score)
        for group in groups
        for name, one in group.cells.items()
        if figure in one.figures and not math.isnan(one.score.low)
    ]
    if not groups or not models:
        return None
    greater = groups[0].greater
    liquid = [model for model in models if model[1] in LIQUID.cells]
    pairs = []
    for group, name, size, score in models:
        if name in GATED.cells and liquid:
            good = [
                (other, cell)
                for _, cell, other, found in liquid
                if sign(found, score, greater) >= 0
            ]
            least, cell = min(good, default=(math.inf, ''))
            says = 1 if least < (1.0 - margin) * size else -1
            ratio = f'{size / least:.3g}' if good else 'no match'
            pairs.append(paired(group, cell, name, says, ratio))
    if not pairs:
        return None
    return counted(groups, pairs, what, '', 'matched', 'not matched', 'gated models')


def _trained_alike(group: Group, one: str, other: str) -> Pair:
    """A pair by its scores; left out if the two were not trained alike."""
    known = _paired_difference(group, one, other)
    scores = (known, NOUGHT) if known else (_score(group, one), _score(group, other))
    pair = paired(group, one, other, sign(*scores, group.greater))
    return pair if group.equally_trained(one, other) else replace(pair, outcome='left out')


def _ratio(pair: Pair, several: bool) -> str:
    where = f', {pair.condition}' if several else ''
    return f'`{pair.other}` ÷ `{pair.one}`{where}'


def _difference(group: Group, one: str, other: str) -> Estimate:
    """The first less the second: paired if that is known, else with the first one's interval."""
    known = _paired_difference(group, one, other)
    if known:
        return known
    score, value = _score(group, one), _score(group, other).value
    return Estimate(score.value - value, score.low - value, score.high - value)


def _paired_difference(group: Group, one: str, other: str) -> Estimate | None:
    """The difference of two cells over the same patients; None if it was not measured."""
    return group.cells[one].differences.get(other) if one in group.cells else None


def _best(group: Group, kind: Kind) -> str:
    """The cell of a kind with the best score; empty if there is none."""
    known = [name for name in kind.cells if _known(group, name)]
    chosen = max if group.greater else min
    return chosen(known, key=lambda name: _score(group, name).value, default='')


def _known(group: Group, name: str) -> bool:
    return name in {*group.cells, *group.failed} and not math.isnan(_score(group, name).value)


def _score(group: Group, name: str) -> Estimate:
    """The score of a cell; one whose trainings all failed has the worst."""
    if name in group.failed:
        worst = -math.inf if group.greater else math.inf
        return Estimate(worst, worst, worst)
    return group.cells[name].score
