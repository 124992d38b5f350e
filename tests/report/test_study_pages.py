"""Pages of studies: what they say, and that a browser draws them."""

import math
from dataclasses import replace

import pytest
from browsing import needs_browser, opened

pytest.importorskip('plotly')

from liquid_control.evaluation.robustness import Estimate
from liquid_control.report.study.compared import summed, words, write_compared
from liquid_control.report.study.groups import Group, Score, Source
from liquid_control.report.study.heat import Heat
from liquid_control.report.study.memory import frontier, write_memory
from liquid_control.report.study.page import log_axis
from liquid_control.report.study.parameters import together
from liquid_control.report.study.synthetic import heat, write_synthetic

SOURCE = Source('results.json', 'ab' * 32, 'liquid-control study made')


def made(scores, condition='8 units', scale=1.0, **more):
    cells = {}
    for number, (name, (value, spread)) in enumerate(scores.items(), 1):
        figures = {
            'parameters': 100.0 * number * scale, 'state_bytes': 32.0 * scale,
            'saved_mb': 2.0 * scale / number, 'peak_resident_mb': 200 + 9.0 * number * scale,
        }  # fmt: skip
        low, high = value - spread, value + spread
        cells[name] = Score(Estimate(value, low, high), figures)
    return Group('made', condition, 'test mse', False, cells, SOURCE, **more)


FAR = {'cfc': (0.5, 0.1), 'gru': (0.9, 0.1), 'ltc': (1.5, 0.1)}
NEAR = {'cfc': (0.5, 0.1), 'gru': (0.6, 0.1), 'ltc': (1.5, 0.1)}


def test_winner_only_without_overlap():
    assert 'cfc is best, its interval overlaps no other' in words(made(FAR))
    assert 'no winner, cfc and gru cannot be told apart' in words(made(NEAR))


def test_paired_differences_decide_where_there_are_some():
    group = made(NEAR, over='patients')
    for low, says in ((0.02, 'cfc is best, compared on the same patients'), (-0.02, 'no winner')):
        gru = replace(group.cells['gru'], from_best=Estimate(0.1, low, 0.2))
        assert says in words(replace(group, cells={**group.cells, 'gru': gru}))


def test_single_seed_has_no_winner():
    text = words(made({'cfc': (0.5, math.nan), 'gru': (0.9, math.nan)}))
    assert 'a single seed, so no winner can be named' in text


def test_greater_scores_can_be_better():
    group = made(FAR)
    turned = Group('made', 'x', 'test auroc', True, group.cells, SOURCE)
    assert 'ltc is best' in words(turned)


def test_frontier_improves_with_the_bound():
    groups = [made(FAR, '8 units'), made({'cfc': (0.3, 0.1), 'gru': (0.25, 0.1)}, '16 units', 4)]
    steps = frontier(groups, 'parameters')
    assert [(step.best.cell, step.best.width, step.bound) for step in steps] == [
        ('cfc', '8 units', 100), ('cfc', '16 units', 400), ('gru', '16 units', 800),
    ]  # fmt: skip
    assert steps[0].near == ()
    assert steps[-1].near == ('cfc',)


def test_single_seeds_are_summed_up_without_winner():
    nan = float('nan')
    one = {'cfc': Score(Estimate(0.5, nan, nan)), 'gru': Score(Estimate(0.9, nan, nan))}
    groups = [replace(made(FAR, f'{number} units'), cells=one) for number in range(8)]
    assert summed(groups) == (
        'test mse, 8 comparisons: one seed, no winner. The best score is that of cfc in 8.'
    )


def test_comparisons_are_counted_by_condition_and_score(tmp_path):
    groups = [
        replace(made(FAR, condition), criterion=criterion)
        for condition in ('8 units', '16 units')
        for criterion in ('test mse', 'outside mse', 'outside mae')
    ]
    page = write_compared(tmp_path, 'Made', groups, {}, {}).read_text()
    assert '6 comparisons: 2 conditions, 3 scores each' in page
    page = write_compared(tmp_path, 'Made', groups[:1], {}, {}).read_text()
    assert '1 comparison ' in page
    assert 'Interquartile mean and 95 % interval over seeds' in page


def test_limits_come_first(tmp_path):
    group = made(FAR, remark='600 of 15,150 gradient steps')
    page = write_compared(tmp_path, 'Made', [group], {}, {'run-1': 'update 3: not finite'})
    text = page.read_text()
    bad = text.index('run-1 failed: update 3: not finite'), text.index('8 units: 600 of 15,150')
    assert max(bad) < text.index('cfc is best')


def test_what_limits_all_comparisons_is_said_once(tmp_path):
    groups = [made(FAR, f'{number} units', remark='5 of 20 conditions') for number in (8, 16)]
    text = write_compared(tmp_path, 'Made', groups, {}, {}).read_text()
    assert 'All comparisons: 5 of 20 conditions.' in text
    assert 'units: 5 of 20' not in text
    groups[0] = replace(groups[0], remark='')
    text = write_compared(tmp_path, 'Made', groups, {}, {}).read_text()
    assert '16 units: 5 of 20 conditions.' in text


