"""The answer in words: what was not measured, who degrades how, and what cannot be told."""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from liquid_control.evaluation.families import Family
from liquid_control.evaluation.robustness import (
    MEASURED,
    NOMINAL,
    Analysis,
    Cell,
    Estimate,
    Gain,
    RobustnessResults,
)
from liquid_control.report.robustness.look import (
    CLEAN,
    condition_text,
    estimate_text,
    level_text,
    listed,
    plural,
    reference_name,
    verdict_text,
)
from liquid_control.report.summary import Sentence

PAIRED = 'walk by walk from the same starts'
"""How policies are compared, in a few words."""
_NAMED = 4
"""Policies whose figures a sentence gives; of more, the highest and the lowest."""
_MOST = 6
"""Names in a list; of more, the first and how many others there are."""


def problems(results: RobustnessResults, analysis: Analysis) -> list[Sentence]:
    """What failed or was not measured; nobody must miss it."""
    said = []
    titles = {family.name: family for family in results.families}
    for policy in results.policies:
        cells = [cell for cell in analysis.cells if cell.policy == policy.name]
        failed = defaultdict(list)
        for cell in cells:
            if cell.error:
                failed[cell.error].append(_where(cell, titles))
        for error, where in failed.items():
            said.append(f'{policy.name} was not measured under {_some(where)}: {error}.')
        stopped = [cell for cell in cells if cell.stopped]
        if stopped:
            count, of = sum(c.stopped for c in stopped), sum(c.episodes for c in stopped)
            said.append(
                f'{policy.name} was stopped in {count:,} of {plural(of, "episode")} under '
                f'{_some([_where(cell, titles) for cell in stopped])}, since its output was not '
                'finite. These episodes count as failed.'
            )
        missing = _missing(analysis, policy.name)
        if missing:
            lacks = plural(missing, 'condition')
            said.append(f'{policy.name} has no rank: {lacks} not measured.')
    return [Sentence(text, bad=True) for text in said]


def answers(results: RobustnessResults, analysis: Analysis) -> list[Sentence]:
    """The answer over all faults: who is best, which ranks are certain, who gains by Δt."""
    texts = [
        *_overall(results, analysis),
        *_ranks(analysis),
        *_paired(analysis),
        *_elapsed(results, analysis),
        analysis.covers,
    ]
    return [Sentence(text) for text in texts if text]


def fault_by_fault(results: RobustnessResults, analysis: Analysis) -> list[tuple[str, str]]:
    """Each fault at its most telling level, and what the policies keep there."""
    said = []
    for family in results.families:
        level = _telling(analysis, family)
        cells = _ordered(cell for cell in _at(analysis, family, level) if _known(cell.keeps))
        if cells:
            missing = [cell.policy for cell in _at(analysis, family, level) if cell.error]
            without = f' Not measured: {listed(missing)}.' if missing else ''
            text = f'{_keep(cells)}{_winner(cells)}{without}'
            said.append((condition_text(family, level), text))
    return said


def _overall(results: RobustnessResults, analysis: Analysis) -> Iterator[str]:
    scale = f'of what {reference_name(results)} reaches without faults'
    if not results.families:
        clean = [(one.policy, one.clean) for one in analysis.standings]
        yield f'Without a fault, {_extremes("reaches", clean, scale)}.'
        return
    ranked = [one for one in analysis.standings if one.rank]
    if not ranked:
        yield 'No policy was measured under every fault, so none can be ranked.'
        return
    best = [one for one in ranked if one.best]
    reached = _extremes('reaches', [(one.policy, one.overall) for one in ranked], scale)
    text = f'Averaged over all faults, {reached}.'
    if len(ranked) == 1:
        yield text
    elif len(best) > 1:
        names = [one.policy for one in best]
        why = f'no policy is certainly better than {_some(names, "or")}'
        if len(best) == len(ranked):
            why = f'{_some(names)} cannot be told apart'
        yield f'No winner can be named: {why}. {text}'
    else:
        yield f'{best[0].policy} is the most robust: {verdict_text(best[0])}, {PAIRED}. {text}'


def _extremes(does: str, figures: Sequence[tuple[str, Estimate]], scale: str) -> str:
    """``a reaches 90 % and b 80 % of …``; of many policies, the highest and the lowest."""
    (name, first), *others = sorted(figures, key=lambda one: -one[1].value)
    if len(figures) <= _NAMED:
        texts = [f'{policy} {estimate_text(figure)}' for policy, figure in others]
        return f'{listed([f"{name} {does} {estimate_text(first)}", *texts])} {scale}'
    last, lowest = others[-1]
    return (
        f'{name} {does} the most, {estimate_text(first)} {scale}, and {last} the least, '
        f'{estimate_text(lowest)}; the {len(figures) - 2} others lie between them'
    )


def _ranks(analysis: Analysis) -> Iterator[str]:
    ranked = [one for one in analysis.standings if one.rank]
    if len(ranked) < 2:
        return
    certain = [f'{one.policy} ({one.rank})' for one in ranked if one.certain]
    others = [
        f'{one.policy} ({one.rank_low} to {one.rank_high})' for one in ranked if not one.certain
    ]
    if not others:
        all_ranks = 'All ranks are certain'
        yield f'{all_ranks}: {listed(certain)}.' if len(certain) <= _MOST else f'{all_ranks}.'
    elif all((one.rank_low, one.rank_high) == (1, len(ranked)) for one in ranked):
        yield 'No rank is certain.'
    elif len(ranked) > _MOST:
        if certain:
            yield f'Ranks are certain for {_some(certain)} alone; the table shows those possible.'
        else:
            yield 'No rank is certain; the table shows those possible.'
    elif certain:
        yield f'Ranks are certain for {listed(certain)}, not for {listed(others)}.'
    else:
        yield f'No rank is certain: {listed(others)}.'


