"""The front of studies on the same footing: what is listed, refused, shown and kept."""

import json
import math
import re
from argparse import Namespace
from pathlib import Path
from statistics import mean

import pytest
from rich.console import Console

from liquid_control.cli import main as cli
from liquid_control.cli.study.shared import out_folder
from liquid_control.run_folder import alone_in
from liquid_control.study.claims import read
from liquid_control.study.summary import summarize, table
from liquid_control.study.synthetic.data import SyntheticData

DATA = SyntheticData('lorenz', 'irregular', 0.1)
SMALL = (
    '--quick', '--cells', 'gru', '--updates', '2', '--seeds', '2',
)  # fmt: skip


def row(cell, score, seeds=(0, 1, 2)):
    value, low, high = score
    return {
        'cell': cell, 'size': 5000, 'seeds': list(seeds), 'parameters': 5000,
        'seconds_round': 1.0, 'saved_mb': 2.0, 'learning_rate': 0.01, 'at_end_of_grid': False,
        'scores': {
            'test_nmse': {'iqm': value, 'low': low, 'high': high},
            'outside_nmse': {'iqm': 2 * value, 'low': 2 * low, 'high': 2 * high},
        },
    }  # fmt: skip


def printed(*rows, baselines=None, width=100):
    console = Console(width=width, record=True)
    console.print(table(rows, DATA, baselines))
    return ' '.join(console.export_text().split())


def test_tables_have_intervals_and_baselines():
    said = printed(row('gru', (0.2, 0.1, 0.3)), baselines={'persistence': {'test_nmse': 0.9}})
    assert '0.2 [0.1, 0.3]' in said
    assert '0.4 [0.2, 0.6]' in said
    assert 'persistence 0.9' in said
    assert '3 seeds [range]' in said


def test_an_interval_is_a_range_only_of_few_seeds():
    said = printed(row('gru', (0.2, 0.1, 0.3), seeds=range(5)))
    assert '5 seeds [95 % interval]' in said
    one = row('gru', (0.2, math.nan, math.nan), seeds=(0,))
    assert 'one seed, no interval' in printed(one)


def test_a_failed_cell_is_shown():
    failed = {**row('gru', (0.2, 0.1, 0.3)), 'seeds': [], 'scores': {}}
    assert 'failed' in printed(row('cfc', (0.2, 0.1, 0.3)), failed)


def test_each_part_of_a_wide_table_names_the_sizes():
    rows = [{**row('gru', (0.2, 0.1, 0.3)), 'size': size} for size in (8, 512)]
    said = printed(*rows, width=40)
    assert said.count(' size ') > 1
    assert said.count('gru 512 ') == said.count(' size ')


def test_a_horizon_has_no_mean_where_a_seed_is_infinite():
    runs = [
        gru(seed, {'1': at_1, '8': at_8}) for seed, at_1, at_8 in ((0, 1.0, 2.0), (1, 3.0, None))
    ]
    (found,) = summarize(runs, DATA)
    assert found['horizons'] == {'test_horizon_nmse': {'1': 2.0, '8': None}}


def gru(seed, horizons):
    run = {'part': 'comparison', 'cell': 'gru', 'seed': seed, 'model': {'budget': 5000}}
    costs = dict.fromkeys(
        ('seconds', 'seconds_update', 'seconds_round', 'saved_mb', 'peak_resident_mb'), 1.0
    )
    return {
        'run': {**run, 'recipe': {'learning_rate': 0.01, 'updates': 2}}, 'test_nmse': 0.5,
        'test_horizon_nmse': horizons, **costs,
    }  # fmt: skip


def test_runs_of_several_data_sets_are_listed(capsys):
    assert cli.main(['study', 'synthetic', '--list', '--cells', 'gru', '--seeds', '1']) == 0
    printed = capsys.readouterr()
    assert re.search(r'75 of 75 runs train for about \d+ core-seconds', printed.err)
    listed = printed.out.split()
    assert 'chirp-regular-clean/comparison-gru-5000-seed0' in listed
    assert len(listed) == 15 * 5


