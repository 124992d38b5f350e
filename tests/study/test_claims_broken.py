"""Claims from broken or altered files: what is refused, what is named, what counts once."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from liquid_control.study import claims
from liquid_control.study.claims.evidence import LIQUID

DOCS = Path(__file__).parents[2] / 'docs'
SHOWN = DOCS / 'results/walker2d_kinematics/comparison/results.json'
HEAD = 'policy,family,level,fault,elapsed,percent,percent_low,percent_high,falls,episodes\n'


def whole_cells():
    return {run['run']['cell'] for run in json.loads(SHOWN.read_text())['runs']}


def changed(tmp_path, change):
    """The runs of the docs' comparison, changed."""
    whole = json.loads(SHOWN.read_text())
    change([run for run in whole['runs'] if run['run']['part'] == 'comparison'], whole)
    path = tmp_path / 'results.json'
    path.write_text(json.dumps(whole))
    return claims.read([path], tmp_path)


def test_a_run_without_a_score_is_named_not_dropped(tmp_path):
    def lose(runs, whole):
        runs[0].update(test_mse=float('nan'))
        runs[1].update(failed='update 3: the loss is not finite')

    lost = changed(tmp_path, lose)
    (shown,) = (one for one in lost if 'failed' in one.remark)
    assert 'failed: comparison-' in shown.remark
    assert 'seeds a cell' in shown.remark
    assert len(shown.cells) == len(whole_cells())


def test_a_cell_that_always_fails_is_the_worst(tmp_path):
    def fail(runs, whole):
        for run in runs:
            if run['run']['cell'] == 'gru':
                run['failed'] = 'update 3: the loss is not finite'

    groups = changed(tmp_path, fail)
    assert {group.failed for group in groups} == {('gru',)}
    claim = {one.claim.name: one for one in claims.judge(groups)}['Fewer parameters']
    (found,) = (one for one in claim.evidence if 'equal size' in one.what)
    pairs = [pair for pair in found.pairs if pair.other == 'gru' and 'failed' in pair.found]
    assert len(pairs) == len(set(whole_cells()) & set(LIQUID.cells)) * len(groups)
    assert {pair.outcome for pair in pairs} == {'for'}


def test_a_study_with_missing_runs_is_preliminary(tmp_path):
    groups = changed(tmp_path, lambda runs, whole: whole.update(complete=False))
    judged = claims.judge([replace(group, short=False) for group in groups])
    assert judged[0].preliminary
    assert 'only in part: walker2d-kinematics' in judged[0].limits


@pytest.mark.parametrize(
    ('change', 'says'),
    [
        (lambda runs, whole: runs[0].pop('test_mse'), r'comparison-.*: test_mse is missing'),
        (lambda runs, whole: runs[0].update(test_mse='1'), "expected a number, found '1'"),
        (lambda runs, whole: whole['runs'].append(runs[0]), 'is there twice'),
        (lambda runs, whole: whole.update(format=2), 'format: expected 1, found 2'),
        (lambda runs, whole: runs[0].pop('run'), r'runs, number \d+: expected an object with run'),
        (lambda runs, whole: runs[0]['run'].pop('cell'), 'run comparison-.*: cell: expected str'),
        (
            lambda runs, whole: runs[0]['run'].update(model={'budget': '1'}),
            'budget: expected',
        ),
        (
            lambda runs, whole: [run.update(saved_mb=-5.0) for run in runs],
            'saved_mb: expected',
        ),
        (lambda runs, whole: [run.update(saved_mb=float('nan')) for run in runs], 'found nan'),
        (lambda runs, whole: [run.update(saved_mb=10**400) for run in runs], 'saved_mb|too large'),
        (
            lambda runs, whole: [run.update(test_mse=-1.0) for run in runs],
            '0 to inf, found -1',
        ),
        (lambda runs, whole: whole.update(summary=[]), 'summary: expected an object, found list'),
    ],
)
def test_altered_runs_are_refused(change, says, tmp_path):
    with pytest.raises(ValueError, match=says):
        changed(tmp_path, change)


@pytest.mark.parametrize(
    ('name', 'content', 'says'),
    [
        ('results.json', b'[1]', 'found list, not an object'),
        ('results.json', b'\xff\xfe' * 40, 'it is no text in UTF-8$'),
        ('robustness.csv', (HEAD + 'gru,noi').encode(), 'line 2: expected 10 columns'),
    ],
)
def test_files_of_another_kind_are_refused(name, content, says, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=says):
        claims.read([tmp_path], tmp_path)


