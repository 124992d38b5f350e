"""Verdicts on the review's claims: the rule on made results, files, and the docs' page."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from liquid_control.cli import main as cli
from liquid_control.evaluation.robustness import Estimate
from liquid_control.report.study.claims import write_claims
from liquid_control.report.study.groups import Group, Score, Source
from liquid_control.study import claims, memory
from liquid_control.study.claims import compare
from liquid_control.study.claims.robustness import conditions, kept
from liquid_control.study.claims.trained import training, trainings
from liquid_control.study.claims.versions import versioned

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
NEAR = (0.51, 0.5, 0.52)


@pytest.mark.parametrize(
    ('outcomes', 'expected'),
    [
        ([], 'no data'),
        (['for'], 'supported'),
        (['for', 'for', 'undecided'], 'supported'),
        (['for', 'undecided'], 'mixed'),
        (['for', 'for', 'for', 'against'], 'mixed'),
        (['for', 'against', 'against', 'against'], 'mixed'),
        (['against', 'against', 'undecided'], 'contradicted'),
        (['against', 'undecided'], 'not shown'),
        (['undecided'], 'not shown'),
    ],
)
def test_verdict_follows_the_rule(outcomes, expected):
    assert claims.verdict(outcomes) == expected
    assert claims.verdict(outcomes[::-1]) == expected


def test_accuracy_is_supported_or_contradicted():
    assert judged([group(BETTER, WORSE)]).verdict == 'supported'
    assert judged([group(WORSE, BETTER)]).verdict == 'contradicted'
    both = [group(BETTER, WORSE), group(WORSE, BETTER, 'synthetic')]
    assert judged(both).verdict == 'mixed'


def test_accuracy_asks_for_the_best_and_for_all():
    scores = {
        name: Score(Estimate(*score))
        for name, score in {'cfc': NEAR, 'ltc': WORSE, 'stc': WORSE, 'gru': BETTER}.items()
    }
    source = Source('icu.json', 'ab' * 32, '')
    one = judged([Group('icu', 'made', 'test mse', False, scores, source)])
    assert [item.outcome for item in one.evidence] == ['for', 'against']
    assert 'of 3 pairs 1 within the margin, 2 beyond it' in one.evidence[1].found
    assert one.verdict == 'mixed'


def test_cells_without_gates_count_as_neither():
    scores = {name: Score(Estimate(*BETTER)) for name in ('rnn', 'ctrnn', 'mlp')}
    scores |= {'cfc': Score(Estimate(*WORSE))}
    source = Source('icu.json', 'ab' * 32, '')
    group = Group('icu', 'made', 'test mse', False, scores, source)
    assert all(one.verdict == 'no data' for one in claims.judge([group]))


def test_conditions_of_one_study_are_one_comparison():
    several = [group(BETTER, WORSE), group(BETTER, WORSE), group(WORSE, BETTER)]
    one = judged(several, 'Fewer parameters')
    assert [item.found for item in one.evidence] == ['of 3 pairs 2 better, 1 worse']
    assert one.verdict == 'supported'


def test_overlap_alone_shows_nothing():
    near = group((0.9, 0.7, 1.0), (0.8, 0.7, 0.9))
    assert judged([near]).verdict == 'not shown'
    assert judged([near], 'Fewer parameters').verdict == 'not shown'


@pytest.mark.parametrize(
    ('liquid', 'greater', 'expected'),
    [
        ((1.02, 1.01, 1.04), False, 1),
        ((1.02, 0.9, 1.06), False, 0),
        ((1.2, 1.04, 1.3), False, 0),
        ((1.2, 1.06, 1.3), False, -1),
        ((0.98, 0.96, 1.0), True, 1),
        ((0.98, 0.94, 1.0), True, 0),
        ((0.9, 0.8, 0.94), True, -1),
        ((1.2, 1.1, 1.3), True, 1),
    ],
)
def test_margin_takes_the_whole_interval(liquid, greater, expected):
    made = replace(group(liquid, (1.0, 0.5, 1.5)), greater=greater)
    assert compare.competitive(made, 'cfc', 'gru') == expected


def area(liquid, gated=(0.0, 0.0, 0.0)):
    """Two AUROCs with wide intervals of their own, and their paired distances from the best."""
    made = replace(group((0.84, 0.7, 0.9), (0.84, 0.7, 0.9)), greater=True, criterion='test auroc')
    cells = {
        name: replace(made.cells[name], from_best=found and Estimate(*found))
        for name, found in (('cfc', liquid), ('gru', gated))
    }
    return replace(made, cells=cells)


@pytest.mark.parametrize(
    ('liquid', 'gated', 'expected'),
    [
        ((-0.002, -0.004, 0.001), (0.0, 0.0, 0.0), 1),
        ((-0.004, -0.006, -0.001), (0.0, 0.0, 0.0), 0),
        ((-0.009, -0.012, -0.006), (0.0, 0.0, 0.0), -1),
        ((0.0, 0.0, 0.0), (-0.01, -0.02, 0.004), 1),
        ((0.0, 0.0, 0.0), (-0.01, -0.02, 0.006), 0),
        ((-0.1, -0.2, -0.1), (-0.1, -0.2, -0.1), 0),
        (None, (0.0, 0.0, 0.0), 0),
    ],
)
def test_paired_differences_are_used(liquid, gated, expected):
    assert compare.competitive(area(liquid, gated), 'cfc', 'gru') == expected


def test_a_paired_difference_is_shown():
    found = judged([area((-0.002, -0.004, 0.001))]).evidence[0].found
    assert 'difference -0.002 [-0.004, 0.001]' in found


def test_evidence_lists_its_pairs():
    several = [replace(group(BETTER, WORSE), condition=name) for name in ('first', 'second')]
    one = judged(several, 'Fewer parameters').evidence[0]
    assert one.found == 'of 2 pairs (first, second) 2 better, 0 worse'
    assert [(pair.condition, pair.one, pair.other, pair.outcome) for pair in one.pairs] == [
        ('first', 'cfc', 'gru', 'for'),
        ('second', 'cfc', 'gru', 'for'),
    ]
    left = judged([walks(cfc='full', gru='short', lstm='full')], 'Robustness to noise').evidence[0]
    assert {pair.other: pair.outcome for pair in left.pairs} == {
        'gru': 'left out',
        'lstm': 'against',
    }


def test_claims_are_not_printed_as_quotations(tmp_path):
    pytest.importorskip('plotly')
    page = write_claims(tmp_path / 'report.html', claims.judge([]), claims.RULE).read_text()
    assert 'our words for what the review says' in page
    assert 'our words for what the review says' in claims.markdown(claims.judge([]))
    assert not any(f'“{claim.text}' in page for claim in claims.CLAIMS)


def test_single_seeds_decide_nothing():
    nan = float('nan')
    one = group((0.5, nan, nan), (0.9, nan, nan))
    assert {item.outcome for item in judged([one]).evidence} == {'undecided'}


def test_quick_runs_are_shown_but_give_no_verdict():
    whole = claims.judge([group(BETTER, WORSE, quick=True)])
    one = next(one for one in whole if one.claim.name == 'Competitive accuracy')
    assert (one.verdict, len(one.evidence)) == ('no data', 2)
    assert 'quick: walker2d-kinematics' in one.limits
    assert 'does not count: a quick run' in claims.markdown(whole)


def test_numbers_of_parameters_alone_give_no_verdict():
    cells = {
        'cfc': Score(Estimate(float('nan')), {'parameters': 10.0}),
        'lstm': Score(Estimate(float('nan')), {'parameters': 100.0}),
    }
    whole = [Group('parameters', 'made', '', False, cells, Source('p.json', 'ab', ''))]
    one = judged(whole, 'Fewer parameters')
    assert (one.verdict, one.evidence[0].outcome) == ('no data', 'for')


def test_without_results_there_is_no_verdict():
    whole = claims.judge([])
    assert {one.verdict for one in whole} == {'no data'}
    assert all(one.missing == one.claim.sources for one in whole)


def test_short_runs_make_a_verdict_preliminary():
    short = group(BETTER, WORSE, short=True)
    one = judged([short])
    assert 'short runs: walker2d-kinematics' in one.limits
    assert one.stated == 'supported, preliminary'
    assert judged([group(BETTER, WORSE)]).stated == 'supported'
    quick = group(BETTER, WORSE, quick=True, short=True)
    assert not judged([quick]).preliminary


def energy(cost):
    """The claim on energy, for a liquid cell with some cost and a gated one with 100."""
    cells = {
        'cfc': Score(Estimate(1.0), {'energy_nj': cost}),
        'lstm': Score(Estimate(1.0), {'energy_nj': 100.0}),
    }
    whole = [Group('cost', 'made', '', False, cells, Source('cost.json', 'ab', ''))]
    return judged(whole, 'Energy')


@pytest.mark.parametrize(('cost', 'outcome'), [(89, 'for'), (91, 'undecided'), (112, 'against')])
def test_costs_differ_by_a_tenth(cost, outcome):
    assert energy(cost).evidence[0].outcome == outcome


def test_other_margins_are_tried():
    assert energy(85.0).verdicts == {0.0: 'supported', 0.1: 'supported', 0.25: 'not shown'}
    assert energy(95.0).verdicts == {0.0: 'supported', 0.1: 'not shown', 0.25: 'not shown'}


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
    assert made((0.55, 0.5, 0.6), 95.0).outcome == 'against'
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


def walks(**trainings):
    """A group under noise with a liquid cell and two gated ones that return more."""
    scores = {name: Score(Estimate(*BETTER)) for name in ('cfc', 'gru')}
    scores['lstm'] = Score(Estimate(*WORSE))
    source = Source('robustness.csv', 'ab' * 32, '')
    return Group(
        'robustness', 'noise 0.1', 'return', True, scores, source,
        family='noise', trainings=trainings,
    )  # fmt: skip


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
    found = trainings(['lstm', 'gru', 'ltc', 'expert', 'unheard-of'])
    assert set(found) == {'lstm', 'gru', 'ltc'}
    assert found['lstm'] == found['gru'] != found['ltc']


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
