"""Pairs of cells, and what all pairs of a comparison say about a claim."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from liquid_control.report.study.groups import Group, Source, score_text
from liquid_control.study.claims.rule import Outcome, of_pairs

NAMED = 3
"""Conditions up to which each is named."""
MIXED = 'cfc_mixed'
"""The liquid cell that has a gated one inside."""
_OUTCOMES: tuple[Outcome, ...] = ('undecided', 'for', 'against')


class Kind(NamedTuple):
    """Cells of one kind."""

    name: str
    cells: tuple[str, ...]


GATED = Kind('gated', ('lstm', 'gru'))
CFC = Kind('CfC', ('cfc', MIXED, 'cfc_ncp', 'cfc_no_gate', 'cfc_pure'))
LTC = Kind('LTC', ('ltc', 'ltc_ncp'))
LIQUID = Kind('liquid', (*CFC.cells, *LTC.cells, 'lrc', 'stc', 'liquid_s4'))


@dataclass(frozen=True)
class Pair:
    """Two cells under one condition.

    Attributes:
        condition: the condition.
        one: the cell of which the claim speaks.
        other: the cell that it is compared with; empty if none of its kind is comparable.
        found: their scores, or the ratio of a figure.
        outcome: what the pair says about the claim.
    """

    condition: str
    one: str
    other: str
    found: str
    outcome: Outcome | Literal['left out']


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
        short: whether its runs were short, see :data:`rule.RULE`.
        partial: whether runs of the study are missing.
        pairs: all pairs, those left out included.
    """

    what: str
    found: str
    outcome: Outcome
    source: Source
    remark: str = ''
    excluded: str = ''
    short: bool = False
    partial: bool = False
    pairs: tuple[Pair, ...] = ()

    @property
    def counts(self) -> bool:
        """Whether it counts for the verdict."""
        return not self.excluded

    @property
    def limits(self) -> str:
        """What limits it, and why it does not count."""
        excluded = f'does not count: {self.excluded}' if self.excluded else ''
        return '; '.join(filter(None, (excluded, self.remark)))


def paired(group: Group, one: str, other: str, says: int, found: str = '') -> Pair:
    """A pair: 1 for the claim, -1 against it, 0 undecided; by default with both scores."""
    found = found or f'{shown(group, one)}, {shown(group, other)}'
    return Pair(group.condition, one, other, found, _OUTCOMES[says])


def shown(group: Group, name: str) -> str:
    """The score of a cell with its interval, or that its trainings failed."""
    return 'failed' if name in group.failed else score_text(group.cells[name].score)


def counted(
    groups: Sequence[Group],
    pairs: Sequence[Pair],
    what: str,
    more: str = '',
    up: str = 'better',
    down: str = 'worse',
    of: str = 'pairs',
    scored: bool = True,
) -> Evidence:
    """What pairs say about a claim.

    Args:
        groups: where they come from, all of one source.
        pairs: the pairs; those left out do not count.
        what: what was compared.
        more: what to add to their numbers.
        up: the words for pairs that are for the claim.
        down: those for pairs against it.
        of: what the pairs are.
        scored: whether they compare scores, which need intervals.
    """
    estimates = [one.score for group in groups for one in group.cells.values()]
    bare = scored and all(math.isnan(one.low) for one in estimates)
    quick = any(group.quick for group in groups)
    outcomes = [pair.outcome for pair in pairs if pair.outcome != 'left out']
    wins, losses, total = outcomes.count('for'), outcomes.count('against'), len(outcomes)
    ties = total - wins - losses
    of = of.removesuffix('s') if total == 1 else of
    found = f'of {total:,} {of}{_where(pairs)} {wins:,} {up}, {losses:,} {down}'
    found += f', {ties:,} undecided' if ties else ''
    return Evidence(
        what,
        found + more,
        of_pairs(wins, losses, total),
        groups[0].source,
        '; '.join(dict.fromkeys(group.remark for group in groups if group.remark)),
        'a quick run' if quick else 'no intervals' if bare else '',
        any(group.short for group in groups),
        any(group.partial for group in groups),
        tuple(pairs),
    )


def _where(pairs: Sequence[Pair]) -> str:
    """The conditions of the pairs that count: their names, or the number of many."""
    names = list(dict.fromkeys(pair.condition for pair in pairs if pair.outcome != 'left out'))
    if len(names) < 2:
        return ''
    return f' ({", ".join(names)})' if len(names) <= NAMED else f' under {len(names)} conditions'


def without(group: Group, name: str) -> Group:
    """A group without one cell."""
    cells = {cell: one for cell, one in group.cells.items() if cell != name}
    return replace(group, cells=cells, failed=tuple(one for one in group.failed if one != name))


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
