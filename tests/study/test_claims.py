"""Verdicts on the review's claims: the rule on made results, files, and the docs' page."""

import json
from pathlib import Path

import pytest

from liquid_control.cli import main as cli
from liquid_control.evaluation.robustness import Estimate
from liquid_control.report.study.groups import Group, Score, Source
from liquid_control.study import claims
from liquid_control.study.claims import compare
from liquid_control.study.claims.robustness import conditions, kept

DOCS = Path(__file__).parents[2] / 'docs'
HEAD = 'policy,family,level,fault,elapsed,percent,percent_low,percent_high,falls,episodes\n'


def group(liquid, gated, study='walker2d-kinematics', **more):
    """Two cells with intervals, less is better."""
    scores = {'cfc': Score(Estimate(*liquid)), 'gru': Score(Estimate(*gated))}
    source = Source(f'{study}.json', 'ab' * 32, 'liquid-control study')
    return Group(study, 'made', 'test mse', False, scores, source, **more)


def judged(groups, name='Competitive accuracy'):
    return next(one for one in claims.judge(groups) if one.claim.name == name)


BETTER, WORSE = (0.5, 0.4, 0.6), (0.9, 0.8, 1.0)


@pytest.mark.parametrize(
    ('outcomes', 'expected'),
    [
        ([], 'no data'),
        (['for'], 'supported'),
        (['for', 'undecided'], 'supported'),
        (['against', 'undecided'], 'not supported'),
        (['for', 'against'], 'mixed'),
        (['undecided'], 'mixed'),
    ],
)
def test_verdict_follows_the_rule(outcomes, expected):
    assert claims.verdict(outcomes) == expected


def test_accuracy_is_supported_or_not():
    assert judged([group(BETTER, WORSE)]).verdict == 'supported'
    assert judged([group(WORSE, BETTER)]).verdict == 'not supported'
    both = [group(BETTER, WORSE), group(WORSE, BETTER, 'synthetic')]
    assert judged(both).verdict == 'mixed'


def test_overlap_is_competitive_and_decides_no_pair():
    near = group((0.9, 0.7, 1.0), (0.8, 0.7, 0.9))
    assert judged([near]).verdict == 'supported'
    assert judged([near], 'Fewer parameters').verdict == 'mixed'


def test_single_seeds_decide_nothing():
    nan = float('nan')
    one = group((0.5, nan, nan), (0.9, nan, nan))
    assert [item.outcome for item in judged([one]).evidence] == ['undecided']


def test_quick_runs_are_shown_but_give_no_verdict():
    one = judged([group(BETTER, WORSE, quick=True)])
    assert (one.verdict, len(one.evidence)) == ('no data', 1)
    assert 'quick: walker2d-kinematics' in one.limits
    assert 'a quick run, does not count' in claims.markdown(
        claims.judge([group(BETTER, WORSE, quick=True)])
    )


def test_without_results_there_is_no_verdict():
    whole = claims.judge([])
    assert {one.verdict for one in whole} == {'no data'}
    assert all(one.missing == one.claim.sources for one in whole)


def test_short_runs_are_said():
    one = judged([group(BETTER, WORSE, short=True)])
    assert 'short runs: walker2d-kinematics' in one.limits


@pytest.mark.parametrize(('cost', 'outcome'), [(89, 'for'), (91, 'undecided'), (112, 'against')])
def test_costs_differ_by_a_tenth(cost, outcome):
    cells = {
        'cfc': Score(Estimate(1.0), {'energy_nj': cost}),
        'lstm': Score(Estimate(1.0), {'energy_nj': 100.0}),
    }
    whole = [Group('cost', 'made', '', False, cells, Source('cost.json', 'ab', ''))]
    assert judged(whole, 'Energy').evidence[0].outcome == outcome


def test_a_smaller_model_must_match():
    def made(liquid, size):
        cells = {
            'cfc': Score(Estimate(*liquid), {'parameters': size}),
            'gru': Score(Estimate(*BETTER), {'parameters': 100.0}),
        }
        source = Source('memory.json', 'ab', '')
        return compare.smaller(
            [Group('memory', 'x', 'test mse', False, cells, source)], 'parameters', 'x'
        )

    assert made((0.55, 0.5, 0.6), 50.0).outcome == 'for'
    assert made((0.55, 0.5, 0.6), 150.0).outcome == 'against'
    assert made(WORSE, 50.0).outcome == 'against'


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
    (one,) = conditions(text)
    assert (one.family, one.condition, one.episodes) == ('noise', 'noise 0.1', 10)
    assert one.percent['gru'].value == 50


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
    with pytest.raises(ValueError, match=r'results.json: expected results of a study.*summary'):
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


def test_without_studies_all_is_no_data(tmp_path, capsys):
    pytest.importorskip('plotly')
    assert cli.main(['study', 'claims', '--out', str(tmp_path / 'runs' / 'claims')]) == 0
    assert capsys.readouterr().out.count('no data') == len(claims.CLAIMS)
