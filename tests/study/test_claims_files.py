"""Claims from files: their trainings and versions, the docs' page, and the command."""

import json
import shlex
import shutil
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from claims_groups import BETTER, WORSE, group, judged, walks

from liquid_control import paths
from liquid_control.cli import main as cli
from liquid_control.cli.main import command_line
from liquid_control.control.bundle import Bundle
from liquid_control.evaluation.robustness import Estimate
from liquid_control.report.study.claims import write_claims
from liquid_control.report.study.groups import Source
from liquid_control.study import claims, memory
from liquid_control.study.claims.robustness import conditions, kept
from liquid_control.study.claims.trained import training, trainings
from liquid_control.study.claims.versions import versioned

DOCS = Path(__file__).parents[2] / 'docs'
HEAD = 'policy,family,level,fault,elapsed,percent,percent_low,percent_high,falls,episodes\n'


def test_claims_are_not_printed_as_quotations(tmp_path):
    pytest.importorskip('plotly')
    page = write_claims(tmp_path / 'report.html', claims.judge([]), claims.RULE).read_text()
    assert 'our words for what the review says' in page
    assert 'our words for what the review says' in claims.markdown(claims.judge([]))
    assert not any(f'“{claim.text}' in page for claim in claims.CLAIMS)


def test_kept_share_has_the_widest_interval():
    share = kept(Estimate(50.0, 40.0, 60.0), Estimate(100.0, 80.0, 120.0))
    assert share == Estimate(50.0, 100 * 40 / 120, 100 * 60 / 80)


def test_robustness_reads_levels_with_a_fault():
    text = (
        HEAD
        + 'gru,,,none,measured,100,90,110,0,10\n'
        + 'gru,noise,0.1,gaussian:0.1,measured,50,40,60,0,10\n'
        + 'gru,noise,0.1,gaussian:0.1,nominal,20,10,30,0,10\n'
    )
    (one,), bundles = conditions(text)
    assert not bundles
    assert (one.family, one.condition, one.episodes) == ('noise', 'noise 0.1', 10)
    assert one.percent['gru'].value == 50


def test_only_equal_trainings_are_compared():
    one = judged([walks(cfc='full', gru='short', lstm='full')], 'Robustness to noise').evidence[0]
    assert (one.found, one.outcome) == ('of 1 pair 0 better, 1 worse', 'against')
    assert 'of 2 pairs 1 left out: trained differently' in one.limits
    alike = judged([walks(cfc='full', gru='full', lstm='full')], 'Robustness to noise')
    assert alike.evidence[0].found.startswith('of 2 pairs')
    assert not alike.evidence[0].limits


@pytest.mark.parametrize('known', [{}, {'cfc': 'full'}, {'gru': 'full', 'lstm': 'full'}])
def test_unknown_trainings_are_not_compared(known):
    one = judged([walks(**known)], 'Robustness to noise')
    assert [item.counts for item in one.evidence] == [False]
    assert 'of 2 pairs 2 left out' in one.evidence[0].limits


def test_a_command_tells_the_training():
    start = 'liquid-control train policy --cell'
    full = training(f'{start} gru --out x', 'ab', 3)
    assert full == training(f'{start} cfc --rounds 450 --fine-tune=800 --seeds 1', 'ab', 3)
    assert full is not None
    for command, teacher, seeds in (
        (f'{start} gru --rounds 200', 'ab', 3),
        (f'{start} gru --fine-tune 300', 'ab', 3),
        (f'{start} gru --learning-rate 0.1', 'ab', 3),
        (f'{start} gru', 'cd', 3),
        (f'{start} gru', 'ab', 1),
    ):
        assert training(command, teacher, seeds) not in (full, None)
    assert training('liquid-control train expert', 'ab', 3) is None
    assert training(f'{start} gru', '', 3) is None
    assert training(f'{start} gru --rounds', 'ab', 3) is None


