"""``report.html`` of a comparison of robustness: one file that needs no network."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from plotly.offline import get_plotlyjs

from liquid_control.evaluation.robustness import Analysis, RobustnessResults
from liquid_control.report.page import write_page
from liquid_control.report.robustness import costs, curves, heat_map, standings, words
from liquid_control.report.robustness.look import (
    SCALE,
    Look,
    listed,
    looks,
    plural,
    reference_name,
    short_name,
)
from liquid_control.report.robustness.pictures import write_pictures
from liquid_control.report.robustness.plots import Plot
from liquid_control.report.robustness.tables import provenance, tables
from liquid_control.report.robustness.walks import Walks, record_walks

REPORT = 'report.html'
_NAMED = 4
"""Policies up to which the title names all."""
_BANDS = 6
"""Policies up to which intervals are shown at first; of more they would hide the lines."""


def write_robustness_report(
    folder: Path,
    results: RobustnessResults,
    analysis: Analysis,
    *,
    video: bool = True,
    report: Callable[[float, str], None] = lambda share, text: None,
) -> Path:
    """Write ``report.html``, ``curves.png`` and ``map.png`` into a folder; returns the page.

    Args:
        folder: an existing folder.
        results: what was measured.
        analysis: what follows from it.
        video: whether some walks are run again and shown as videos.
        report: called as ``report(share, text)`` while videos are drawn.

    Raises:
        OSError: a file cannot be written.
    """
    style = looks([policy.name for policy in results.policies])
    walks = record_walks(results, analysis, report) if video else Walks()
    sections = _sections(results, analysis, style)
    path = folder / REPORT
    write_page(
        path,
        'robustness.html.j2',
        title=_title(results),
        subtitle=_subtitle(results),
        problems=words.problems(results, analysis),
        answers=words.answers(results, analysis),
        faults=words.fault_by_fault(results, analysis),
        reference=reference_name(results),
        map=heat_map.heat_map(results, analysis, walks.numbers),
        improvements=heat_map.improvements(analysis),
        walks=walks,
        sections=sections,
        plots=_json(sections),
        looks=style,
        short=short_name,
        scale=','.join(SCALE),
        bands=len(results.policies) <= _BANDS,
        tables=tables(results, analysis),
        provenance=provenance(results),
        plotly=get_plotlyjs(),
    )
    write_pictures(folder, results, analysis, style)
    return path


def _sections(
    results: RobustnessResults, analysis: Analysis, style: Mapping[str, Look]
) -> list[dict[str, Any]]:
    """Heading, explanation and plots of each section that has plots."""
    name = reference_name(results)
    looks = dict(style)
    whole = [
        standings.overall(results, analysis, looks),
        standings.ranks(analysis, looks),
        standings.profiles(results, analysis, looks),
    ]
    made: list[tuple[str, str, list[Plot]]] = [
        (
            'How the policies degrade',
            f'Return in % of what {name} reaches without faults, against the level of each fault. '
            'Levels are drawn at equal distances. A band is a 95 % interval.',
            curves.degradation(results, analysis, looks),
        ),
        (
            'Which policy stands where',
            'Over all faults: the mean over the faults of the mean return over the levels of each, '
            'without that of no fault. Policies that lack a fault have no rank and are not shown. '
            'Lines: 95 % intervals of single policies, which may overlap although one policy is '
            'certainly better, walk by walk. A rank is certain where its interval holds one alone.',
            [plot for plot in whole if plot is not None],
        ),
        (
            'What robustness costs',
            'Return over all faults against size, time, memory and energy of each policy.',
            costs.costs(results, analysis, looks),
        ),
        (
            'Does knowing the elapsed time pay?',
            'Colour: the policy is given the measured time since its last observation. Grey and '
            'dotted: the same policy is told that it is always one nominal period.',
            curves.elapsed(results, analysis, looks),
        ),
        (
            'What the policies predict',
            'Error of the predicted next observation over that of predicting no change, under the '
            'same fault. Below the dotted line the prediction is the better one.',
            curves.prediction(results, analysis, looks),
        ),
    ]
    numbered, count = [], 0
    for title, about, plots in made:
        if plots:
            names = [f'plot-{count + number}' for number in range(len(plots))]
            count += len(plots)
            pairs = list(zip(names, plots, strict=True))
            numbered.append({'title': title, 'about': about, 'plots': pairs})
    return numbered


def _json(sections: list[dict[str, Any]]) -> str:
    """All plots as JSON that may stand inside a script element."""
    figures = {name: plot.figure for section in sections for name, plot in section['plots']}
    return json.dumps(figures, allow_nan=False).replace('<', '\\u003c')


def _title(results: RobustnessResults) -> str:
    """What was compared: all policies if they are few."""
    titles = {'robustness': 'Robustness', 'generalization': 'Generalization'}
    names = [short_name(policy.name) for policy in results.policies]
    who = listed(names) if len(names) <= _NAMED else f'{len(names)} policies'
    return f'{titles.get(results.benchmark, "Under faults")}: {who}'


def _subtitle(results: RobustnessResults) -> str:
    conditions = sum(len(family.levels) for family in results.families)
    episodes = max((len(row.returns) for row in results.measurements), default=0)
    trainings = max((len(policy.bundles) for policy in results.policies), default=0)
    parts = [
        results.robot,
        f'{plural(len(results.families), "fault")} at {plural(conditions, "level")} in all',
        f'{plural(episodes, "episode")} each',
    ]
    if trainings > 1:
        parts.append(f'up to {trainings} trainings a policy')
    return ' · '.join(parts)