@pytest.mark.parametrize(
    ('pattern', 'data_sets', 'runs'),
    [
        ('lorenz-*/*', 3, 5),
        ('lorenz-irregular*', 1, 5),
        ('*-regular-clean/*-seed0', 5, 5),
        ('*-seed0', 15, 5),
    ],
)
def test_runs_are_asked_for_by_the_names_listed(pattern, data_sets, runs, capsys):
    command = ['study', 'synthetic', '--list', '--cells', 'gru', '--seeds', '1']
    assert cli.main([*command, '--runs', pattern]) == 0
    listed = capsys.readouterr().out.split()
    assert len(listed) == data_sets * runs
    assert len({name.split('/')[0] for name in listed}) == data_sets


def test_runs_that_match_none_are_refused(tmp_path, capsys):
    command = ['study', 'synthetic', *SMALL, '--out', str(tmp_path), '--runs', 'nowhere/*']
    assert cli.main(command) == 1
    assert '--runs nowhere/*: matches no run; --list without it' in capsys.readouterr().err
    assert cli.main([*command, '--list']) == 1


@pytest.mark.parametrize('study', ['synthetic', 'memory', 'parameters', 'walker2d-kinematics'])
@pytest.mark.parametrize('cells', [',', 'gru,,cfc'])
def test_an_empty_name_of_a_cell_is_refused(study, cells, capsys):
    with pytest.raises(SystemExit):
        cli.main(['study', study, '--list', '--cells', cells])
    assert '--cells: expected names separated by commas' in capsys.readouterr().err


def test_results_are_read_as_they_are_written(tmp_path, capsys):
    pytest.importorskip('plotly')
    out = tmp_path / 'out'
    assert cli.main(['study', 'synthetic', *SMALL, '--out', str(out)]) == 0
    said = capsys.readouterr().out
    assert 'linear' in said
    assert 'report.html, synthetic.png' in said.replace('\n', ' ')
    assert 'quick run: its figures only show that the study works' in said
    whole = json.loads((out / 'results.json').read_text())
    assert set(whole['data']) == {'damped-sine-irregular-noise0.1', DATA.name}
    for run in whole['data'][DATA.name]['runs']:
        kept = json.loads((out / DATA.name / 'runs' / f'{run["run"]["name"]}.json').read_text())
        assert run == kept
    (shown,) = whole['data'][DATA.name]['summary']
    seeds = [run['outside_horizon_nmse']['8'] for run in whole['data'][DATA.name]['runs']]
    assert shown['horizons']['outside_horizon_nmse']['8'] == pytest.approx(mean(seeds))
    linear = whole['data'][DATA.name]['baselines']['linear']
    assert linear['test_horizon_nmse'].keys() == shown['horizons']['test_horizon_nmse'].keys()
    groups = {(one.condition, one.criterion): one for one in read([out], out)}
    found = groups[f'{DATA.title}, 5,000 parameters', 'test nmse']
    (expected,) = whole['data'][DATA.name]['summary']
    assert found.cells['gru'].score.value == expected['scores']['test_nmse']['iqm']
    assert (found.quick, found.short, found.partial) == (True, True, True)
    assert found.remark.startswith('2 of 15 conditions, 1 of 15 cells, 2 of 3 seeds')
    title = 'free run, valid time in Lyapunov times'
    assert groups[f'{DATA.title}, 5,000 parameters', title].greater
    capsys.readouterr()
    assert cli.main(['study', 'synthetic', '--cells', 'gru', '--out', str(out)]) == 1
    assert 'is from another run (recipe.updates 2, now 500)' in capsys.readouterr().err
    assert cli.main(['study', 'memory', *SMALL, '--out', str(out / DATA.name)]) == 1
    assert 'expected a new folder, or one that holds' in capsys.readouterr().err
    more = '--quick', '--cells', 'gru', '--updates', '1', '--runs', 'lorenz-*/*'
    assert cli.main(['study', 'synthetic', *more, '--out', str(out)]) == 1
    assert 'is from another run (recipe.updates 2, now 1)' in capsys.readouterr().err


