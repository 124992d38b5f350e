"""Page, picture and table of the study of parameters."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from liquid_control.evaluation.robustness import Estimate
from liquid_control.report.fitted import Figure, FittedTable
from liquid_control.report.robustness.look import Look, listed, looks
from liquid_control.report.robustness.plots import Plot, line, plot, safe
from liquid_control.report.robustness.tables import Table
from liquid_control.report.study.page import (
    Section,
    StudyPage,
    log_axis,
    provenance_rows,
    write_study_page,
)
from liquid_control.report.study.pictures import Panel, write_picture
from liquid_control.report.summary import Sentence

_GATED = ('lstm', 'gru')
_REVIEW = 'as in figures 3 and 4 of arXiv 2510.07578'


class Count(Protocol):
    """Parameters of one cell at one size."""

    @property
    def cell(self) -> str: ...
    @property
    def order(self) -> int: ...
    @property
    def units(self) -> int: ...
    @property
    def parameters(self) -> int: ...
    @property
    def state_size(self) -> int: ...


def table(
    counts: Sequence[Count], formulas: Mapping[str, str], order: int, symbols: str
) -> FittedTable:
    """Cells with their formulas, and their parameters against units.

    Args:
        counts: what was counted.
        formulas: cell → formula.
        order: number of inputs.
        symbols: what other letters in the formulas are.
    """
    units = sorted({one.units for one in counts if one.order == order})
    made = FittedTable(
        'cell', 'formula', *(Figure(f'h={value}', ',d') for value in units),
        left=('formula',),
        title=f'Parameters with n = {order} inputs and h units; {symbols}',
    )  # fmt: skip
    for cell, values in _lines(counts, order=order).items():
        made.add_row(cell, formulas[cell], *(count for _, count in values))
    return made


def write(
    folder: Path,
    counts: Sequence[Count],
    formulas: Mapping[str, str],
    held: tuple[int, int],
    origin: Mapping[str, Any],
    symbols: str,
) -> list[Path]:
    """Write ``report.html`` and ``parameters.png``; returns both.

    Args:
        folder: an existing folder.
        counts: what was counted.
        formulas: cell → formula.
        held: the order that is held against units, and the units against orders.
        origin: provenance.
        symbols: what other letters than n and h in the formulas are.
    """
    order, units = held
    by_units, by_order = _lines(counts, order=order), _lines(counts, units=units)
    style = looks(list(by_units))
    titles = f'against units, order {order}', f'against order, {units} units'
    axes = 'units', 'order of the dynamics: inputs'
    plots = [
        _plot(title, axis, lines, style)
        for title, axis, lines in zip(titles, axes, (by_units, by_order), strict=True)
    ]
    rows = tuple(
        (one.cell, f'{one.order}', f'{one.units}', f'{one.parameters:,}', f'{one.state_size:,}')
        for one in counts
    )
    heads = ('cell', 'inputs', 'units', 'parameters', 'numbers in the state')
    merged = together(by_units, by_order)
    alike = [listed(names) for names in merged.values() if len(names) > 1]
    same = f' Lines that lie on each other: {"; ".join(alike)}.' if alike else ''
    page = StudyPage(
        'Parameters of the cells',
        f'{len(by_units)} cells · every count is checked against the module',
        [Sentence(text) for text in words(counts, order, units)],
        [Section('Parameters', f'Logarithmic axes, {_REVIEW}.{same}', plots)],
        [
            Table(
                f'Formulas with n inputs and h units; {symbols}',
                ('cell', 'parameters'),
                tuple(formulas.items()),
                texts=2,
            ),
            Table('Counts', heads, rows),
        ],
        provenance_rows(origin),
        style,
    )
    panels = [
        Panel(
            title,
            axis,
            'parameters',
            {', '.join(names): lines[first] for first, names in merged.items()},
            sorted({x for x, _ in next(iter(lines.values()))}),
        )
        for title, axis, lines in zip(titles, axes, (by_units, by_order), strict=True)
    ]
    drawn = {', '.join(names): style[first] for first, names in merged.items()}
    return [
        write_study_page(folder / 'report.html', page),
        write_picture(folder / 'parameters.png', panels, drawn),
    ]


def together(
    *every: Mapping[str, Sequence[tuple[float, float]]], within: float = 0.06
) -> dict[str, list[str]]:
    """Cells whose lines lie on each other: the first of them → all of them.

    Args:
        every: cell → points, for each plot.
        within: greatest difference, as a share.
    """
    merged: dict[str, list[str]] = {}
    for name in every[0]:
        for first in merged:
            if all(
                abs(y - other) <= within * other
                for lines in every
                for (_, y), (_, other) in zip(lines[name], lines[first], strict=True)
            ):
                merged[first].append(name)
                break
        else:
            merged[name] = [name]
    return merged


def words(counts: Sequence[Count], order: int, units: int) -> list[str]:
    """Which cells have fewer parameters than LSTM and GRU with as many units."""
    here = {one.cell: one.parameters for one in counts if (one.order, one.units) == (order, units)}
    said = []
    for cell in filter(here.__contains__, _GATED):
        others = {name: here[name] for name in here if name != cell}
        fewer = [name for name, value in others.items() if value < here[cell]]
        names = f': {listed(fewer)}' if fewer else ''
        said.append(
            f'With {units} units and {order} inputs, {cell} has {here[cell]:,} parameters; '
            f'{len(fewer)} of {len(others)} other cells have fewer{names}.'
        )
    if here:
        least, most = min(here, key=here.__getitem__), max(here, key=here.__getitem__)
        said.append(
            f'The fewest has {least} ({here[least]:,}), the most {most} ({here[most]:,}). A unit '
            'of one cell does not do the work of a unit of another: see the study of memory.'
        )
    return said


def _lines(
    counts: Sequence[Count], order: int | None = None, units: int | None = None
) -> dict[str, list[tuple[float, float]]]:
    """Cell → parameters against units at an order, or against orders at a number of units."""
    lines: dict[str, list[tuple[float, float]]] = {}
    for one in counts:
        if order is not None and one.order == order:
            lines.setdefault(one.cell, []).append((one.units, one.parameters))
        elif units is not None and one.units == units:
            lines.setdefault(one.cell, []).append((one.order, one.parameters))
    return {cell: sorted(points) for cell, points in lines.items()}


def _plot(
    title: str,
    axis: str,
    lines: Mapping[str, Sequence[tuple[float, float]]],
    style: Mapping[str, Look],
) -> Plot:
    traces = []
    for cell, points in lines.items():
        texts = [
            f'<b>{safe(cell)}</b><br>{x:g} {safe(axis)}<br>{y:,} parameters' for x, y in points
        ]
        values = [Estimate(y) for _, y in points]
        traces += line(cell, style[cell], [x for x, _ in points], values, texts)
    ticks = sorted({x for points in lines.values() for x, _ in points})
    x = {'title': axis, 'type': 'log', 'tickvals': ticks, 'ticktext': [f'{t:g}' for t in ticks]}
    every = [y for points in lines.values() for _, y in points]
    return plot(title, traces, x, log_axis('parameters', every), 340)
