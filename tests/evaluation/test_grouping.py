"""Faults that differ in one number become one family."""

import pytest

from liquid_control.evaluation.families import Family
from liquid_control.evaluation.robustness.grouping import families_of
from liquid_control.faults import FaultError, parse


def levels(*faults, known=()):
    return {one.name: one.levels for one in families_of(faults, known)}


def test_faults_that_differ_in_one_number_are_a_curve():
    assert levels('gaussian:0.3', 'friction:0.5', 'gaussian:.1', 'friction:2') == {
        'gaussian': (0.1, 0.3),
        'friction': (0.5, 2.0),
    }
    (friction,) = families_of(['friction:2'])
    assert friction.unchanged == 1.0
    assert friction.fault(2.0) == 'friction:2'


def test_several_faults_together_vary_where_they_differ():
    found = families_of(['gaussian:0.1+delay:1', 'gaussian:0.1+delay:3'])
    assert [(one.template, one.levels) for one in found] == [('gaussian:0.1+delay:{}', (1.0, 3.0))]
    assert levels('gaussian:0.1+delay:1') == {'gaussian:0.1+delay:1': (1.0,)}


def test_a_start_is_no_level_unless_it_varies():
    assert levels('delay:3', 'delay:3@500') == {'delay': (3.0,), 'delay:3@500': (1.0,)}
    assert levels('delay:3@100', 'delay:3@500') == {'delay:3@x': (100.0, 500.0)}


def test_what_changes_nothing_is_left_out():
    assert levels('none', 'gaussian:0', 'friction:1', 'mass:2', 'mass:1') == {'mass': (2.0,)}


def test_known_families_lend_their_names():
    known = Family('noise', 'noise on all', 'std', 'gaussian:{}', (9.0,))
    (found,) = families_of(['gaussian:0.2'], [known])
    assert (found.name, found.title, found.unit, found.levels) == (
        'noise', 'noise on all', 'std', (0.2,),
    )  # fmt: skip


def test_no_digit_of_a_level_is_lost():
    (found,) = families_of(['gaussian:0.12345678'])
    assert parse(found.fault(found.levels[0])) == parse('gaussian:0.12345678')


def test_names_stay_apart():
    found = families_of(['gaussian', 'gaussian:0.1', 'gaussian:0.2'])
    assert len({one.name for one in found}) == 2
    assert sum(len(one.levels) for one in found) == 3


def test_an_unknown_fault_is_refused():
    with pytest.raises(FaultError, match="did you mean 'gaussian'"):
        families_of(['gausian:0.1'])
