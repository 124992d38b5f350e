"""What the page of a comparison shows: heat map, plots, tables, provenance."""

import html
import json
import math
import re
from dataclasses import replace
from itertools import combinations

import pytest
from made_results import FAMILIES, SEED, made_results

pytest.importorskip('plotly')
pytest.importorskip('scipy')

from liquid_control.evaluation.robustness import analyse
from liquid_control.report.robustness import write_robustness_report
from liquid_control.report.robustness.costs import costs, label_places
from liquid_control.report.robustness.curves import degradation, elapsed, prediction
from liquid_control.report.robustness.heat_map import heat_map, improvements
from liquid_control.report.robustness.look import looks, short_name
from liquid_control.report.robustness.standings import overall, ranks
from liquid_control.report.robustness.tables import provenance, tables

RESULTS = made_results()
LOOKS = looks([policy.name for policy in RESULTS.policies])


@pytest.fixture(scope='module')
def analysis():
    return analyse(RESULTS)


@pytest.fixture(scope='module')
def text(analysis, tmp_path_factory):
    folder = tmp_path_factory.mktemp('page')
    return write_robustness_report(folder, RESULTS, analysis, video=False).read_text()


def test_the_heat_map_has_every_policy_and_fault(analysis):
    table = heat_map(RESULTS, analysis, {('gru', 'delay', 2): 5})
    assert table.columns == tuple(one.policy for one in analysis.standings)
    assert table.columns[-1] == 'cfc', 'without a rank, so last'
    assert len(table.rows) == 2 + sum(len(family.levels) for family in FAMILIES)
    rows = {row.label: dict(zip(table.columns, row.boxes, strict=True)) for row in table.rows}
    for (policy, level), row in {
        (policy, level): rows[f'readings that arrive late, {level} samples']
        for policy in table.columns
        for level in (1, 2, 3)
    }.items():
        cell = analysis.cell(policy, 'delay', level)
        assert row[policy].text == f'{cell.percent.value:.0f}'
        assert row[policy].note == (f'{cell.falls} of 12 fell' if cell.falls else '')
        assert row[policy].walks == (5 if (policy, level) == ('gru', 2) else None)
    assert rows['noise on every reading, 0.3 std']['cfc'].note == 'not measured'
    assert rows['uneven periods and noise']['<b>mine</b>'].note == '12 of 12 stopped'
    assert rows['mean over all faults']['cfc'].note == 'no rank'


def test_only_policies_that_stand_out_are_marked(analysis):
    table = heat_map(RESULTS, analysis, {})
    for row in table.rows:
        marks = [box.best for box in row.boxes if box.text != '–']
        assert not all(marks)
    late = next(row for row in table.rows if row.label.startswith('readings that arrive late, 3'))
    marked = {name for name, box in zip(table.columns, late.boxes, strict=True) if box.best}
    assert marked == {'cfc'}


def test_who_beats_whom_is_grey_where_it_is_open(analysis):
    table = improvements(analysis)
    for row, policy in zip(table.rows, table.columns, strict=True):
        for box, over in zip(row.boxes, table.columns, strict=True):
            if policy == over:
                assert box.text == ''
                continue
            (found,) = [
                one for one in analysis.improvements if (one.policy, one.over) == (policy, over)
            ]
            told = found.probability.low > 0.5 or found.probability.high < 0.5
            assert (box.ground == '#e9e9e4') == (not told)


def test_a_curve_has_a_gap_where_nothing_was_measured(analysis):
    plot = degradation(RESULTS, analysis, LOOKS)[0]
    (line,) = [t for t in plot.figure['data'] if t.get('name') == 'cfc']
    assert line['y'][-1] is None
    assert None not in line['y'][:-1]
    (band,) = [t for t in plot.figure['data'] if t['legendgroup'] == 'cfc' and t.get('meta')]
    assert max(band['x']) == 2, 'the band ends before the gap'
    assert list(plot.figure['layout']['xaxis']['ticktext']) == ['none', '0.03', '0.1', '0.3']


def test_every_axis_says_what_it_shows(analysis):
    plots = [
        *degradation(RESULTS, analysis, LOOKS), *prediction(RESULTS, analysis, LOOKS),
        *elapsed(RESULTS, analysis, LOOKS), *costs(RESULTS, analysis, LOOKS),
    ]  # fmt: skip
    for plot in plots:
        layout = plot.figure['layout']
        assert layout['yaxis']['title']['text']
        assert layout['xaxis']['title']['text'] or plot.title.endswith('uneven periods and noise')


