"""Every figure of a comparison as tables, and where the figures are from."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from liquid_control.evaluation.robustness import (
    Analysis,
    Cell,
    Curve,
    Estimate,
    PolicyFacts,
    RobustnessResults,
    Standing,
)
from liquid_control.evaluation.robustness.outside import HIGH, LOW, PERIOD_MS, outside
from liquid_control.report.robustness.costs import COSTS
from liquid_control.report.robustness.look import (
    CLEAN,
    NOTHING,
    condition_text,
    estimate_text,
    verdict_text,
)


@dataclass(frozen=True)
class Table:
    """A table of texts.

    Attributes:
        title: above it.
        heads: headings of the columns.
        rows: the cells.
        texts: number of leading columns that are text, not figures.
    """

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    texts: int = 1


def tables(results: RobustnessResults, analysis: Analysis) -> list[Table]:
    """All tables that have rows."""
    made = [
        _standings(analysis),
        _cells(results, analysis),
        _areas(results, analysis),
        _gains(results, analysis),
        _figures(results),
    ]
    return [table for table in made if table.rows]


def provenance(results: RobustnessResults) -> list[tuple[str, str]]:
    """(what, value) of all that is needed to trace or repeat the comparison."""
    origin = results.provenance
    machine = origin.get('machine') or {}
    units = {'cores': ' cores', 'memory_gb': ' GB'}
    parts = [f'{value}{units.get(name, "")}' for name, value in machine.items() if value]
    versions = origin.get('versions') or {}
    episodes = max((len(row.returns) for row in results.measurements), default=0)
    rows = [
        ('command', origin.get('command')),
        ('date', origin.get('date')),
        ('machine', ', '.join(parts)),
        ('versions', ', '.join(f'{name} {version}' for name, version in versions.items())),
        ('robot', results.robot),
        ('100 %', _reference(results)),
        ('seeds of episodes', f'{results.seed} to {results.seed + max(episodes - 1, 0)}'),
    ]
    for policy in results.policies:
        for bundle in policy.bundles:
            shown = {**bundle, 'path': Path(bundle['path']).name}
            text = ', '.join(f'{name} {value}' for name, value in shown.items())
            rows.append((policy.name, text))
    return [(name, str(value)) for name, value in rows if value not in (None, '')]


def _reference(results: RobustnessResults) -> str:
    found = {**results.reference, 'return': f'{results.reference["return"]:.1f}'}
    return ', '.join(f'{name} {value}' for name, value in found.items())


def _standings(analysis: Analysis) -> Table:
    heads = (
        'policy', 'rank', 'over all faults, %', 'less that of the first, points', 'of its own, %',
        'no fault, %', 'interquartile mean under faults, %', 'mean rank', 'falls', 'stopped',
        'episodes', 'not measured', 'remark',
    )  # fmt: skip
    rows = [
        (
            one.policy, f'{one.rank} [{one.rank_low}, {one.rank_high}]' if one.rank else NOTHING,
            _text(one.overall), _text(one.behind), _text(one.keeps), _text(one.clean),
            _text(one.interquartile), _text(one.mean_rank, 2), f'{one.falls:,}',
            f'{one.stopped:,}', f'{one.episodes:,}', f'{one.missing:,}', _remark(one),
        )
        for one in analysis.standings
    ]  # fmt: skip
    return Table('Policies', heads, tuple(rows))


def _cells(results: RobustnessResults, analysis: Analysis) -> Table:
    heads = (
        'policy', 'fault', 'as text', 'elapsed time', 'return, %', 'against', 'difference, points',
        'of its own, %', 'mean, %', 'episodes', 'falls', 'falls, %', 'stopped',
        'error ÷ persistence', 'remark',
    )  # fmt: skip
    families = {family.name: family for family in results.families}
    policies = {policy.name: policy for policy in results.policies}
    rows = []
    for one in analysis.cells:
        family = families.get(one.family)
        where = CLEAN if family is None else condition_text(family, one.level)
        rows.append(
            (
                one.policy, where, one.fault, one.elapsed, _text(one.percent),
                one.against or NOTHING, _text(one.points), _text(one.keeps), _text(one.mean),
                f'{one.episodes}', f'{one.falls}', _text(one.fallen),
                f'{one.stopped}', _text(one.prediction, 3), _remark(one, policies[one.policy]),
            )
        )  # fmt: skip
    return Table('Every policy under every fault', heads, tuple(rows), texts=4)


def _remark(one: Cell | Curve | Standing, policy: PolicyFacts | None = None) -> str:
    """Why it was not measured, or how it compares, and whether its fault was not trained."""
    if isinstance(one, Cell) and one.error:
        return f'not measured: {one.error}'
    parts = [verdict_text(one) or ('best, or cannot be told from it' if one.best else '')]
    if isinstance(one, Cell) and policy is not None:
        beyond = outside(policy, one.fault)
        parts.append(f'outside of its training: {beyond}' if beyond else '')
    return '; '.join(filter(None, parts))


def _areas(results: RobustnessResults, analysis: Analysis) -> Table:
    titles = {family.name: family.title for family in results.families}
    heads = ('policy', 'fault', 'elapsed time', 'area, %', 'area of its own, %', 'remark')
    rows = [
        (
            one.policy, titles[one.family], one.elapsed, _text(one.area), _text(one.area_keeps),
            _remark(one),
        )
        for one in analysis.curves
    ]  # fmt: skip
    title = 'Area under the curve of return against level, from no fault on'
    return Table(title, heads, tuple(rows), texts=3)


def _gains(results: RobustnessResults, analysis: Analysis) -> Table:
    families = {family.name: family for family in results.families}
    heads = ('policy', 'fault', 'gain by the measured elapsed time, points')
    rows = [
        (one.policy, condition_text(families[one.family], one.level), _text(one.points))
        for one in analysis.gains
    ]
    return Table('What the measured elapsed time gives', heads, tuple(rows), texts=2)


def _figures(results: RobustnessResults) -> Table:
    known = {name for policy in results.policies for name in policy.figures}
    known -= {LOW, HIGH, PERIOD_MS}
    keys = [*(key for key in COSTS if key in known), *sorted(known - set(COSTS))]
    factors = [COSTS[key][1] if key in COSTS else 1.0 for key in keys]
    heads = ('policy', 'cell', 'trainings', *(COSTS[k][0] if k in COSTS else k for k in keys))
    rows = []
    for policy in results.policies if keys else ():
        values = [_figure(policy.figures.get(k), f) for k, f in zip(keys, factors, strict=True)]
        rows.append((policy.name, policy.cell, str(len(policy.bundles)), *values))
    return Table('What a policy costs', heads, tuple(rows), texts=2)


def _figure(value: Any, factor: float) -> str:
    if not isinstance(value, int | float) or not math.isfinite(value):
        return NOTHING
    return f'{factor * value:,.4g}' if factor * value < 1e4 else f'{factor * value:,.0f}'


def _text(estimate: Estimate, digits: int = 1) -> str:
    return estimate_text(estimate, '', digits)
