"""The study of memory as a user runs it: small, again, and listed."""

import json

import pytest

from liquid_control.cells import names
from liquid_control.cli import main as cli
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


def test_all_cells_at_all_widths_are_listed(capsys):
    assert cli.main(['study', 'memory', '--list']) == 0
    listed = capsys.readouterr().out.split()
    expected = {f'comparison-{cell}-{units}-seed2' for cell in names() for units in memory.UNITS}
    assert expected <= set(listed)


def test_data_that_are_not_there_are_named(tmp_path, capsys):
    command = ['study', 'memory', '--data', str(tmp_path / 'none'), '--out', str(tmp_path / 'out')]
    assert cli.main(command) != 0
    assert 'none' in capsys.readouterr().err
