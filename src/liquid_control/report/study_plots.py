"""The plots of a study, as PNG files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from liquid_control.evaluation.statistics import bounds_name
from liquid_control.files import replacing
from liquid_control.report.run_plots import STYLE

_INK = STYLE['text.color']
_LIQUID, _GATED, _OTHER = '#c8590a', '#3577b5', '#777777'
_FAMILIES = (
    (_LIQUID, 'liquid', ('ltc', 'cfc', 'lrc', 'stc', 'liquid')),
    (_GATED, 'gated', ('lstm', 'gru')),
    (_OTHER, 'other', ('',)),
)


def write_plots(
    folder: Path, summary: Mapping[str, Any], results: Sequence[Mapping[str, Any]]
) -> list[Path]:
    """Write every plot for which there are results; returns the files."""
    figures: dict[str, Figure] = {}
    with rc_context({**STYLE, 'savefig.dpi': 160, 'savefig.facecolor': 'white'}):
        recipes = [row for row in summary['recipes'] if row['test_mse']]
        if recipes:
            figures['recipes'] = _recipes(recipes)
        compared = [row for row in summary['comparison'] if row['test_mse']]
        for budget in dict.fromkeys(row['budget'] for row in compared):
            rows = [row for row in compared if row['budget'] == budget]
            figures[f'comparison-{budget}'] = _comparison(rows)
            figures[f'curves-{budget}'] = _curves(rows, results)
            figures[f'figure5-{budget}'] = _figure5(rows)
        paths = []
        for name, figure in figures.items():
            paths.append(folder / f'{name}.png')
            with replacing(paths[-1]) as partial:
                figure.savefig(partial, format='png', metadata={'Software': None})
    return paths


def _recipes(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Published errors with their deviation, and every measured seed."""
    figure = Figure(figsize=(6.4, 0.9 + 0.45 * len(rows)), layout='constrained')
    ax = figure.subplots()
    levels = np.arange(len(rows))
    ax.errorbar(
        [row['published_mse'] for row in rows], levels - 0.14, fmt='s', ms=5, lw=1.2, color=_INK,
        xerr=[row['published_deviation'] for row in rows], label='published, ± deviation',
    )  # fmt: skip
    for level, row in zip(levels, rows, strict=True):
        scores = np.add(row['test_mse']['seeds'], row['penalty'])
        label = 'measured, one mark per seed' if level == 0 else None
        ax.scatter(scores, np.full(len(scores), level + 0.14), s=22, color=_LIQUID, lw=0,
                   label=label)  # fmt: skip
    ax.set_yticks(levels, [row['cell'] for row in rows])
    ax.tick_params(axis='y', length=0)
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.grid(axis='x', color=_INK, alpha=0.12, lw=0.6)
    ax.set_xlabel('test mean squared error and penalty')
    ax.legend(loc='lower left', bbox_to_anchor=(0.0, 1.0), ncols=2, borderaxespad=0.2)
    return figure


def _comparison(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Test error against time per round and against memory, after the review's figure 5."""
    figure = Figure(figsize=(10.6, 4.6), layout='constrained')
    panels = figure.subplots(1, 2, sharey=True)
    for ax, key, text in zip(
        panels,
        ('seconds_round', 'saved_mb'),
        (
            'training time per round (9,684 windows), core s',
            'saved for one backward pass, MiB',
        ),
        strict=True,
    ):
        for row in rows:
            color, _ = _family(row['cell'])
            bars, mse = _beside([row]), row['test_mse']
            ax.errorbar(row[key], mse['iqm'], yerr=bars, fmt='o', ms=5, lw=1.0, color=color)
        ax.set_xscale('log')
        _plain_ticks(ax)
        ax.set_xlabel(text)
        ax.grid(color=_INK, alpha=0.1, lw=0.6)
        _labels(figure, ax, [(row[key], row['test_mse']['iqm'], row['cell']) for row in rows])
    panels[0].set_ylabel(_error(rows))
    _legend(panels[0])
    return figure


def _curves(rows: Sequence[Mapping[str, Any]], results: Sequence[Mapping[str, Any]]) -> Figure:
    """Validation error over the updates, averaged over the seeds of each cell."""
    figure = Figure(figsize=(7.4, 4.6), layout='constrained')
    ax = figure.subplots()
    styles = ('-', '--', ':', '-.')
    used: dict[str, int] = {}
    for row in rows:
        curves = [
            result['curve']
            for result in results
            if result['run']['part'] == 'comparison'
            and (result['run']['cell'], result['run']['model']['budget'])
            == (row['cell'], row['budget'])
            and not result.get('failed')
        ]
        color, _ = _family(row['cell'])
        number = used[color] = used.get(color, -1) + 1
        ax.plot(
            [point['update'] for point in curves[0]],
            np.mean([[point['validation_mse'] for point in curve] for curve in curves], axis=0),
            color=color, ls=styles[number % 4], lw=0.9 + 0.5 * (number // 4), label=row['cell'],
        )  # fmt: skip
    ax.set_yscale('log')
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 3, 5)))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f'{value:g}'))
    ax.yaxis.set_minor_formatter(NullFormatter())
    ax.set_xlabel('gradient steps')
    ax.set_ylabel('validation mean squared error')
    ax.legend(loc='center left', bbox_to_anchor=(1.0, 0.5), title='least test error first')
    return figure


