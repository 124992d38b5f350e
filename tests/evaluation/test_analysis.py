"""Figures of a comparison, on made-up results whose answers are known."""

import dataclasses
import math

import numpy as np
import pytest
from compared import FRICTION, NOISE, UNEVEN, compared, drawn, steady

stats = pytest.importorskip('scipy.stats')

from liquid_control.evaluation.robustness import NOMINAL, analyse
from liquid_control.evaluation.robustness.rows import csv_text
from liquid_control.evaluation.robustness.sampled import Sampled
from liquid_control.evaluation.statistics import RESAMPLES


def test_figures_of_a_cell_are_those_of_scipy():
    rng = np.random.default_rng(0)
    values = {'': rng.normal(90, 5, 11), 'noise': rng.normal(60, 20, 11)}
    policy = {'a': lambda family, level, training: values[family]}
    found = analyse(compared(policy)).cell('a', 'noise', 0.1)
    middle = stats.trim_mean(values['noise'], 0.25)
    assert found.percent.value == pytest.approx(middle)
    assert found.keeps.value == pytest.approx(100 * middle / stats.trim_mean(values[''], 0.25))
    assert found.mean.value == pytest.approx(values['noise'].mean())
    assert found.prediction.value == pytest.approx(0.25)
    # The percentiles lie further out, as Hesterberg 2015 has it for 11 episodes.
    level = 1 - 2 * stats.norm.sf(math.sqrt(11 / 10) * stats.t.ppf(0.975, 10))
    theirs = stats.bootstrap(
        [values['noise']], lambda x, axis: stats.trim_mean(x, 0.25, axis=axis),
        n_resamples=RESAMPLES, confidence_level=level, method='percentile',
        rng=np.random.default_rng(0),
    ).confidence_interval  # fmt: skip
    assert (found.percent.low, found.percent.high) == pytest.approx((theirs.low, theirs.high))


@pytest.mark.parametrize('fall', [0.0, 0.3])
@pytest.mark.parametrize('episodes', [8, 20])
def test_intervals_cover_the_truth(episodes, fall):
    returns = drawn(0, episodes=episodes, fall=fall)
    many = drawn(1, episodes=200_000, fall=fall)
    truth = stats.trim_mean(many('', 0.0, 0), 0.25)
    estimates = [analyse(compared({'a': returns}, ())).cells[0].percent for _ in range(100)]
    assert sum(one.low <= truth <= one.high for one in estimates) >= 89


def test_curves_and_areas_by_value():
    analysis = analyse(compared({'a': steady(100.0, 20.0)}, (NOISE, FRICTION)))
    noise = analysis.curve('a', 'noise')
    assert noise.levels == (0.0, 0.1, 0.3)
    assert noise.positions == (0.0, 0.5, 1.0)
    assert [one.value for one in noise.percent] == pytest.approx([100.0, 98.0, 94.0])
    assert noise.area.value == pytest.approx((100 + 2 * 98 + 94) / 4)
    friction = analysis.curve('a', 'friction')
    assert friction.positions == (1.0, 0.5, 0.0, 1.0)
    below, above = (100 + 2 * 90 + 95) / 4, (100 + 60) / 2
    assert friction.area.value == pytest.approx((below + above) / 2)
    (standing,) = analysis.standings
    under = np.mean([98, 94]), np.mean([95, 90, 60])
    assert standing.overall.value == pytest.approx(np.mean(under)), 'no fault is none of the levels'


def test_better_under_every_fault_is_more_robust():
    policies = {
        'a': lambda f, level, t: np.full(10, 0.0 if f else 100.0),
        'b': lambda f, level, t: np.full(10, 40.0 if f else 50.0),
    }
    for families in ((UNEVEN,), (NOISE,), (NOISE, FRICTION, UNEVEN)):
        first, second = analyse(compared(policies, families)).standings
        assert (first.policy, first.rank, first.best) == ('b', 1, True)
        assert (first.overall.value, second.overall.value) == (40.0, 0.0)


def test_a_verdict_stands_beside_the_paired_difference():
    rng = np.random.default_rng(0)
    shared, own = rng.normal(70, 20, 12), rng.normal(0, 0.5, 12)
    policies = {
        'c': lambda f, level, t: shared - 30.0,
        'b': lambda f, level, t: shared - 3.0,
        'a': lambda f, level, t: shared + own,
    }
    analysis = analyse(compared(policies))
    a, b, c = analysis.standings
    assert [(one.policy, one.against) for one in (a, b, c)] == [('a', 'b'), ('b', 'a'), ('c', 'a')]
    assert a.points.value == pytest.approx(a.overall.value - b.overall.value)
    assert 0.0 < a.points.low < a.points.value < a.points.high < 6.0
    assert (b.points.low, b.points.high) == pytest.approx((-a.points.high, -a.points.low))
    for one in (*analysis.cells, *analysis.curves, *analysis.standings):
        assert one.best == (not one.points.negative)


