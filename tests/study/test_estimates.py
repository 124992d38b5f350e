"""Core time of runs, estimated from measured gradient steps."""

from dataclasses import replace

import pytest

from liquid_control.study import memory
from liquid_control.study.carry_out import size_of
from liquid_control.study.default_footing import FOOTING
from liquid_control.study.estimates import core_seconds, estimate
from liquid_control.study.icu.plan import Plan
from liquid_control.study.walker2d_kinematics import comparison

WALKER2D = comparison.footing((), comparison.BUDGETS, 3)


@pytest.mark.parametrize('footing', [FOOTING, memory.FOOTING, Plan().footing, WALKER2D])
def test_every_run_of_the_studies_has_an_estimate(footing):
    assert all(core_seconds(run) for run in (*footing.tuning(), *footing.runs({})))


def test_time_is_in_proportion_to_the_updates():
    short, long = (replace(FOOTING, updates=count).runs({})[0] for count in (100, 400))
    assert core_seconds(long) == pytest.approx(4 * core_seconds(short))


def test_the_time_left_counts_dear_cells_more():
    runs = {run.cell: run for run in replace(FOOTING, cells=('lstm', 'ltc')).runs({})}
    assert size_of(runs['ltc']).amount == pytest.approx(core_seconds(runs['ltc']))
    assert size_of(runs['ltc']).amount > 5 * size_of(runs['lstm']).amount
    unknown = replace(FOOTING, sizes=(7_000,)).runs({})[0]
    assert size_of(unknown).amount == pytest.approx(0.05 * unknown.recipe.updates)


def test_runs_without_a_known_cost_are_counted():
    runs = [*Plan().recipes(), *Plan().footing.runs({})]
    assert estimate(runs).startswith('75 of 100 runs train for about ')
    assert estimate(Plan().recipes()) == '25 runs'
    other = replace(FOOTING, sizes=(7_000,))
    assert core_seconds(other.runs({})[0]) is None