def test_a_study_goes_on_from_results_of_another_folder(tmp_path, capsys):
    pytest.importorskip('plotly')
    command = 'study', 'memory', '--quick', '--updates', '2', '--seeds', '1'
    first, second = tmp_path / 'first', tmp_path / 'second'
    assert cli.main([*command, '--cells', 'gru', '--out', str(first)]) == 0
    more = *command, '--cells', 'gru,cfc', '--out', str(second), '--from'
    assert cli.main([*more, str(first / 'results.json')]) == 0
    before, after = (
        {run['run']['name']: run for data in whole['data'].values() for run in data['runs']}
        for whole in (json.loads((at / 'results.json').read_text()) for at in (first, second))
    )
    assert len(after) == 2 * len(before)
    assert {name: after[name] for name in before} == before, 'with their times and provenance'
    capsys.readouterr()

    other = tmp_path / 'other'
    changed = *command[:4], '3', '--seeds', '1', '--out', str(other), '--from'
    assert cli.main([*changed, str(first / 'results.json')]) == 1
    said = capsys.readouterr().err
    assert 'results.json: comparison-gru-8-seed0 is from another run (recipe.updates 2' in said
    assert not list(other.rglob('comparison-*'))
    whole = json.loads((first / 'results.json').read_text())
    ((name, data),) = whole['data'].items()
    wrong, fresh = tmp_path / 'wrong.json', str(tmp_path / 'fresh')
    for change, says in (
        ({'format': 2}, 'wrong.json: format: expected 1, found 2'),
        ({'data': {}}, 'wrong.json: has none of the runs asked for'),
        ({'data': {name: {**data, 'runs': data['runs'][:1] * 2}}}, 'a run is there twice'),
    ):
        wrong.write_text(json.dumps({**whole, **change}))
        assert cli.main([*more[:-2], fresh, '--from', str(wrong)]) == 1
        assert says in capsys.readouterr().err
    for text, found in (
        ('[]', ', found none'),
        ('{"study": "icu", "runs": []}', ', found that of icu'),
        ('nonsense', ', found no JSON: '),
        ('{"study": "memory", "format": 1, "data": []}', '; it is broken: '),
    ):
        (tmp_path / 'wrong.json').write_text(text)
        assert cli.main([*changed, str(tmp_path / 'wrong.json')]) == 1
        expected = f'wrong.json: expected results.json of study memory{found}'
        assert expected in capsys.readouterr().err


def test_runs_of_a_data_set_that_is_not_there_are_refused(capsys):
    assert cli.main(['study', 'memory', '--list', '--runs', 'damped-*/*-seed0']) == 0
    names = capsys.readouterr().out.split()
    assert sum(name.startswith('comparison') for name in names) == 90
    assert cli.main(['study', 'memory', '--list', '--runs', 'chirp/*']) == 1
    assert '--runs chirp/*: matches no run' in capsys.readouterr().err


def test_a_training_that_failed_is_named(tmp_path, capsys):
    pytest.importorskip('plotly')
    command = ['study', 'memory', *SMALL, '--out', str(tmp_path / 'out')]
    assert cli.main(command) == 0
    path = next(tmp_path.rglob('comparison-gru-32-seed1.json'))
    result = json.loads(path.read_text())
    path.write_text(json.dumps({**result, 'failed': 'update 2: the loss is not finite'}))
    assert cli.main(command) == 1
    assert 'comparison-gru-32-seed1: update 2: the loss is not' in capsys.readouterr().err


def test_quick_runs_have_their_own_folder():
    folders = [out_folder(Namespace(out=None, quick=quick), 'memory') for quick in (False, True)]
    assert folders == [Path('runs/memory'), Path('runs/memory-quick')]
    assert out_folder(Namespace(out=Path('mine'), quick=True), 'memory') == Path('mine')


def test_results_of_another_study_are_kept(tmp_path, capsys):
    name = SyntheticData('damped-sine', 'irregular').name
    (tmp_path / name).mkdir()  # a folder that memory and synthetic share
    path = tmp_path / 'results.json'
    path.write_text('{"study": "synthetic"}')
    assert cli.main(['study', 'memory', *SMALL, '--out', str(tmp_path)]) == 1
    assert 'holds results of study synthetic, which would be' in capsys.readouterr().err
    assert path.read_text() == '{"study": "synthetic"}'


def test_a_second_process_is_refused(tmp_path, capsys):
    with alone_in(tmp_path):
        assert cli.main(['study', 'synthetic', *SMALL, '--out', str(tmp_path)]) == 1
    assert f'{tmp_path}: another process is working there' in capsys.readouterr().err
