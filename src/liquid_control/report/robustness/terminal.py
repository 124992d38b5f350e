"""Tables of a comparison for a terminal of 80 columns."""

import math

from rich.console import Group
from rich.text import Text

from liquid_control.evaluation.robustness import (
    MEASURED,
    Analysis,
    Cell,
    Estimate,
    RobustnessResults,
    Standing,
)
from liquid_control.report.fitted import NOTHING, FittedTable
from liquid_control.report.robustness.look import estimate_text, levels_text, reference_name
from liquid_control.report.robustness.words import PAIRED

_CLEAN = 'no fault'
_COLUMNS = 4
"""Policies up to which each has a column."""
_BEHIND = (
    'points: over all faults, its return less that of the first policy, of the first less that of '
    'the second'
)
_STAR = (
    '*: no other policy is certainly better here. A lower return may have a star that a '
    'higher one lacks: where a policy varies more from walk to walk, less is certain.'
)


def standing_table(results: RobustnessResults, analysis: Analysis) -> Group:
    """Where each policy stands, best first, and below it the levels of each fault."""
    title = (
        f'Return in % of {reference_name(results)} without faults [95 % interval]; '
        f'{_BEHIND}, {PAIRED}'
    )
    headings = ['rank', 'over all faults', 'points', 'no fault', 'keeps %', 'falls %']
    any_stopped = any(one.stopped for one in analysis.standings)
    table = FittedTable('policy', *headings, *(['stopped'] if any_stopped else []))
    for one in analysis.standings:
        falls = NOTHING if not one.episodes else f'{100.0 * one.falls / one.episodes:.0f}'
        row = [
            _rank(one), _interval(one.overall), _points(one), _interval(one.clean),
            estimate_text(Estimate(one.keeps.value), ''), falls,
        ]  # fmt: skip
        table.add_row(one.policy, *row, *([f'{one.stopped}'] if any_stopped else []))
    levels = _level_table(results, analysis)
    about = (
        'The faults and their levels; the policies of highest and lowest return, in the mean of '
        'the levels'
    )
    return Group(Text(title, style='bold'), table, Text(about, style='bold'), levels)


def _level_table(results: RobustnessResults, analysis: Analysis) -> FittedTable:
    """Each fault with its levels, and the policies of highest and lowest return."""
    heads = ('levels', 'highest', 'lowest')
    table = FittedTable('fault', *heads, left=heads)
    ranked = [one.policy for one in analysis.standings]
    for family in results.families:
        returns = {}
        for name in ranked:
            cells = [analysis.cell(name, family.name, level) for level in family.levels]
            value = sum(cell.percent.value for cell in cells) / len(cells)
            if not math.isnan(value):
                returns[name] = value
        order = sorted(returns, key=lambda name: -returns[name])
        ends = [f'{name} {returns[name]:.0f} %' for name in (order[0], order[-1])] if order else []
        if len(order) == 1:
            ends[1] = NOTHING
        texts = [family.title, levels_text(family) or NOTHING, *(ends or [NOTHING, NOTHING])]
        table.add_row(*texts)
    return table


def fault_table(results: RobustnessResults, analysis: Analysis) -> Group:
    """What each policy reaches under each fault.

    The policies are the columns; many of them are the rows, so that each is read in one line.
    """
    ranked = analysis.standings
    cells = {
        (one.policy, one.family, one.level): one
        for one in analysis.cells
        if one.elapsed == MEASURED
    }
    names = [one.policy for one in ranked]
    lines: list[tuple[str, list[str]]] = []
    for family, level in [('', 0.0), *((f.name, x) for f in results.families for x in f.levels)]:
        row = [cells[name, family, level] for name in names]
        marked = sum(one.best for one in row) < len(row)
        label = row[0].fault if family else _CLEAN
        lines.append((label, [_cell(one, marked) for one in row]))
    faults = len(lines)
    marked = any(one.rank and not one.best for one in ranked)
    overall = [_marked(_interval(one.overall), marked and one.best) for one in ranked]
    lines.append(('over all faults', overall))
    title = f'Return in % of {reference_name(results)} without faults [95 % interval]'
    if any(not math.isnan(one.points.low) for one in ranked):
        title += f'; {_BEHIND}, {PAIRED}'
        lines.append(('points', [_points(one) for one in ranked]))
    lines.append(('rank', [_rank(one) for one in ranked]))
    lines.append(('falls', [f'{one.falls} of {one.episodes}' for one in ranked]))
    if any(one.stopped for one in ranked):
        lines.append(('stopped', [f'{one.stopped}' for one in ranked]))
    if len(names) > _COLUMNS:
        table = FittedTable('policy', *(label for label, _ in lines))
        for name, *texts in zip(names, *(texts for _, texts in lines), strict=True):
            table.add_row(name, *texts)
    else:
        table = FittedTable('fault', *names)
        for number, (label, texts) in enumerate(lines, 1):
            table.add_row(label, *texts, end_section=number == faults)
    parts = [Text(title, style='bold'), table]
    starred = any(text.endswith('*') for _, texts in lines for text in texts)
    return Group(*parts, *([Text(_STAR)] if starred else []))


def _cell(cell: Cell, marked: bool) -> str:
    if cell.error:
        return 'failed'
    return _marked(_interval(cell.percent), marked and cell.best)


def _marked(text: str, best: bool) -> str:
    return f'{text}*' if best else text


def _points(standing: Standing) -> str:
    first = math.isnan(standing.behind.value)
    return _interval(standing.points if first else standing.behind, 1)


def _rank(standing: Standing) -> str:
    if not standing.rank:
        return NOTHING
    if standing.certain:
        return f'{standing.rank}'
    return f'{standing.rank_low}–{standing.rank_high}'


def _interval(estimate: Estimate, digits: int = 0) -> str:
    return estimate_text(estimate, '', digits)
