"""Verdicts on the review's claims: the rule on made results."""

from dataclasses import replace

import pytest
from claims_groups import BETTER, WORSE, group, judged, walks

from liquid_control.evaluation.robustness import Estimate
from liquid_control.report.study.groups import Group, Score, Source
from liquid_control.study import claims
from liquid_control.study.claims import compare

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


def test_stronger_noise_on_series_says_whether_noise_is_borne():
    noisy = replace(group(BETTER, WORSE, 'synthetic'), criterion='error under stronger noise, nmse')
    claim = judged([noisy], 'Robustness to noise')
    (one,) = claim.evidence
    assert (one.outcome, claim.verdict) == ('for', 'supported')
    assert one.what == 'synthetic: error under stronger noise, nmse'
    assert judged([noisy]).verdict == 'no data'


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


def area(difference):
    """Two AUROCs with wide intervals of their own, and perhaps their paired difference."""
    made = replace(group((0.84, 0.7, 0.9), (0.84, 0.7, 0.9)), greater=True, criterion='test auroc')
    known = {'gru': Estimate(*difference)} if difference else {}
    cells = {**made.cells, 'cfc': replace(made.cells['cfc'], differences=known)}
    return replace(made, cells=cells)


@pytest.mark.parametrize(
    ('difference', 'within', 'better'),
    [
        ((-0.002, -0.004, 0.001), 1, 0),
        ((-0.004, -0.006, -0.001), 0, -1),
        ((-0.009, -0.012, -0.006), -1, -1),
        ((0.01, -0.004, 0.02), 1, 0),
        ((0.01, -0.006, 0.02), 0, 0),
        ((0.01, 0.001, 0.02), 1, 1),
        (None, 0, 0),
    ],
)
def test_paired_differences_are_used(difference, within, better):
    made = area(difference)
    assert compare.competitive(made, 'cfc', 'gru') == within
    (pair,) = compare.kinds([made], 'made').pairs
    assert pair.outcome == ('against', 'undecided', 'for')[1 + better]


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


def test_single_seeds_decide_nothing():
    nan = float('nan')
    one = group((0.5, nan, nan), (0.9, nan, nan))
    assert {item.outcome for item in judged([one]).evidence} == {'undecided'}


def test_quick_runs_are_shown_but_give_no_verdict():
    whole = claims.judge([group(BETTER, WORSE, quick=True)])
    one = next(one for one in whole if one.claim.name == 'Competitive accuracy')
    assert (one.verdict, len(one.evidence)) == ('none counts', 2)
    assert 'quick: walker2d-kinematics' in one.limits
    assert 'does not count: a quick run' in claims.markdown(whole)


def test_numbers_of_parameters_alone_give_no_verdict():
    cells = {
        'cfc': Score(Estimate(float('nan')), {'parameters': 10.0}),
        'lstm': Score(Estimate(float('nan')), {'parameters': 100.0}),
    }
    whole = [Group('parameters', 'made', '', False, cells, Source('p.json', 'ab', ''))]
    one = judged(whole, 'Fewer parameters')
    assert (one.verdict, one.evidence[0].outcome) == ('none counts', 'for')


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


def test_a_verdict_without_the_mixed_cell_is_given():
    whole = group(BETTER, WORSE)
    mixed = replace(whole, cells={'cfc_mixed': whole.cells['cfc'], 'gru': whole.cells['gru']})
    assert (judged([mixed]).verdict, judged([mixed]).unmixed) == ('supported', 'no data')
    assert judged([whole]).unmixed == 'supported'
    both = replace(mixed, failed=('cfc',))
    assert (judged([both]).verdict, judged([both]).unmixed) == ('mixed', 'contradicted')


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