def test_shipped_policies_tell_their_training():
    names = ['lstm', 'gru', 'ltc', 'expert', 'unheard-of']
    found = trainings(names, {})
    assert set(found) == {'lstm', 'gru', 'ltc'}
    assert found['lstm'] == found['gru'] != found['ltc']
    own = Bundle.read(paths.policy('gru', 'walker2d')).sha256
    assert set(trainings(names, {'lstm': 'ab', 'gru': own})) == {'gru', 'ltc'}


def recorded(command, **changed):
    """The note on results of the study of memory, with some settings of the recipe changed."""
    footing = memory.FOOTING
    runs = [asdict(run) | {'recipe': asdict(run.recipe) | changed} for run in footing.runs({})]
    source = Source('results.json', 'ab', f'liquid-control study memory {command}')
    return versioned(source, 'memory', [{'run': run} for run in runs]).note


def test_results_of_another_version_are_told():
    assert recorded('') == recorded('--quick', updates=20) == ''
    assert recorded('--updates 20', updates=20) == recorded('--updates=20', updates=20) == ''
    for command in ('', '--seeds 3'):
        note = recorded(command, updates=20)
        assert note == (
            'older version; not reproducible by this command (gradient steps: 20, now 300)'
        )
    assert 'weights of the best round: off, now on' in recorded('', best_round=False)
    assert 'step size: 7, now' in recorded('', learning_rate=7)
    source = Source('results.json', 'ab', 'liquid-control study own')
    assert versioned(source, 'own', []) == source


def test_runs_table_names_an_older_version():
    one = group(BETTER, WORSE)
    old = replace(one, source=replace(one.source, note='older version'))
    assert '`liquid-control study`. Older version. |' in claims.markdown(claims.judge([old]))


def test_bad_files_are_named(tmp_path):
    path = tmp_path / 'robustness.csv'
    path.write_text(HEAD + 'gru,noise,0.1,x,measured,many,1,2,0,10\n')
    with pytest.raises(ValueError, match=r'robustness.csv: .*line 2: .*many'):
        claims.read([path], tmp_path)
    path.write_text('policy,family\n')
    with pytest.raises(ValueError, match='expected the columns level, percent'):
        claims.read([path], tmp_path)
    broken = tmp_path / 'results.json'
    broken.write_text('{"study": "icu"}')
    with pytest.raises(ValueError, match=r'results.json: expected results of a study.*runs'):
        claims.read([broken], tmp_path)
    with pytest.raises(ValueError, match='found nothing'):
        claims.read([tmp_path / 'none'], tmp_path)


def test_page_in_the_docs_is_that_of_its_results():
    whole = claims.judge(claims.read([DOCS / 'results'], DOCS))
    assert (DOCS / 'claims.md').read_text() == claims.markdown(whole), (
        'run: liquid-control study claims --results docs/results --markdown docs/claims.md'
    )


def test_study_writes_pages(tmp_path, capsys):
    pytest.importorskip('plotly')
    out = tmp_path / 'out'
    command = ['study', 'claims', '--results', str(DOCS / 'results'), '--out', str(out)]
    assert cli.main(command) == 0
    assert 'Competitive' in capsys.readouterr().out
    found = json.loads((out / 'claims.json').read_text())
    assert len(found['claims']) == len(claims.CLAIMS)
    page = (out / 'report.html').read_text()
    assert all(claim.name.split("'")[0] in page for claim in claims.CLAIMS)


def test_files_without_anything_for_a_claim_are_named(tmp_path, monkeypatch, capsys):
    pytest.importorskip('plotly')
    monkeypatch.chdir(tmp_path)
    for folder in ('costs', 'again'):
        (tmp_path / folder).mkdir()
        shutil.copy(DOCS / 'results' / 'cost.json', tmp_path / folder)
    (tmp_path / 'compared').mkdir()
    (tmp_path / 'compared' / 'results.json').write_text('{"format": 1, "policies": []}')
    assert cli.main(['study', 'claims', '--results', '.', '--out', 'claims']) == 0
    said = ' '.join(capsys.readouterr().out.split())
    for name in ('compared/results.json', 'costs/cost.json'):
        assert f'not used: ../{name}: a copy, or nothing that a claim asks for' in said
    assert '../again/cost.json: ' not in said