def _paired(analysis: Analysis) -> Iterator[str]:
    """Why intervals may overlap although a difference is certain, where one is."""
    if any(one.points.positive for one in (*analysis.standings, *analysis.cells)):
        yield (
            f'Policies are compared {PAIRED}. A hard start is hard for all of them, so the '
            'intervals of two policies may overlap although one is certainly better.'
        )


def _elapsed(results: RobustnessResults, analysis: Analysis) -> Iterator[str]:
    """Who gains by being given the measured elapsed time, and who loses."""
    for family in results.families:
        groups: dict[str, list[Gain]] = defaultdict(list)
        for gain in analysis.gains:
            if gain.family == family.name and _known(gain.points):
                groups[gain.policy].append(gain)
        if not groups:
            continue
        pays, costs, open_ = [], [], []
        for policy, gains in groups.items():
            up = [gain for gain in gains if gain.points.low > 0]
            down = [gain for gain in gains if gain.points.high < 0]
            if up:
                pays.append((policy, up))
            if down:
                costs.append((policy, down))
            if not up and not down:
                open_.append(policy)
        parts = [f'pays for {_gains(family, pays, groups)}'] if pays else []
        parts += [f'costs {_gains(family, costs, groups)}'] if costs else []
        parts += [f'makes no certain difference for {_some(open_)}'] if open_ else []
        yield f'Knowing the elapsed time ({family.title}) {"; it ".join(parts)}.'


def _gains(
    family: Family, chosen: Sequence[tuple[str, list[Gain]]], every: Mapping[str, list[Gain]]
) -> str:
    """Policies with what they gain, or of many how many they are and from what to what."""
    if len(chosen) > _NAMED:
        values = sorted(gain.points.value for _, gains in chosen for gain in gains)
        return (
            f'{len(chosen)} of {len(every)} policies, by {values[0]:+.0f} to {values[-1]:+.0f} '
            'points'
        )
    texts = []
    for policy, gains in chosen:
        values = sorted(gain.points.value for gain in gains)
        if len(gains) == len(every[policy]) > 1:
            text = f'{values[0]:+.0f} to {values[-1]:+.0f} points at every level'
        else:
            at = [(gain.points.value, level_text(family, gain.level)) for gain in gains]
            text = ', '.join(f'{value:+.0f} points' + (f' at {x}' if x else '') for value, x in at)
        texts.append(f'{policy} ({text})')
    return listed(texts)


def _keep(cells: Sequence[Cell]) -> str:
    figures = [(cell.policy, cell.keeps) for cell in cells]
    return f'{_extremes("keeps", figures, "of its return")}.'


def _winner(cells: Sequence[Cell]) -> str:
    best = [cell for cell in cells if cell.best]
    without = all(math.isnan(cell.keeps.low) for cell in cells)
    if len(cells) < 2 or not best or without:
        return ''
    if len(best) == 1:
        return f' {best[0].policy} returns most: {verdict_text(best[0])}.'
    if len(best) == len(cells):
        return ' No winner: the returns of all policies cannot be told apart.'
    best.sort(key=lambda cell: -cell.percent.value)
    names = _some([cell.policy for cell in best], 'or')
    return f' No winner: no policy certainly returns more than {names}.'


def _telling(analysis: Analysis, family: Family) -> float:
    """The level at which the policies' returns lie farthest apart; of one policy, its worst."""
    spreads = {}
    for level in family.levels:
        values = [cell.keeps.value for cell in _at(analysis, family, level) if _known(cell.keeps)]
        if values:
            spreads[level] = max(values) - min(values) if len(values) > 1 else -values[0]
    return max(spreads, key=spreads.__getitem__, default=family.levels[-1])


def _at(analysis: Analysis, family: Family, level: float) -> list[Cell]:
    return [
        cell
        for cell in analysis.cells
        if (cell.family, cell.level, cell.elapsed) == (family.name, level, MEASURED)
    ]


def _ordered(cells: Iterator[Cell]) -> list[Cell]:
    return sorted(cells, key=lambda cell: -cell.keeps.value)


def _known(estimate: Estimate) -> bool:
    return not math.isnan(estimate.value)


def _missing(analysis: Analysis, policy: str) -> int:
    """Conditions without figures, if they cost the policy its rank."""
    return sum(one.missing for one in analysis.standings if one.policy == policy)


def _where(cell: Cell, families: dict[str, Family]) -> str:
    """The condition of a cell, in words."""
    text = condition_text(families[cell.family], cell.level) if cell.family else CLEAN
    return f'{text}, elapsed time held at 1' if cell.elapsed == NOMINAL else text


def _some(parts: Sequence[str], last: str = 'and') -> str:
    """All parts, or the first and how many others there are."""
    if len(parts) <= _MOST:
        return listed(parts, last)
    shown = parts[: _MOST - 1]
    return f'{", ".join(shown)} {last} {len(parts) - len(shown)} others'
