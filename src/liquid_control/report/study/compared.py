"""Page and picture of cells that a study compared: scores, and scores against what they cost."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from liquid_control.report.robustness.look import NOTHING, Look, listed, looks, plural
from liquid_control.report.robustness.plots import Plot, plot, points, safe
from liquid_control.report.robustness.tables import Table
from liquid_control.report.study.groups import Group, apart, score_text
from liquid_control.report.study.page import REPORT, Section, StudyPage, provenance_rows
from liquid_control.report.study.page import write_study_page as write_page
from liquid_control.report.summary import Sentence

COSTS = {
    'parameters': 'parameters',
    'state_bytes': 'state, bytes',
    'saved_mb': 'saved in training, MiB',
    'peak_resident_mb': 'peak resident memory, MiB',
    'seconds_round': 'time of a round, s',
}
"""Figure → its title."""
_NAMED = 4
"""Cells that a sentence names."""
_MANY = 8
"""Comparisons from which on a page sums them up by their score, and leaves out what cells cost."""


def write_compared(
    folder: Path,
    title: str,
    groups: Sequence[Group],
    origin: Mapping[str, Any],
    failed: Mapping[str, str],
    sentences: Sequence[Sentence] = (),
    sections: Sequence[Section] = (),
    more: Sequence[Section] = (),
    tables: Sequence[Table] = (),
) -> Path:
    """Write ``report.html`` into a folder; returns its path.

    Args:
        folder: an existing folder.
        title: what was studied.
        groups: its comparisons.
        origin: provenance.
        failed: run → why it failed.
        sentences: the answer in words, instead of one on each group.
        sections: plots, instead of those of each group.
        more: plots beside these.
        tables: tables before that of each group.

    Raises:
        OSError: the file cannot be written.
    """
    names = list(dict.fromkeys(name for group in groups for name in sorted(group.cells)))
    style = looks(names)
    answers = [Sentence(f'{run} failed: {why}', bad=True) for run, why in failed.items()]
    answers += [Sentence(text, bad=True) for text in _limits(groups)]
    answers += list(sentences) or [Sentence(text) for text in _answers(groups)]
    page = StudyPage(
        title,
        f'{plural(len(names), "cell")} · {_comparisons(groups)}',
        answers,
        [*(sections or _sections(groups, style)), *more],
        [*tables, *(_table(group) for group in groups)],
        provenance_rows(origin),
        style,
        note=_note(groups),
    )
    return write_page(folder / REPORT, page)


def words(group: Group) -> str:
    """Who is best, or that no winner can be named."""
    ranked = ordered(group)
    where = f'{group.condition}, {group.criterion}'
    if not ranked:
        return f'{where}: no cell has a score.'
    first, *others = ranked
    near = [name for name in others if not _worse(group, name, first)]
    reached = [f'{name} {score_text(group.cells[name].score)}' for name in ranked[:_NAMED]]
    if len(ranked) > _NAMED:
        last = score_text(group.cells[ranked[-1]].score)
        reached.append(f'last of {len(ranked)} {ranked[-1]} {last}')
    scores = listed(reached)
    if not others:
        return f'{where}: {scores}.'
    if math.isnan(group.cells[first].score.low):
        return f'{where}: a single seed, so no winner can be named: {scores}.'
    if near:
        names = listed([first, *near][:_NAMED])
        more = f' and {len(near) + 1 - _NAMED} more' if len(near) + 1 > _NAMED else ''
        return f'{where}: no winner, {names}{more} cannot be told apart. {scores}.'
    if any(group.cells[name].from_best for name in others):
        return f'{where}: {first} is best, compared on the same {group.over}. {scores}.'
    return f'{where}: {first} is best, its interval overlaps no other. {scores}.'


def _worse(group: Group, name: str, best: str) -> bool:
    """Whether a cell is certainly worse than the best: by their paired difference, if known."""
    difference = group.cells[name].from_best
    if difference is None:
        return apart(group.cells[best].score, group.cells[name].score)
    return difference.high < 0.0 if group.greater else difference.low > 0.0


def ordered(group: Group) -> list[str]:
    """Cells with a score, from best to worst."""
    known = [name for name, one in group.cells.items() if not math.isnan(one.score.value)]
    return sorted(known, key=lambda name: group.cells[name].score.value, reverse=group.greater)


def _limits(groups: Sequence[Group]) -> list[str]:
    """What limits the comparisons, each text once; without a condition if it is true of all."""
    if any(group.quick for group in groups):
        return ['A quick run, to try the study: its figures say nothing about the cells.']
    remarks = {group.remark for group in groups}
    if len(groups) > 1 and len(remarks) == 1:
        return [f'All comparisons: {remark}.' for remark in remarks if remark]
    known = [f'{group.condition}: {group.remark}.' for group in groups if group.remark]
    return list(dict.fromkeys(known))


def _answers(groups: Sequence[Group]) -> list[str]:
    """A sentence on each comparison, or one on all of each score if there are many."""
    if len(groups) < _MANY:
        return [words(group) for group in groups]
    return [
        summed(some) if len(some) > 1 else words(some[0]) for some in _by_criterion(groups).values()
    ]


def summed(groups: Sequence[Group]) -> str:
    """How often each cell is best by one score, and whether it can be told from all others."""
    first: dict[str, int] = {}
    clear = 0
    for group in groups:
        best, *others = ordered(group) or ['none']
        first[best] = first.get(best, 0) + 1
        clear += bool(others) and all(
            apart(group.cells[best].score, group.cells[name].score) for name in others
        )
    often = sorted(first.items(), key=lambda item: (-item[1], item[0]))
    names = listed([f'{name} in {count}' for name, count in often])
    if all(math.isnan(one.score.low) for group in groups for one in group.cells.values()):
        return (
            f'{groups[0].criterion}, {len(groups)} comparisons: one seed, no winner. The best '
            f'score is that of {names}.'
        )
    return (
        f'{groups[0].criterion}, {len(groups)} comparisons: best is {names}. In {clear} of them '
        'no interval of another cell overlaps that of the best.'
    )


def _by_criterion(groups: Sequence[Group]) -> dict[str, list[Group]]:
    found: dict[str, list[Group]] = {}
    for group in groups:
        found.setdefault(group.criterion, []).append(group)
    return found


def _note(groups: Sequence[Group]) -> str:
    """What the brackets are."""
    over = listed(list(dict.fromkeys(group.over for group in groups)))
    range_ = '; of four seeds or fewer, their range' if 'seeds' in over else ''
    return f'In brackets: 95 % intervals over {over}{range_}.'


def _comparisons(groups: Sequence[Group]) -> str:
    """How many comparisons there are, and of what if there are several scores."""
    text = plural(len(groups), 'comparison')
    scores = len({group.criterion for group in groups})
    where = len({group.condition for group in groups})
    if scores == 1 or scores * where != len(groups):
        return text
    return f'{text}: {plural(where, "condition")}, {plural(scores, "score")} each'


def _sections(groups: Sequence[Group], style: Mapping[str, Look]) -> list[Section]:
    made = []
    if len(groups) >= _MANY:
        for criterion, some in _by_criterion(groups).items():
            plots = [_ranking(group, style, group.condition) for group in some]
            made.append(Section(criterion, about(some[0]), plots))
        return made
    for group in groups:
        plots = [_ranking(group, style, 'from best to worst')]
        for key, title in COSTS.items():
            known = [name for name in ordered(group) if key in group.cells[name].figures]
            values = [group.cells[name].figures[key] for name in known]
            if values and max(values) > 1.1 * min(values):
                plots.append(_against(group, known, key, title, style))
        made.append(Section(f'{group.condition}: {group.criterion}', about(group), plots))
    return made


def about(group: Group) -> str:
    """What the score of a cell and its interval are, and which score is better."""
    better = 'greater' if group.greater else 'less'
    if all(math.isnan(one.score.low) for one in group.cells.values()):
        return f'One seed, no intervals; {better} is better.'
    middle = 'Interquartile mean' if group.over == 'seeds' else 'Mean'
    range_ = ', of four or fewer their range' if group.over == 'seeds' else ''
    return f'{middle} and 95 % interval over {group.over}{range_}; {better} is better.'


def _ranking(group: Group, style: Mapping[str, Look], title: str) -> Plot:
    """Cells from best to worst."""
    names = ordered(group)
    traces = [
        points(name, style[name], group.cells[name].score, -row, _hover(group, name))
        for row, name in enumerate(names)
    ]
    ticks = {'tickvals': [-row for row in range(len(names))], 'ticktext': [*map(safe, names)]}
    y = {'title': '', **ticks, 'range': [-len(names) + 0.5, 0.5]}
    return plot(title, traces, {'title': group.criterion}, y, 80 + 20 * len(names))


def _against(
    group: Group, names: Sequence[str], key: str, title: str, style: Mapping[str, Look]
) -> Plot:
    values = {name: group.cells[name].figures[key] for name in names}
    low, high = min(values.values()), max(values.values())
    log = low > 0 and high > 4 * low
    traces = [
        points(
            name, style[name], group.cells[name].score, value,
            f'{_hover(group, name)}<br>{safe(title)}: {value:,.4g}', vertical=True,
        )
        for name, value in values.items()
    ]  # fmt: skip
    x = {'title': title, **({'type': 'log'} if log else {'rangemode': 'tozero'})}
    return plot(f'against {title.partition(",")[0]}', traces, x, {'title': group.criterion}, 300)


def _hover(group: Group, name: str) -> str:
    return f'<b>{safe(name)}</b><br>{group.criterion} {score_text(group.cells[name].score)}'


def _table(group: Group) -> Table:
    known = [key for key in COSTS if any(key in one.figures for one in group.cells.values())]
    rows = tuple(
        (
            name,
            score_text(group.cells[name].score),
            *(_number(group.cells[name].figures.get(key)) for key in known),
        )
        for name in [*ordered(group), *sorted({*group.cells} - {*ordered(group)})]
    )
    heads = ('cell', f'{group.criterion}', *(COSTS[key] for key in known))
    return Table(f'{group.condition}: {group.criterion}', heads, rows)


def baselines(whole: Mapping[str, Any]) -> list[Table]:
    """A table of the baselines of each data set that has some.

    Args:
        whole: the results of a study.
    """
    made = []
    for data in whole.get('data', {}).values():
        known = data.get('baselines') or {}
        scores = list(dict.fromkeys(name for row in known.values() for name in row))
        rows = tuple(
            (name, *(_number(row.get(score)) for score in scores)) for name, row in known.items()
        )
        if rows:
            heads = ('baseline', *(score.replace('_', ' ') for score in scores))
            made.append(Table(f'{data["title"]}: baselines', heads, rows))
    return made


def _number(value: float | None) -> str:
    return NOTHING if value is None else f'{value:,.4g}' if value < 1e4 else f'{value:,.0f}'