def test_claims_name_all_studies_that_tell():
    groups = claims.read([DOCS / 'results'], DOCS)
    for study in {one.study for one in groups}:
        some = [one for one in groups if one.study == study]
        for claim in claims.CLAIMS:
            assert not claim.evidence(some, 0.1) or study in claim.sources, claim.name


def test_a_folder_without_results_is_an_error(tmp_path, capsys):
    (tmp_path / 'empty').mkdir()
    out = tmp_path / 'runs' / 'claims'
    command = ['study', 'claims', '--out', str(out)]
    assert cli.main([*command, '--results', str(tmp_path / 'empty')]) == 1
    assert f'no results found in {tmp_path / "empty"}' in capsys.readouterr().err
    assert cli.main(command) == 1
    assert f'{out.parent}: expected a file of results' in capsys.readouterr().err
    assert not out.exists()


def test_what_was_not_run_names_its_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'runs').mkdir()
    commands = claims.not_run(claims.judge([]))
    assert set(commands) == {name for claim in claims.CLAIMS for name in claim.sources}
    for command in commands.values():
        given = shlex.split(command)[1:]
        assert command_line(given[0]).parse_args(given)
    assert f'cost: `{commands["cost"]}`' in claims.markdown(claims.judge([]))


def test_limits_name_files_if_there_are_several():
    full = group(BETTER, WORSE, short=True)
    own = group(BETTER, WORSE, quick=True, short=True)
    other = replace(own, source=replace(own.source, path='own.json'))
    assert [one for one in judged([own]).limits if 'walker' in one] == [
        'quick: walker2d-kinematics'
    ]
    both = judged([full, other])
    assert 'quick: walker2d-kinematics (own.json)' in both.limits
    assert 'short runs: walker2d-kinematics (walker2d-kinematics.json)' in both.limits


def test_runs_that_are_in_two_files_count_once(tmp_path):
    """A resumed study rewrites its provenance, and one that went on has more runs."""
    whole = json.loads((DOCS / 'results' / 'memory' / 'results.json').read_text())
    (data,) = whole['data'].values()
    some = {**whole, 'data': {'some': {**data, 'runs': data['runs'][:200]}}}
    later = {**whole, 'provenance': {**whole['provenance'], 'date': '2030-01-01'}}
    for name, content in (('a', some), ('b', whole), ('c', later)):
        (tmp_path / name).mkdir()
        (tmp_path / name / 'results.json').write_text(json.dumps(content))
    groups = claims.read([tmp_path], tmp_path)
    assert {group.source.path for group in groups} == {'b/results.json'}


def test_sizes_are_named_only_if_their_gradient_steps_differ(tmp_path):
    whole = json.loads((DOCS / 'results' / 'memory' / 'results.json').read_text())
    (data,) = whole['data'].values()
    compared = [run for run in data['runs'] if run['run']['part'] == 'comparison']
    whole['data'] = {'some': {**data, 'runs': compared}}
    path = tmp_path / 'results.json'

    def said():
        path.write_text(json.dumps(whole))
        groups = claims.read([path], tmp_path)
        return {group.remark for group in groups if group.criterion.startswith('test')}

    assert said() == {'300 gradient steps'}
    for run in compared:
        if run['run']['model']['units'] == 8:
            run['run']['recipe']['updates'] = 20
    sizes = {f'300 gradient steps at {units} units' for units in (16, 32, 64, 128, 256)}
    assert said() == {'20 of 300 gradient steps at 8 units', *sizes}