def test_quick_run_is_said(tmp_path):
    page = write_compared(tmp_path, 'Made', [made(FAR, quick=True)], {}, {})
    assert 'A quick run, to try the study' in page.read_text()


def test_many_comparisons_are_summed_up(tmp_path):
    groups = [made(FAR, f'{number} units') for number in range(6)]
    groups += [made(NEAR, f'{number} units') for number in range(6, 10)]
    said = summed(groups)
    assert 'test mse, 10 comparisons: best is cfc in 10. In 6 of them' in said
    page = write_compared(tmp_path, 'Made', groups, {}, {}).read_text()
    assert said in page
    assert 'against parameters' not in page


def test_brackets_are_explained(tmp_path):
    text = write_compared(tmp_path, 'Made', [made(FAR)], {}, {}).read_text()
    assert '95 % intervals over seeds; of four seeds or fewer, their range' in text
    text = write_compared(tmp_path, 'Made', [made(FAR, over='patients')], {}, {}).read_text()
    assert 'Mean and 95 % interval over patients' in text
    assert 'their range' not in text


def test_lines_on_each_other_are_one():
    lines = {'a': [(1, 100), (2, 200)], 'b': [(1, 104), (2, 201)], 'c': [(1, 100), (2, 300)]}
    assert together(lines) == {'a': ['a', 'b'], 'c': ['c']}
    assert together(lines, within=0.01) == {'a': ['a'], 'b': ['b'], 'c': ['c']}


@pytest.mark.parametrize(
    ('values', 'marks'),
    [((3, 800), ['5', '10', '20', '50', '100', '200', '500']), ((2, 30_000), ['10', '100'])],
)
def test_logarithmic_axes_are_marked(values, marks):
    axis = log_axis('x', values)
    assert set(marks) <= set(axis['ticktext'])
    assert any(low <= tick <= high for low, high in [values] for tick in axis['tickvals'])


def scored(cell, error, time):
    rising = {'1': error, '2': 2 * error, '3': None}
    return {
        'cell': cell, 'horizons': {'test_horizon_nmse': rising, 'outside_horizon_nmse': rising},
        'scores': {'test_nmse': {'iqm': error}, 'test_valid_time': {'iqm': time}},
    }  # fmt: skip


def synthetic(*rows):
    beside = {'linear': {'test_nmse': 0.9, **rows[0]['horizons']}}
    data = {'title': 'chirp', 'summary': list(rows), 'baselines': beside}
    return {'data': {'chirp': data, 'lorenz': {'summary': [], 'baselines': {}}}}


def test_scores_of_all_conditions_are_put_together():
    whole = synthetic(scored('cfc', 0.02, 1.0), scored('gru', 0.05, 2.0))
    errors = heat({'chirp': whole['data']['chirp']}, 'test_nmse')
    assert errors.cells == {'cfc': {'chirp': 20}, 'gru': {'chirp': 50}}
    assert errors.beside == {'linear': {'chirp': 900}}
    assert errors.ratio(50, 'chirp') == 2.5
    times = heat({'chirp': whole['data']['chirp']}, 'test_valid_time')
    assert (errors.ordered(), times.ordered()) == (['cfc', 'gru'], ['gru', 'cfc'])
    assert times.ratio(0.0, 'chirp') == math.inf


def test_cells_are_ordered_by_how_far_they_are_behind_the_best():
    cells = {'a': {'x': 1.0, 'y': 9.0}, 'b': {'x': 2.0, 'y': 2.0}, 'c': {'x': 4.0}}
    heat = Heat('', ('x', 'y'), cells, {}, False)
    assert heat.ordered() == ['b', 'a', 'c']
    assert heat.behind('a') == pytest.approx(math.sqrt(1.0 * 4.5))


@needs_browser
@pytest.mark.parametrize('width', [500, 1280])
def test_a_browser_draws_the_pages(tmp_path, width):
    groups = [made(NEAR), made(FAR, '16 units', 4)]
    origin = {'command': 'liquid-control study made', 'seeds': [0, 1]}
    (tmp_path / 'memory').mkdir()
    (tmp_path / 'synthetic').mkdir()
    whole = synthetic(scored('cfc', 0.02, 1.0), scored('gru', 0.05, 2.0))
    pages = (
        write_compared(tmp_path, 'Made', groups, origin, {}),
        *write_memory(tmp_path / 'memory', 'Made', groups, origin, {}, 300),
        *write_synthetic(tmp_path / 'synthetic', 'Made', groups, whole, origin, 0.5),
    )
    assert 'Times worse than the best cell' in pages[3].read_text()
    pictures = pages[2::2]
    assert all(picture.stat().st_size > 10_000 for picture in pictures)
    for page in (pages[0], *pages[1::2]):
        console, seen = opened(page, width)
        assert console == []
        assert seen['loaded'] == []
        assert seen['plots'] >= 7
        assert seen['drawn'] >= seen['plots']
        assert seen['overflow'] <= 0
        assert seen['before'] == seen['again']
        assert seen['before'][0] > seen['fewer'][0]