def test_the_better_policy_wins_every_cell():
    policies = {'good': drawn(0, 95.0, fall=0.0), 'bad': drawn(1, 60.0, fall=0.0)}
    analysis = analyse(compared(policies))
    first, second = analysis.standings
    assert (first.policy, first.rank, first.certain, first.best) == ('good', 1, True, True)
    assert (second.policy, second.rank, second.certain, second.best) == ('bad', 2, True, False)
    assert first.mean_rank.value == 1.0
    assert [one.best for one in analysis.cells] == [True, False] * 3


def test_identical_policies_have_no_winner():
    same = np.random.default_rng(0).normal(80, 10, 10)
    policies = {name: lambda family, level, training: same for name in 'abc'}
    analysis = analyse(compared(policies))
    assert all(one.best for one in (*analysis.cells, *analysis.curves, *analysis.standings))
    assert {(s.rank, s.rank_low, s.rank_high, s.certain) for s in analysis.standings} == {
        (1, 1, 3, False)
    }
    assert {one.probability.value for one in analysis.improvements} == {0.5}
    assert {one.mean_rank.value for one in analysis.standings} == {2.0}


def test_equal_policies_seldom_have_a_loser():
    wrong = 0
    for seed in range(25):
        policies = {f'p{n}': drawn(100 * seed + n) for n in range(8)}
        cells = analyse(compared(policies, ())).cells
        wrong += not all(one.best for one in cells)
    assert wrong <= 2


def test_paired_differences_find_what_intervals_hide():
    shared = np.random.default_rng(0).normal(70, 20, 12)
    policies = {
        'a': lambda family, level, training: shared,
        'b': lambda family, level, training: shared - 3.0,
    }
    first, second = analyse(compared(policies)).standings
    assert first.overall.low < second.overall.value < first.overall.value
    assert first.certain
    assert not second.best


def test_few_episodes_make_nothing_certain():
    analysis = analyse(compared({'a': steady(90, 0, 5), 'b': steady(10, 0, 5)}))
    assert 'No intervals' in analysis.covers
    assert all(math.isnan(one.percent.low) for one in analysis.cells)
    assert not any(one.certain for one in analysis.standings)
    assert all(one.best for one in analysis.cells)
    assert [one.rank for one in analysis.standings] == [1, 2]


def test_several_trainings_widen_the_interval():
    noise = np.random.default_rng(0).normal(0, 1, 20)

    def returns(family, level, training):
        return 70.0 + 10.0 * training + noise

    once = analyse(compared({'a': lambda f, level, t: 80.0 + noise}))
    thrice = analyse(compared({'a': returns}, trainings=3))
    assert once.cells[0].percent.value == pytest.approx(thrice.cells[0].percent.value, abs=1.0)
    assert thrice.cells[0].percent.high - thrice.cells[0].percent.low > 10.0
    assert once.cells[0].percent.high - once.cells[0].percent.low < 3.0
    assert thrice.cells[0].episodes == 60
    assert 'not that of the training' in once.covers
    assert 'that of the trainings' in thrice.covers


def test_a_stopped_episode_counts_as_nothing():
    def stop(one):
        wrong = (True,) * 6 + (False,) * 2
        returns = (150.0, -50.0, math.nan, 150.0, 150.0, 150.0, 100.0, 100.0)
        return dataclasses.replace(one, returns=returns, stopped=wrong) if one.family else one

    analysis = analyse(compared({'a': steady(100, 0)}, change=stop))
    cell = analysis.cell('a', 'noise', 0.1)
    assert cell.stopped == 6
    assert cell.mean.value == pytest.approx((0 - 25 + 0 + 0 + 0 + 0 + 50 + 50) / 8)
    assert analysis.standings[0].stopped == 12


def test_all_episodes_may_fail():
    def stop(one):
        return dataclasses.replace(one, stopped=(True,) * 8, fallen=(True,) * 8)

    analysis = analyse(compared({'a': steady(100, 0), 'b': steady(90, 0)}, change=stop))
    assert all(one.percent.value == 0.0 and one.best for one in analysis.cells)
    assert all(math.isnan(one.keeps.value) for one in analysis.cells)
    assert analysis.cells[0].fallen.value == 100.0
    assert 60.0 < analysis.cells[0].fallen.low < 80.0  # Wilson's
    assert not any(one.certain for one in analysis.standings)


