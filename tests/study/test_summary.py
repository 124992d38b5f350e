"""The summary of a study: rows over seeds, next to the published results."""

import math

import pytest
from rich.console import Console

from liquid_control.report import study_plots
from liquid_control.report.study_plots import write_plots
from liquid_control.study.walker2d_kinematics.summary import summarize, tables


def result(part, cell, seed, mse, **more):
    run = {
        'part': part, 'cell': cell, 'seed': seed, 'name': f'{part}-{cell}-{seed}',
        'recipe': {'learning_rate': 0.01, 'updates': 2},
        'model': {'budget': 20_000} if part == 'comparison' else {},
    }  # fmt: skip
    curve = [{'update': i, 'train_mse': mse, 'validation_mse': mse + 1 / i} for i in (1, 2)]
    return {
        'run': run, 'test_mse': mse, 'validation_mse': mse, 'train_mse': mse, 'curve': curve,
        'seconds': 5.0, 'seconds_update': 0.1, 'seconds_round': 15.0 + mse, 'saved_mb': 9.0,
        'peak_resident_mb': 300.0, 'penalty': 0.01, 'parameters': 20_000, **more,
    }  # fmt: skip


RESULTS = [
    *(result('recipes', 'cfc', seed, 0.62 + 0.01 * seed) for seed in range(3)),
    result('recipes', 'ltc', 0, 0.9),
    *(result('comparison', 'cfc', seed, 1.0 + 0.1 * seed) for seed in range(3)),
    *(result('comparison', 'lstm', seed, 0.8) for seed in range(3)),
    {**result('comparison', 'ltc', 0, 0.0), 'failed': 'update 3: the loss is not finite'},
    result('tuning', 'cfc', 0, 2.0),
]
PUBLISHED = {'cfc': (0.64, 0.006), 'ltc': (0.662, 0.013)}


def test_reproduced_within_five_percent():
    cfc, ltc = summarize(RESULTS, PUBLISHED)['recipes']
    assert cfc['ratio'] == pytest.approx(0.64 / 0.64)
    assert cfc['reproduced']
    assert not ltc['reproduced']


def test_cells_are_ranked_and_a_failure_is_told():
    rows = summarize(RESULTS, PUBLISHED)['comparison']
    assert [row['cell'] for row in rows] == ['lstm', 'cfc', 'ltc']
    assert rows[1]['test_mse']['iqm'] == pytest.approx(1.1)
    assert rows[1]['test_mse']['low'] < 1.1 < rows[1]['test_mse']['high']
    assert rows[2]['test_mse'] is None
    assert rows[2]['failed'] == {'comparison-ltc-0': 'update 3: the loss is not finite'}


def test_no_median_over_different_devices():
    results = [result('comparison', 'gru', 0, 0.9), result('comparison', 'gru', 1, 0.9, device='a')]
    summary = summarize(results, PUBLISHED)
    (row,) = summary['comparison']
    assert row['devices'] == ['a', 'cpu']
    assert math.isnan(row['seconds_round'])
    assert row['saved_mb'] == 9.0
    assert tables(summary, {'persistence_mse': 4.54, 'linear_mse': 3.1})


def test_tables_fit_a_terminal_of_eighty_columns():
    console = Console(width=80, record=True)
    for table in tables(
        summarize(RESULTS, PUBLISHED), {'persistence_mse': 4.54, 'linear_mse': 3.1}
    ):
        console.print(table)
    said = console.export_text()
    assert '…' not in said
    for text in ('1.100', '0.640 ± 0.006', 'failed', '4.54'):
        assert text in said


def test_plots_are_png(tmp_path):
    paths = write_plots(tmp_path, summarize(RESULTS, PUBLISHED), RESULTS)
    names = ['recipes.png', 'comparison-20000.png', 'curves-20000.png', 'figure5-20000.png']
    assert [path.name for path in paths] == names
    assert all(path.read_bytes().startswith(b'\x89PNG') for path in paths)
    assert write_plots(tmp_path, summarize([], {}), []) == []


@pytest.mark.parametrize(
    ('seeds', 'bounds'), [(1, 'one seed'), (3, 'IQM and range'), (5, 'IQM and 95 % interval')]
)
def test_panels_of_figure_5_are_labelled(seeds, bounds):
    results = [
        result('comparison', cell, seed, 1.0 + seed)
        for cell in ('cfc', 'lstm')
        for seed in range(seeds)
    ]
    rows = summarize(results, PUBLISHED)['comparison']
    figure = study_plots._figure5([row for row in rows if row['test_mse']])
    labels = [ax.get_xlabel() for ax in figure.axes]
    assert labels[-3:] == [
        f'test mean squared error, {bounds}',
        'training time per round, core s',
        'training memory (saved for backward), MiB',
    ]
    named = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert named == ['liquid', 'gated', 'other']


def test_a_step_size_at_an_end_of_the_grid_is_said():
    def tuned(cell, rate):
        one = result('tuning', cell, 0, 1.0)
        recipe = {'learning_rate': rate, 'updates': 2}
        return {**one, 'run': {**one['run'], 'recipe': recipe, 'model': {'budget': 20_000}}}

    results = [
        *RESULTS,
        *(tuned('cfc', rate) for rate in (0.004, 0.01, 0.06)),
        *(tuned('lstm', rate) for rate in (0.01, 0.06)),
    ]
    rows = summarize(results, PUBLISHED)['comparison']
    assert {row['cell']: row['at_end_of_grid'] for row in rows} == {
        'cfc': False, 'lstm': True, 'ltc': False,
    }  # fmt: skip
    console = Console(width=100, record=True)
    console.print(tables({'recipes': [], 'comparison': rows, 'best': []},
                         {'persistence_mse': 4.54, 'linear_mse': 3.1})[0])  # fmt: skip
    assert '0.01 (end)' in console.export_text()
