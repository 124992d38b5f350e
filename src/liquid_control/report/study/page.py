"""``report.html`` of a study: one file that needs no network."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from plotly.offline import get_plotlyjs

from liquid_control.report.page import write_page
from liquid_control.report.robustness.look import Look, short_name
from liquid_control.report.robustness.plots import Plot
from liquid_control.report.robustness.tables import Table
from liquid_control.report.summary import Sentence

REPORT = 'report.html'
_BANDS = 6
"""Cells up to which intervals are shown at first; of more they would hide the lines."""


@dataclass(frozen=True)
class Section:
    """A heading, what is shown beneath it, and plots."""

    title: str
    about: str
    plots: Sequence[Plot]


@dataclass(frozen=True)
class StudyPage:
    """What a page shows.

    Attributes:
        title: what was studied.
        subtitle: how much of it.
        answers: the answer in words; those marked bad come first.
        sections: the plots.
        tables: all figures.
        provenance: (what, value) of all that is needed to repeat it.
        looks: name in the plots → how it looks.
        opened: whether the tables are open at first.
        note: what is in brackets; empty if there is nothing.
    """

    title: str
    subtitle: str
    answers: Sequence[Sentence]
    sections: Sequence[Section] = ()
    tables: Sequence[Table] = ()
    provenance: Sequence[tuple[str, str]] = ()
    looks: Mapping[str, Look] = field(default_factory=dict)
    opened: bool = False
    note: str = ''


def write_study_page(path: Path, page: StudyPage) -> Path:
    """Write the page; returns its path.

    Raises:
        OSError: the file cannot be written.
    """
    sections: list[dict[str, Any]] = []
    figures: dict[str, Any] = {}
    for section in page.sections:
        named = []
        for plot in section.plots:
            named.append((f'plot-{len(figures)}', plot))
            figures[named[-1][0]] = plot.figure
        if named:
            sections.append({'title': section.title, 'about': section.about, 'plots': named})
    write_page(
        path,
        'study.html.j2',
        title=page.title,
        subtitle=page.subtitle,
        answers=sorted(page.answers, key=lambda sentence: not sentence.bad),
        sections=sections,
        tables=page.tables,
        provenance=page.provenance,
        looks=page.looks,
        opened=page.opened,
        note=page.note,
        short=short_name,
        bands=len(page.looks) <= _BANDS,
        plots=json.dumps(figures, allow_nan=False).replace('<', '\\u003c'),
        plotly=get_plotlyjs() if figures else '',
    )
    return path


def log_axis(title: str, values: Iterable[float]) -> dict[str, Any]:
    """A logarithmic axis for some positive values, marked at 1, 2 and 5 or at powers of ten."""
    known = [value for value in values if value > 0]
    if not known:
        return {'title': title, 'type': 'log'}
    low, high = min(known), max(known)
    marks = (1,) if high > 500 * low else (1, 2, 5)
    powers = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1)
    ticks = [mark * 10.0**power for power in powers for mark in marks]
    if sum(low <= tick <= high for tick in ticks) < 2:
        return {'title': title, 'type': 'log'}
    texts = [f'{tick:,.6g}' for tick in ticks]
    return {'title': title, 'type': 'log', 'tickvals': ticks, 'ticktext': texts}


def provenance_rows(origin: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(what, value) of the provenance of a result file; single hashes and seeds included."""
    rows = []
    for name, value in origin.items():
        if isinstance(value, Mapping):
            value = ', '.join(f'{key} {item}' for key, item in value.items() if item)
        elif isinstance(value, list):
            value = ', '.join(map(str, value))
        if value not in (None, ''):
            rows.append((name.replace('_', ' '), str(value)))
    return rows
