"""Claims from broken or altered files: what is refused, what is named, what counts once."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from liquid_control.study import claims

DOCS = Path(__file__).parents[2] / 'docs'
HEAD = 'policy,family,level,fault,elapsed,percent,percent_low,percent_high,falls,episodes\n'


def changed(tmp_path, change):
    """The runs of the docs' comparison, changed."""
    shown = DOCS / 'results/walker2d_kinematics/comparison/results.json'
    whole = json.loads(shown.read_text())
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
    assert len(shown.cells) == 15


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
    assert len(pairs) == 20  # ten liquid cells, two sizes
    assert {pair.outcome for pair in pairs} == {'for'}


def test_a_study_with_missing_runs_is_preliminary(tmp_path):
    groups = changed(tmp_path, lambda runs, whole: whole.update(complete=False))
    judged = claims.judge([replace(group, short=False) for group in groups])
    assert judged[0].preliminary
    assert 'not complete: walker2d-kinematics' in judged[0].limits


@pytest.mark.parametrize(
    ('change', 'says'),
    [
        (lambda runs, whole: runs[0].pop('test_mse'), r'comparison-.*: test_mse is missing'),
        (lambda runs, whole: runs[0].update(test_mse='1'), "expected a number, found '1'"),
        (lambda runs, whole: whole['runs'].append(runs[0]), 'is there twice'),
        (lambda runs, whole: whole.update(format=2), 'format: expected 1, found 2'),
        (lambda runs, whole: runs[0].pop('run'), "'run' is missing"),
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