def test_a_policy_looks_the_same_in_every_plot(analysis):
    plots = [*degradation(RESULTS, analysis, LOOKS), *costs(RESULTS, analysis, LOOKS)]
    plots.append(ranks(analysis, LOOKS))
    for plot in plots:
        for trace in plot.figure['data']:
            if trace.get('meta') != 'band':
                assert trace['marker']['color'] == LOOKS[trace['legendgroup']].color
    many = looks([str(number) for number in range(24)])
    assert len(set(many.values())) == 24


def test_names_at_points_never_cover_each_other():
    names = [f'policy_{number}' for number in range(15)]
    x = [100.0 + 7.0 * (number % 5) for number in range(15)]
    y = [60.0 + 3.0 * (number % 4) for number in range(15)]
    assert None in label_places(names, x, y), 'too many to be named'
    assert label_places(names[:3], [1, 2, 3], [10, 50, 90]) == ['top center'] * 3
    pair = label_places(names[:2], [2.0, 2.0], [50.0, 52.0])
    assert all(one != other for one, other in combinations(filter(None, pair), 2))


def test_long_names_leave_room_for_the_plots(tmp_path):
    long = 'VERYLONGNAME' * 6
    results = made_results((long, 'gru'), FAMILIES[:1], oddities=False)
    analysis, style = analyse(results), looks([long, 'gru'])
    for plot in (overall(results, analysis, style), ranks(analysis, style)):
        labels = plot.figure['layout']['yaxis']['ticktext']
        assert max(map(len, labels)) == 18
        assert any(long in trace['hovertext'][0] for trace in plot.figure['data'])
    page = write_robustness_report(tmp_path, results, analysis, video=False).read_text()
    assert f'title="{long}"' in page
    assert '<h1>Robustness: VERYLONGNAM…NGNAME and gru</h1>' in page
    assert short_name(long) == 'VERYLONGNAM…NGNAME'


def test_costs_far_apart_have_a_logarithmic_axis(analysis):
    def with_parameters(*values):
        policies = zip(RESULTS.policies, values, strict=False)
        return tuple(replace(one, figures={'parameters': value}) for one, value in policies)

    wide = replace(RESULTS, policies=with_parameters(1e2, 1e3, 1e4, 1e5, 1e6))
    plot, *_ = costs(wide, analysis, LOOKS)
    axis = plot.figure['layout']['xaxis']
    assert axis['type'] == 'log'
    low, high = axis['range']
    places = [trace['x'][0] for trace in plot.figure['data']]
    assert all(low < math.log10(x) < high for x in places)
    near = replace(RESULTS, policies=with_parameters(1.0, 1.1, 1.2, 1.3, 1.4))
    plot, *_ = costs(near, analysis, LOOKS)
    assert plot.figure['layout']['xaxis']['range'][0] == 0


def test_names_are_escaped(text):
    outside = re.sub(r'<script.*?</script>', '', text, flags=re.DOTALL)
    assert '<b>mine' not in outside
    assert html.escape('<b>mine</b>') in outside
    figures = re.search(r'id="figures">(.*?)</script>', text, re.DOTALL).group(1)
    assert '<' not in figures
    names = {t.get('name') for plot in json.loads(figures).values() for t in plot['data']}
    assert '&lt;b&gt;mine&lt;/b&gt;' in names, 'plotly.js reads tags itself'


def test_the_answer_comes_before_all_else(text):
    assert text.index('class="problem bad"') < text.index('class="answer"')
    assert text.index('class="answer"') < text.index('<table class="map"') < text.index('plot-0')


def test_tables_hold_every_figure(analysis):
    found = {table.title: table for table in tables(RESULTS, analysis)}
    assert len(found['Every policy under every fault'].rows) == len(analysis.cells)
    assert len(found['Policies'].rows) == len(RESULTS.policies)
    assert len(found['What the measured elapsed time gives'].rows) == len(analysis.gains)
    assert all(len(row) == len(table.heads) for table in found.values() for row in table.rows)
    without = made_results(('cfc', 'gru'), FAMILIES[:1], oddities=False, figures=False)
    titles = [table.title for table in tables(without, analyse(without))]
    assert 'What a policy costs' not in titles
    assert 'What the measured elapsed time gives' not in titles


def test_provenance_names_seeds_and_hashes():
    rows = dict(provenance(RESULTS))
    assert rows['seeds of episodes'] == f'{SEED} to {SEED + 11}'
    assert RESULTS.policies[1].bundles[0]['sha256'] in rows['lstm']
    assert rows['command'] == 'liquid-control benchmark robustness'


def test_unknown_figures_of_a_policy_are_left_out(analysis):
    assert len(costs(RESULTS, analysis, LOOKS)) == 4
    bare = made_results(figures=False)
    assert costs(bare, analysis, LOOKS) == []