def test_results_given_twice_count_once(tmp_path):
    once = claims.read([DOCS / 'results'], DOCS)
    assert claims.read([DOCS / 'results', DOCS / 'results/cost.json'], DOCS) == once
    other = tmp_path / 'results.json'  # of other bytes
    other.write_text(json.dumps(json.loads((DOCS / 'results/memory/results.json').read_text())))
    assert claims.read([DOCS / 'results', other], DOCS) == once


@pytest.mark.parametrize(
    ('file', 'change', 'says'),
    [
        ('icu/results.json', lambda whole: mean(whole).update(mean='a'), "found 'a'"),
        ('icu/results.json', lambda whole: mean(whole).update(mean=7.0), 'from 0 to 1, found 7.0'),
        (
            'icu/results.json',
            lambda whole: mean(whole).update(low=0.9),
            'interval, found 0.9',
        ),
        (
            'icu/results.json',
            lambda whole: whole['summary']['comparison'].append(whole['summary']['comparison'][0]),
            'is there twice',
        ),
        (
            'cost.json',
            lambda whole: whole['policies'][0]['figures'].update(energy_nj='x'),
            "energy_nj: expected a finite number from 0 on, found 'x'",
        ),
        ('cost.json', lambda whole: whole['policies'].append(whole['policies'][0]), 'there twice'),
        (
            'parameters/results.json',
            lambda whole: whole['counts'][0].update(parameters='x'),
            "parameters: expected a finite number from 0 on, found 'x'",
        ),
        (
            'parameters/results.json',
            lambda whole: whole['counts'].append(whole['counts'][0]),
            'cell .*, order .*, units .* is there twice',
        ),
        (
            'memory/results.json',
            lambda whole: next(iter(whole['data'].values())).update(greater='no'),
            "greater: expected true or false, found 'no'",
        ),
    ],
)
def test_impossible_figures_are_refused(file, change, says, tmp_path):
    whole = json.loads((DOCS / 'results' / file).read_text())
    change(whole)
    path = tmp_path / Path(file).name
    path.write_text(json.dumps(whole))
    with pytest.raises(ValueError, match=says):
        claims.read([path], tmp_path)


def mean(whole):
    return whole['summary']['comparison'][0]['means']['auroc']


def test_figures_that_were_not_measured_are_left_out(tmp_path):
    whole = json.loads((DOCS / 'results/cost.json').read_text())
    whole['policies'][0]['figures'].update(measured_nj=None)
    (tmp_path / 'cost.json').write_text(json.dumps(whole))
    (group,) = claims.read([tmp_path], tmp_path)
    assert 'measured_nj' not in group.cells[whole['policies'][0]['policy']].figures


def test_part_of_a_study_is_preliminary(tmp_path):
    def two_cells(runs, whole):
        kept = [run for run in whole['runs'] if run['run']['cell'] in ('cfc', 'lstm')]
        whole['runs'][:] = [run for run in kept if run['run']['seed'] == 0]

    groups = changed(tmp_path, two_cells)
    assert {group.partial for group in groups} == {True}
    assert '2 of 15 cells, 1 of 3 seeds' in groups[0].remark


def test_scores_without_intervals_do_not_count(tmp_path):
    def one_seed(runs, whole):
        whole['runs'][:] = [run for run in whole['runs'] if run['run']['seed'] == 0]

    claim = claims.judge(changed(tmp_path, one_seed))[0]
    assert claim.verdict == 'none counts'
    assert {item.excluded for item in claim.evidence} == {'no intervals'}


def test_a_row_that_is_there_twice_is_refused(tmp_path):
    row = 'gru,noise,0.1,x,measured,50,1,2,0,10\n'
    (tmp_path / 'robustness.csv').write_text(HEAD + row + row)
    with pytest.raises(ValueError, match=r'line 3: gru noise 0.1 is there twice'):
        claims.read([tmp_path], tmp_path)


def test_a_table_of_another_name_is_refused(tmp_path):
    path = tmp_path / 'mine.csv'
    path.write_text(HEAD)
    with pytest.raises(ValueError, match=r'a file named robustness.csv or generalization.csv'):
        claims.read([path], tmp_path)
