"""The answer of a comparison in words: honest about what cannot be told."""

from dataclasses import replace

import numpy as np
import pytest
from made_results import FAMILIES, REFERENCE, made_results
from rich.console import Console

pytest.importorskip('scipy')

from liquid_control.evaluation.families import Family
from liquid_control.evaluation.robustness import NOMINAL, Estimate, analyse
from liquid_control.report.robustness.heat_map import heat_map
from liquid_control.report.robustness.look import (
    condition_text,
    estimate_text,
    points_text,
    shade,
)
from liquid_control.report.robustness.tables import tables
from liquid_control.report.robustness.terminal import fault_table
from liquid_control.report.robustness.words import answers, fault_by_fault, problems

NOISE = FAMILIES[:1]


def two(first, second, spread=2.0, episodes=20):
    """Two policies that reach first and second % of the reference under noise."""
    results = made_results(('a', 'b'), NOISE, episodes=episodes, oddities=False)
    rng = np.random.default_rng(0)
    noise = {name: spread * rng.standard_normal(episodes) for name in ('a', 'b')}
    rows = []
    for row in results.measurements:
        middle = {'a': first, 'b': second}[row.policy] if row.family else 100.0
        percent = middle + noise[row.policy]
        rows.append(replace(row, returns=tuple(REFERENCE * percent / 100.0)))
    return replace(results, measurements=tuple(rows))


def said(results, part=answers):
    return ' '.join(sentence.text for sentence in part(results, analyse(results)))


def test_a_clear_winner_is_named():
    results = two(90.0, 60.0)
    text = said(results)
    assert text.startswith('a is the most robust: certainly better than b, by ')
    assert 'walk by walk from the same starts. Averaged over all faults, a reaches 90 %' in text
    assert 'All ranks are certain: a (1) and b (2).' in text
    ((where, kept),) = fault_by_fault(results, analyse(results))
    assert where.startswith('noise on every reading')
    assert kept.startswith('a keeps 90 % [')
    assert 'of its return. a returns most: certainly better than b, by ' in kept


def test_a_winner_is_named_with_the_paired_difference():
    results = two(80.0, 80.0, spread=10.0)
    shared = {row.level: row.returns for row in results.measurements if row.policy == 'a'}
    rows = [
        replace(row, returns=tuple(x - 0.02 * REFERENCE for x in shared[row.level]))
        if row.policy == 'b' and row.family
        else row
        for row in results.measurements
    ]
    results = replace(results, measurements=tuple(rows))
    analysis = analyse(results)
    first, second = analysis.standings
    assert first.overall.low < second.overall.high, 'their own intervals overlap'
    text = said(results)
    verdict = 'certainly better than b, by 2.0 points [2.0, 2.0]'
    assert text.startswith(f'a is the most robust: {verdict}, walk by walk from the same starts.')
    assert 'the intervals of two policies may overlap although one is certainly better' in text
    table = heat_map(results, analysis, {})
    assert verdict in table.rows[0].boxes[0].about
    assert 'certainly worse than a, by 2.0 points [2.0, 2.0]' in table.rows[0].boxes[1].about
    assert verdict in tables(results, analysis)[0].rows[0][-1]
    console = Console(width=80)
    with console.capture() as printed:
        console.print(fault_table(results, analysis))
    (row,) = [line for line in printed.get().splitlines() if line.startswith(' points')]
    assert row.split() == ['points', '2.0', '[2.0,', '2.0]', '-2.0', '[-2.0,', '-2.0]']


def test_small_differences_never_read_as_0():
    assert points_text(Estimate(0.04, 0.002, 0.08)) == '0.040 points [0.002, 0.080]'
    assert points_text(Estimate(12.0, 3.0, 21.0)) == '12.0 points [3.0, 21.0]'
    assert points_text(Estimate(12.0)) == '12.0 points'


def test_no_winner_where_intervals_overlap():
    results = two(80.0, 79.9, spread=10.0)
    text = said(results)
    assert text.startswith('No winner can be named: ')
    assert 'most robust' not in text
    assert 'No rank is certain' in text
    ((_, kept),) = fault_by_fault(results, analyse(results))
    assert kept.endswith('No winner: the returns of all policies cannot be told apart.')
    assert 'returns most' not in kept


def test_few_episodes_name_no_winner():
    text = said(two(90.0, 10.0, episodes=1))
    assert 'No winner can be named' in text
    assert '[' not in text, 'no interval is made up'


def test_a_policy_that_was_stopped_is_named():
    results = made_results()
    text = said(results, problems)
    assert (
        '<b>mine</b> was stopped in 12 of 12 episodes under uneven periods and noise, since its '
        'output was not finite. These episodes count as failed.'
    ) in text
    assert all(sentence.bad for sentence in problems(results, analyse(results)))


