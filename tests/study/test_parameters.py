"""Parameters in closed form are those of the modules, and the study says so."""

import json

import pytest

from liquid_control import cells
from liquid_control.cli import main as cli
from liquid_control.study import parameters


@pytest.mark.parametrize('cell', cells.names())
@pytest.mark.parametrize(('order', 'units'), [(1, 8), (5, 31), (17, 64), (32, 129)])
def test_formula_counts_the_module(cell, order, units):
    module = cells.make(cell, order, units)
    trained = sum(p.numel() for p in module.parameters() if p.requires_grad)
    assert parameters.FORMULAS[cell].count(order, units) == trained == module.counts().parameters


def test_every_cell_has_a_formula():
    assert set(parameters.FORMULAS) == set(cells.names())


def test_wrong_formula_is_an_error(monkeypatch):
    wrong = parameters.Formula('h', lambda n, h: h)
    monkeypatch.setitem(parameters.FORMULAS, 'gru', wrong)
    with pytest.raises(RuntimeError, match=r'gru, 4 inputs, 8 units: the formula h gives 8'):
        parameters.count('gru', 4, 8)


@pytest.mark.parametrize('cell', ['lstm', 'gru', 'ltc', 'rnn'])
def test_printed_formula_gives_the_count(cell):
    text = parameters.FORMULAS[cell].text.replace('·', '*').replace('²', '**2')
    assert eval(text, {'n': 7, 'h': 12}) == parameters.FORMULAS[cell].count(7, 12)


def test_study_writes_page_and_figures(tmp_path, capsys):
    pytest.importorskip('plotly')
    out, rows = tmp_path / 'out', tmp_path / 'rows.csv'
    command = ['study', 'parameters', '--cells', 'lstm,cfc', '--out', str(out), '--csv', str(rows)]
    assert cli.main(command) == 0
    assert 'h=256' in capsys.readouterr().out
    whole = json.loads((out / 'results.json').read_text())
    sizes = {(one['order'], one['units']) for one in whole['counts']}
    assert len(sizes) == len(parameters.UNITS) + len(parameters.ORDERS) - 1
    lstm = next(one for one in whole['counts'] if one['cell'] == 'lstm' and one['units'] == 8)
    assert lstm['parameters'] == 4 * 8 * (16 + 8 + 1)
    assert rows.read_text().splitlines()[1].startswith('lstm,')
    page = (out / 'report.html').read_text()
    assert 'With 64 units and 16 inputs, lstm has 20,736 parameters' in page
    assert (out / 'parameters.png').stat().st_size > 10_000


def test_study_lists_formulas(capsys):
    assert cli.main(['study', 'parameters', '--list']) == 0
    listed = capsys.readouterr().out
    assert '4·h·(n + h + 1)' in listed
    assert 's: synapses of the wiring; m: its motor units' in listed


def test_words_count_all_other_cells():
    page = pytest.importorskip('liquid_control.report.study.parameters')
    counts = parameters.counts()
    lstm, gru, _ = page.words(counts, parameters.ORDER, parameters.UNIT)
    assert f' of {len(cells.names()) - 1} other cells have fewer' in lstm
    assert 'gru' in lstm.partition('have fewer')[2]
    assert 'lstm' not in gru.partition('have fewer')[2]


def test_results_of_another_study_are_kept(tmp_path, capsys):
    path = tmp_path / 'results.json'
    path.write_text('{"study": "synthetic"}')
    assert cli.main(['study', 'parameters', '--out', str(tmp_path)]) == 1
    assert 'holds results of study synthetic' in capsys.readouterr().err
    assert path.read_text() == '{"study": "synthetic"}'
