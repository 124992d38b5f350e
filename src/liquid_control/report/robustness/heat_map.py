"""The heat map, policy × fault, and the matrix of who beats whom: tables with coloured cells."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from liquid_control.evaluation.families import Family
from liquid_control.evaluation.robustness import (
    Analysis,
    Cell,
    Estimate,
    RobustnessResults,
    Standing,
)
from liquid_control.report.robustness.look import (
    CLEAN,
    NOTHING,
    condition_text,
    estimate_text,
    number_text,
    shade,
    verdict_text,
)

ALL = 'mean over all faults'


@dataclass(frozen=True)
class Box:
    """One coloured cell.

    Attributes:
        text: its number.
        note: in small print beneath: falls, or an interval.
        about: all of it in words, shown on hover.
        ground, ink: colours of the cell and of its text.
        best: whether it cannot be told from the best of its row.
        walks: number of the videos that it opens; None without.
    """

    text: str
    note: str
    about: str
    ground: str
    ink: str
    best: bool = False
    walks: int | None = None


@dataclass(frozen=True)
class Row:
    """A row of cells.

    Attributes:
        group: heading of the group that it begins; empty if it begins none.
        name: its name within the group.
        label: its name without the group.
        boxes: the cells.
    """

    group: str
    name: str
    label: str
    boxes: tuple[Box, ...]


@dataclass(frozen=True)
class Table:
    """Names of the columns, and the rows."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def heat_map(
    results: RobustnessResults, analysis: Analysis, walks: Mapping[tuple[str, str, float], int]
) -> Table:
    """Return of each policy under each fault; policies from best to worst.

    Args:
        results: what was measured.
        analysis: what follows from it.
        walks: (policy, family, level) → number of the videos of that cell.
    """
    policies = tuple(one.policy for one in analysis.standings)
    conditions = [('', '', CLEAN, 0.0, CLEAN)]
    for family in results.families:
        for number, level in enumerate(family.levels):
            text = condition_text(family, level)
            name, group = text, ''
            if len(family.levels) > 1:
                name, group = f'{level:g}', _heading(family) if number == 0 else ''
            conditions.append((family.name, group, name, level, text))
    rows = []
    for family_name, group, name, level, text in conditions:
        boxes = []
        for policy in policies:
            cell = analysis.cell(policy, family_name, level)
            boxes.append(_box(cell, text, walks.get((policy, family_name, level))))
        rows.append(Row(group, name, text, _marked(boxes)))
    ranked = sum(one.rank > 0 for one in analysis.standings)
    total = _marked([_total(one, ranked) for one in analysis.standings])
    if results.families:
        rows.insert(0, Row('', ALL, ALL, total))
    return Table(policies, tuple(rows))


def improvements(analysis: Analysis) -> Table | None:
    """Probability that an episode of the row's policy returns more than one of the column's."""
    ranked = tuple(one.policy for one in analysis.standings if one.rank)
    if len(ranked) < 2:
        return None
    found = {(one.policy, one.over): one.probability for one in analysis.improvements}
    rows = []
    for policy in ranked:
        boxes = [_against(policy, over, found.get((policy, over))) for over in ranked]
        rows.append(Row('', policy, policy, tuple(boxes)))
    return Table(ranked, tuple(rows))


def _marked(boxes: list[Box]) -> tuple[Box, ...]:
    """The boxes; none is marked as best where all that were measured would be."""
    if all(box.best for box in boxes if box.text != NOTHING):
        return tuple(replace(box, best=False) for box in boxes)
    return tuple(boxes)


def _heading(family: Family) -> str:
    return f'{family.title} ({family.unit})' if family.unit else family.title


def _box(cell: Cell, condition: str, walks: int | None) -> Box:
    if cell.error:
        about = f'{cell.policy}, {condition}: not measured: {cell.error}'
        return Box(NOTHING, 'not measured', about, *shade(math.nan))
    falls = f'{cell.falls} of {cell.episodes} fell' if cell.falls else ''
    stopped = f'{cell.stopped} of {cell.episodes} stopped' if cell.stopped else ''
    about = (
        f'{cell.policy}, {condition}: {estimate_text(cell.percent)} of the reference, '
        f'{estimate_text(cell.keeps)} of its own return without faults'
    )
    about = '; '.join(filter(None, [about, verdict_text(cell), falls, stopped]))
    colors = shade(cell.percent.value / 100.0)
    text = _number(cell.percent)
    return Box(text, stopped or falls, about, *colors, best=cell.best, walks=walks)


def _total(standing: Standing, ranked: int) -> Box:
    if not standing.rank:
        about = f'{standing.policy}: not measured under every fault'
        return Box(NOTHING, 'no rank', about, *shade(math.nan))
    low, high = standing.rank_low, standing.rank_high
    rank = f'rank {low}' if low == high else f'rank {low}–{high}'
    about = f'{standing.policy}: {estimate_text(standing.overall)} of the reference, {rank}'
    about = '; '.join(filter(None, [about, verdict_text(standing)]))
    colors = shade(standing.overall.value / 100.0)
    return Box(
        _number(standing.overall), rank if ranked > 1 else '', about, *colors, best=standing.best
    )


def _against(policy: str, over: str, probability: Estimate | None) -> Box:
    if probability is None:
        return Box('', '', '', '#ffffff', '#000000')
    percent = Estimate(100.0 * probability.value, 100.0 * probability.low, 100.0 * probability.high)
    told = percent.low > 50.0 or percent.high < 50.0
    interval = '' if math.isnan(percent.low) else f'[{percent.low:.0f}, {percent.high:.0f}]'
    about = f'{policy} over {over}: {estimate_text(percent)}'
    about += '' if told else '; cannot be told apart'
    colors = shade(percent.value / 100.0) if told else shade(math.nan)
    return Box(_number(percent), interval, about, *colors)


def _number(estimate: Estimate) -> str:
    return NOTHING if math.isnan(estimate.value) else number_text(estimate.value)
