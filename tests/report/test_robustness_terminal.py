"""Tables of a comparison, as a terminal of 80 columns shows them."""

import pytest
from made_results import FAMILIES, made_results
from rich.console import Console

pytest.importorskip('scipy')

from liquid_control.evaluation.robustness import analyse
from liquid_control.report.robustness.look import number_text
from liquid_control.report.robustness.terminal import fault_table, standing_table

MANY = ('cfc', 'lstm', 'gru', 'ltc', 'mlp', 'stc')


def printed(table, results):
    console = Console(width=80)
    with console.capture() as text:
        console.print(table(results, analyse(results)))
    lines = text.get().splitlines()
    assert max(map(len, lines)) <= 80
    return [line.strip() for line in lines]


def made(policies=('cfc', 'lstm', 'gru')):
    return made_results(policies, oddities=False)


def test_the_levels_stand_below_the_standings():
    text = ' '.join(' '.join(printed(standing_table, made())).split())
    for levels in ('0.03, 0.1, 0.3 std', '1, 2, 3 samples', '0.5, 1.5, 2', '× 0.5, 2'):
        assert levels in text
    assert 'uneven periods and noise –' in text, 'a fault without levels'


def test_highest_and_lowest_are_means_over_levels():
    results = made()
    analysis = analyse(results)
    delay = FAMILIES[2]
    values = {
        name: sum(analysis.cell(name, 'delay', x).percent.value for x in delay.levels) / 3
        for name in ('cfc', 'lstm', 'gru')
    }
    order = sorted(values, key=values.__getitem__)
    ends = [f'{name} {number_text(values[name])} %' for name in (order[-1], order[0])]
    (row,) = [line for line in printed(standing_table, results) if delay.title in line]
    assert row.endswith(f'{ends[0]}   {ends[1]}')


@pytest.mark.parametrize('table', [standing_table, fault_table])
def test_each_policy_has_its_difference_to_the_first(table):
    results = made(MANY)
    analysis = analyse(results)
    first, second, *_ = analysis.standings
    text = ' '.join(printed(table, results))
    assert first.against == second.policy
    for one in analysis.standings[1:]:
        assert one.behind.value == pytest.approx(one.overall.value - first.overall.value)
        assert one.behind.low < one.behind.value < one.behind.high
        low, value, high = (
            number_text(x, 1) for x in (one.behind.low, one.behind.value, one.behind.high)
        )
        assert f'{value} [{low}, {high}]' in text


def test_many_policies_are_rows():
    lines = printed(fault_table, made(MANY))
    for name in MANY:
        assert any(line.startswith(f'{name} ') for line in lines)
    few = printed(fault_table, made())
    assert any(line.startswith('gaussian:0.03 ') for line in few)
    assert not any(line.startswith('cfc ') and '[' in line for line in few)


def test_stars_are_explained_below_the_table():
    text = printed(fault_table, made(MANY))
    assert any('*' in line for line in text[:-4])
    assert 'no other policy is certainly better' in ' '.join(text[-4:])


def test_nothing_is_explained_where_no_star_is():
    results = made_results(('cfc', 'lstm'), episodes=1, oddities=False)
    assert not any('*' in line for line in printed(fault_table, results))
