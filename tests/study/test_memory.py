"""The study of memory as a user runs it: small, again, and listed."""

import json

import pytest

from liquid_control.cells import names
from liquid_control.cli import main as cli
from liquid_control.evaluation.robustness import Estimate
from liquid_control.report.study.groups import Group, Score, Source
from liquid_control.study import memory


def test_small_study_and_again(tmp_path, capsys):
    pytest.importorskip('plotly')
    out = tmp_path / 'out'
    command = [
        'study', 'memory', '--quick', '--cells', 'gru,cfc', '--updates', '2', '--seeds', '1',
        '--out', str(out),
    ]  # fmt: skip
    assert cli.main(command) == 0
    assert 'report.html, memory.png' in ' '.join(capsys.readouterr().out.split())
    whole = json.loads((out / 'results.json').read_text())
    assert (whole['study'], whole['complete']) == ('memory', 'quick')
    (data,) = whole['data'].values()
    assert data['criterion'] == 'nmse'
    rows = {(row['cell'], row['size']): row for row in data['summary']}
    assert set(rows) == {(cell, size) for cell in ('gru', 'cfc') for size in (8, 32)}
    assert rows['gru', 32]['state_bytes'] == 128
    assert rows['gru', 32]['saved_mb'] > rows['gru', 8]['saved_mb'] > 0
    page = (out / 'report.html').read_text()
    assert 'A quick run' in page
    assert '2 gradient steps a run' in page
    runs = out / 'damped-sine-irregular-clean' / 'runs'
    before = {path: path.stat().st_mtime_ns for path in runs.iterdir()}
    assert cli.main(command) == 0
    assert before == {path: path.stat().st_mtime_ns for path in runs.iterdir()}


def frontier_of(*models):
    """Groups of one cell each: (cell, bytes of the state, score)."""
    source = Source('results.json', 'ab', '')
    return [
        Group(
            'memory', f'{size} bytes', 'test mse', False,
            {cell: Score(Estimate(score, score - 0.02, score + 0.02), {'state_bytes': size})},
            source,
        )
        for cell, size, score in models
    ]  # fmt: skip


def test_best_of_one_size_is_on_the_frontier():
    memory_page = pytest.importorskip('liquid_control.report.study.memory')
    groups = frontier_of(('cfc', 32, 0.096), ('gru', 32, 0.085), ('ltc', 64, 0.05))
    for some in (groups, groups[::-1]):
        steps = memory_page.frontier(some, 'state_bytes')
        assert [(step.bound, step.best.cell) for step in steps] == [(32, 'gru'), (64, 'ltc')]
        assert steps[0].near == ('cfc',)


def test_words_say_what_the_plot_has_besides():
    memory_page = pytest.importorskip('liquid_control.report.study.memory')
    models = [(cell, 2**n, 1 - 0.1 * n) for n, cell in enumerate(('a', 'b', 'c', 'd', 'e'))]
    (five,) = memory_page.words(frontier_of(*models))
    assert five.endswith('The plot has 2 more between them.')
    (three,) = memory_page.words(frontier_of(*models[:3]))
    assert 'The plot has' not in three


def test_all_cells_at_all_widths_are_listed(capsys):
    assert cli.main(['study', 'memory', '--list']) == 0
    listed = capsys.readouterr().out.split()
    expected = {f'comparison-{cell}-{units}-seed2' for cell in names() for units in memory.UNITS}
    assert expected <= set(listed)


def test_data_that_are_not_there_are_named(tmp_path, capsys):
    command = ['study', 'memory', '--data', str(tmp_path / 'none'), '--out', str(tmp_path / 'out')]
    assert cli.main(command) != 0
    assert 'none' in capsys.readouterr().err