def test_what_was_not_measured_is_named_with_its_reason():
    results = made_results()
    text = said(results, problems)
    assert (
        'cfc was not measured under noise on every reading, 0.3 std: the worker was killed twice.'
    ) in text
    assert 'cfc has no rank' in text
    assert 'cfc (' not in said(results).partition('Knowing')[0], 'no rank of cfc'


def test_flawless_results_have_no_problems():
    assert problems(two(90, 60), analyse(two(90, 60))) == []


def test_who_gains_by_the_elapsed_time_is_said():
    results = made_results(oddities=False)
    text = said(results)
    assert 'Knowing the elapsed time (another control period) pays for cfc (+' in text
    rows = [
        replace(row, returns=tuple(0.5 * x for x in row.returns))
        if row.policy == 'cfc' and row.elapsed != NOMINAL and row.family == 'period'
        else row
        for row in results.measurements
    ]
    text = said(replace(results, measurements=tuple(rows)))
    assert 'cfc' in text.partition('it costs')[2], 'also where it costs'
    rows = [replace(row, returns=(REFERENCE,) * len(row.returns)) for row in results.measurements]
    text = said(replace(results, measurements=tuple(rows)))
    assert 'makes no certain difference for cfc, lstm, gru and <b>mine</b>.' in text


def test_one_training_is_said_so():
    assert 'each policy was trained once' in said(made_results(oddities=False))
    several = said(made_results(('cfc', 'gru'), NOISE, trainings=3, oddities=False))
    assert 'trained once' not in several


def test_many_policies_make_short_sentences():
    names = tuple(f'policy_{number}' for number in range(15))
    results = made_results(names, FAMILIES, episodes=4, oddities=False)
    analysis = analyse(results)
    texts = [sentence.text for sentence in answers(results, analysis)]
    texts += [text for _, text in fault_by_fault(results, analysis)]
    assert max(map(len, texts)) < 400
    assert all('the 13 others lie between' in text for _, text in fault_by_fault(results, analysis))


@pytest.mark.parametrize(
    ('unit', 'text'),
    [
        ("a channel's std", 'x, 0.5 std'), ("± a channel's std", 'x, ± 0.5 std'),
        ("times the model's", 'x, × 0.5'), ('ms', 'x, 0.5 ms'), ('', 'x'),
        ('probability, each sample', 'x, probability 0.5'), ('σ, in periods', 'x, σ 0.5'),
    ],
)  # fmt: skip
def test_levels_are_read_with_their_unit(unit, text):
    assert condition_text(Family('x', 'x', unit, 'gaussian:{}', (0.5, 1.0)), 0.5) == text


def test_estimates_without_an_interval_show_none():
    assert estimate_text(Estimate(97.6, 95.0, 99.9)) == '98 % [95, 100]'
    assert estimate_text(Estimate(97.6)) == '98 %'
    assert estimate_text(Estimate(float('nan'))) == '–'


def test_colors_go_from_red_to_blue_and_can_be_read():
    for share in np.linspace(-0.2, 1.2, 30):
        ground, ink = (np.array([int(c[i : i + 2], 16) for i in (1, 3, 5)]) for c in shade(share))
        light, text = ([0.299, 0.587, 0.114] @ color for color in (ground, ink))
        assert abs(light - text) > 100
    assert shade(0.0)[0] == '#a50026'
    assert shade(1.0)[0] == '#313695'
    assert shade(float('nan'))[0] == '#e9e9e4'


def test_many_policies_are_told_in_short_sentences():
    names = ('cfc', 'lstm', 'gru', 'ltc', 'mlp', 'stc', 'rnn', 'lrc')
    results = made_results(names, oddities=False)
    first, *_, last = analyse(results).standings
    sentences = [one.text for one in answers(results, analyse(results))]
    highest, lowest = estimate_text(first.overall), estimate_text(last.overall)
    assert (
        f'Averaged over all faults, {first.policy} reaches the most, {highest} of what the expert '
        f'reaches without faults, and {last.policy} the least, {lowest}; the 6 others lie between '
        'them.'
    ) in sentences[0]
    (ranks,) = [text for text in sentences if text.endswith('the table shows those possible.')]
    assert ' to ' not in ranks
    for _, text in fault_by_fault(results, analyse(results)):
        assert ' keeps the most, ' in text
        assert '; the 6 others lie between them.' in text


def test_the_unbeaten_are_named_if_not_all():
    results = made_results(oddities=False)
    analysis = analyse(results)
    cells = tuple(replace(cell, best=cell.policy in ('lstm', 'gru')) for cell in analysis.cells)
    (_, text), *_ = fault_by_fault(results, replace(analysis, cells=cells))
    assert 'No winner: no policy certainly returns more than ' in text
    assert text.endswith(('lstm or gru.', 'gru or lstm.'))