def _figure5(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Loss, time and memory as bars, after the review's figure 5: LTC and LSTM, then all cells."""
    pair = [row for cell in ('ltc', 'lstm') for row in rows if row['cell'] == cell]
    bands = [band for band in (pair if len(pair) == 2 else [], rows) if band]
    height = 1.2 + sum(0.45 + 0.24 * len(band) for band in bands)
    figure = Figure(figsize=(10.6, height), layout='constrained')
    ratios = [1 + len(band) for band in bands]
    panels = figure.subplots(len(bands), 3, squeeze=False, height_ratios=ratios)
    columns = (
        (_error(rows), lambda row: row['test_mse']['iqm']),
        ('training time per round, core s', lambda row: row['seconds_round']),
        ('training memory (saved for backward), MiB', lambda row: row['saved_mb']),
    )
    for axes, band in zip(panels, bands, strict=True):
        levels = np.arange(len(band))
        for ax, (_, value) in zip(axes, columns, strict=True):
            colors = [_family(row['cell'])[0] for row in band]
            bars = ax.barh(
                levels, [value(row) for row in band], 0.68, color=colors, ecolor=_INK,
                xerr=_beside(band) if ax is axes[0] else None, error_kw={'lw': 1.0},
            )  # fmt: skip
            ax.bar_label(bars, fmt='%.3g', padding=3, fontsize=7.5)
            ax.set_yticks(levels, [row['cell'] for row in band] if ax is axes[0] else [])
            ax.tick_params(axis='y', length=0)
            ax.set_ylim(len(band) - 0.5, -0.5)
            ax.margins(x=0.14)
    for ax, (text, _) in zip(panels[-1], columns, strict=True):
        ax.set_xlabel(text)
    _legend(panels[0, 0])
    return figure


def _error(rows: Sequence[Mapping[str, Any]]) -> str:
    """The title of the axis of test errors."""
    seeds = max(len(row['seeds']) for row in rows)
    bounds = f', IQM and {bounds_name(seeds)}' if seeds > 1 else ', one seed'
    return f'test mean squared error{bounds}'


def _beside(rows: Sequence[Mapping[str, Any]]) -> np.ndarray:
    """How far the intervals of test errors reach down and up, (2, rows); 0 if there is none."""
    mse = np.array([[row['test_mse'][key] for key in ('iqm', 'low', 'high')] for row in rows]).T
    return np.nan_to_num(np.maximum(0.0, [mse[0] - mse[1], mse[2] - mse[0]]))


def _legend(ax: Axes) -> None:
    """Name the colours of the families above the axes."""
    for color, name, _ in _FAMILIES:
        ax.scatter([], [], color=color, s=22, label=name)
    ax.legend(loc='lower left', bbox_to_anchor=(0.0, 1.0), ncols=3, borderaxespad=0.2)


def _family(cell: str) -> tuple[str, str]:
    return next((color, name) for color, name, starts in _FAMILIES if cell.startswith(starts))


def _labels(figure: Figure, ax: Axes, points: Sequence[tuple[float, float, str]]) -> None:
    """Write each point's name beside it, moved up where names would overlap."""
    figure.draw_without_rendering()
    taken: list[tuple[float, float, float]] = []
    for x, y, name in sorted(points, key=lambda point: point[1]):
        left, height = ax.transData.transform((x, y))
        width = 8.0 * len(name) * figure.dpi / 100
        level = height
        step = 10.0 * figure.dpi / 72
        while any(
            abs(level - other) < step and left < at + wide and at < left + width
            for at, other, wide in taken
        ):
            level += 0.25 * step
        taken.append((left, level, width))
        ax.annotate(
            name, (x, y), xytext=(6, (level - height) * 72 / figure.dpi - 3),
            textcoords='offset points', fontsize=7.5,
        )  # fmt: skip


def _plain_ticks(ax: Axes) -> None:
    """Label a logarithmic horizontal axis at 1, 2, 5, 10, …, with plain numbers."""
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f'{value:g}'))
    ax.xaxis.set_minor_formatter(NullFormatter())
