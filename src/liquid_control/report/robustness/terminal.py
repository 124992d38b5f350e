"""Tables of a comparison for a terminal of 80 columns."""

import math

from rich.console import Group
from rich.markup import escape
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
from liquid_control.report.robustness.look import estimate_text, reference_name
from liquid_control.report.robustness.words import PAIRED

_CLEAN = 'no fault'


def standing_table(results: RobustnessResults, analysis: Analysis) -> Group:
    """Where each policy stands, best first; figures with 95 % intervals."""
    title = f'Return in % of {reference_name(results)} without faults [95 % interval]'
    headings = ['rank', 'over all faults', 'no fault', 'keeps, %', 'mean rank', 'falls']
    any_stopped = any(one.stopped for one in analysis.standings)
    table = FittedTable('policy', *headings, *(['failed'] if any_stopped else []))
    for one in analysis.standings:
        texts = [_interval(one.overall), _interval(one.clean), _interval(one.keeps)]
        rank = NOTHING if math.isnan(one.mean_rank.value) else f'{one.mean_rank.value:.1f}'
        row = [_rank(one), *texts, rank, f'{one.falls} of {one.episodes}']
        table.add_row(escape(one.policy), *row, *([f'{one.stopped}'] if any_stopped else []))
    return Group(Text(title, style='bold'), table)


def fault_table(results: RobustnessResults, analysis: Analysis) -> Group:
    """What each policy reaches under each fault: a row a fault, a column a policy."""
    names = [one.policy for one in analysis.standings]
    title = (
        f'Return in % of {reference_name(results)} without faults [95 % interval]; '
        f'*: no policy is certainly better than this one, {PAIRED}'
    )
    table = FittedTable('fault', *map(escape, names))
    cells = {
        (one.policy, one.family, one.level): one
        for one in analysis.cells
        if one.elapsed == MEASURED
    }
    rows = [('', 0.0), *((f.name, level) for f in results.families for level in f.levels)]
    for family, level in rows:
        row = [cells[name, family, level] for name in names]
        label = row[0].fault if family else _CLEAN
        marked = sum(one.best for one in row) < len(row)
        table.add_row(escape(label), *(_cell(one, marked) for one in row))
    table.rows[-1].end_section = True
    standings = {one.policy: one for one in analysis.standings}
    ranked = [standings[name] for name in names]
    marked = any(one.rank and not one.best for one in ranked)
    overall = [_marked(_interval(one.overall), marked and one.best) for one in ranked]
    table.add_row('over all faults', *overall)
    if any(not math.isnan(one.points.low) for one in ranked):
        title += '; points: its return less that of the best, of the best less that of the next'
        table.add_row('points', *(_interval(one.points, 1) for one in ranked))
    table.add_row('rank', *map(_rank, ranked))
    table.add_row('falls', *(f'{one.falls} of {one.episodes}' for one in ranked))
    if any(one.stopped for one in ranked):
        table.add_row('stopped', *(f'{one.stopped}' for one in ranked))
    return Group(Text(title, style='bold'), table)


def _cell(cell: Cell, marked: bool) -> str:
    if cell.error:
        return 'failed'
    return _marked(_interval(cell.percent), marked and cell.best)


def _marked(text: str, best: bool) -> str:
    return f'{text}*' if best else text


def _rank(standing: Standing) -> str:
    if not standing.rank:
        return NOTHING
    if standing.certain:
        return f'{standing.rank}'
    return f'{standing.rank_low} to {standing.rank_high}'


def _interval(estimate: Estimate, digits: int = 0) -> str:
    return escape(estimate_text(estimate, '', digits))