def test_what_is_missing_has_no_figures_and_no_rank():
    def lose(one):
        if one.policy == 'b' and one.level == 0.3:
            return dataclasses.replace(one, returns=(), error='its process died')
        return None if one.policy == 'c' and one.level == 0.1 else one

    policies = {name: steady(90, 10) for name in 'abc'}
    analysis = analyse(compared(policies, change=lose))
    assert analysis.cell('b', 'noise', 0.3).error == 'its process died'
    assert analysis.cell('c', 'noise', 0.1).error == 'not measured'
    assert math.isnan(analysis.curve('b', 'noise').area.value)
    assert analysis.curve('b', 'noise').percent[1].value == pytest.approx(89.0)
    ranked = {one.policy: (one.rank, one.missing) for one in analysis.standings}
    assert ranked == {'a': (1, 0), 'b': (0, 1), 'c': (0, 1)}
    assert analysis.improvements == ()


def test_one_missing_training_takes_the_cell_with_it():
    def lose(one):
        return None if one.bundle == 'a1' and one.family else one

    cell = analyse(compared({'a': steady(90, 0)}, trainings=2, change=lose)).cells[1]
    assert cell.error == '1 of 2 trainings: not measured'


def test_probability_of_improvement_is_mann_whitneys():
    one, other = drawn(0, 90.0, 9), drawn(1, 88.0, 9)
    made: dict = {}

    def kept(name, returns):
        def get(family, level, training):
            return made.setdefault((name, family, level), returns(family, level, training))

        return get

    analysis = analyse(compared({'a': kept('a', one), 'b': kept('b', other)}))
    expected = [
        stats.mannwhitneyu(made['a', 'noise', level], made['b', 'noise', level]).statistic / 81
        for level in NOISE.levels
    ]
    found = {(i.policy, i.over): i.probability for i in analysis.improvements}
    assert found['a', 'b'].value == pytest.approx(np.mean(expected))
    assert found['a', 'b'].value + found['b', 'a'].value == pytest.approx(1.0)
    assert found['a', 'b'].low <= found['a', 'b'].value <= found['a', 'b'].high


def test_profile_is_the_share_above_each_threshold():
    values = np.array([10.0, 30.0, 50.0, 70.0, 90.0, 110.0])
    (profile,) = analyse(compared({'a': lambda f, level, t: values})).profiles
    shares = dict(zip(profile.thresholds, profile.shares, strict=True))
    assert shares[0].value == 1.0
    assert shares[30].value == pytest.approx(4 / 6)
    assert shares[30].low < 4 / 6 < shares[30].high
    assert shares[110].value == 0.0


def test_measured_elapsed_time_is_worth_its_difference():
    rng = np.random.default_rng(0)
    shared = rng.normal(80, 20, 10)
    policies = {'a': lambda f, level, t: shared}
    results = compared(policies, (UNEVEN,), nominal=lambda f, level, t: shared - 25.0)
    analysis = analyse(results)
    (gain,) = analysis.gains
    assert gain.points.value == pytest.approx(25.0)
    assert gain.points.positive
    assert analysis.curve('a', 'uneven', NOMINAL).percent[1].value < 60.0
    assert analysis.standings[0].episodes == 10  # only as measured


def test_rows_have_every_cell():
    lines = csv_text(*_with(compared({'a': steady(90, 0), 'b': steady(80, 0)}))).splitlines()
    assert len(lines) == 1 + 2 * 3
    assert lines[0].startswith(
        'policy,cell,trainings,bundles,family,level,unit,fault,elapsed,episodes,'
    )
    row = dict(zip(lines[0].split(','), lines[3].split(','), strict=True))
    assert (row['policy'], row['fault'], row['percent']) == ('a', 'gaussian:0.1', '90.0')


def _with(results):
    return results, analyse(results)


def test_what_cannot_be_compared_is_refused():
    results = compared({'a': steady(90, 0)})
    with pytest.raises(ValueError, match='expected a return above 0, found -3'):
        analyse(dataclasses.replace(results, reference={'name': 'x', 'return': -3.0}))
    fewer = dataclasses.replace(results.measurements[0], returns=(1.0,))
    with pytest.raises(ValueError, match='as many episodes in every measurement'):
        analyse(dataclasses.replace(results, measurements=(*results.measurements[1:], fewer)))


def test_an_interval_of_one_draw_is_that_draw():
    same = Sampled(np.asarray(3.0), np.full(10, 3.0), 8)
    assert same.estimate().low == same.estimate().high == 3.0
