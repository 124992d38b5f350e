"""Faults that differ in one number become one family."""

import pytest

from liquid_control import paths
from liquid_control.control import Contract
from liquid_control.evaluation.families import Family
from liquid_control.evaluation.robustness import GENERALIZATION
from liquid_control.evaluation.robustness.grouping import families_of
from liquid_control.evaluation.robustness.unchanging import unchanging
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


def test_a_start_or_a_schedule_is_no_level():
    assert levels('delay:3', 'delay:3@500') == {'delay': (3.0,), 'delay:3@500': (1.0,)}
    for pair in (
        ('delay:3@100', 'delay:3@500'),
        ('bias:0.3/ramp:50', 'bias:0.3/ramp:900'),
        ('gaussian:0.3/cyclic:5:100', 'gaussian:0.3/cyclic:5:500'),
        ('removed:0', 'removed:1'),
    ):
        assert levels(*pair) == dict.fromkeys(pair, (1.0,))
    assert levels('delay:3@100', 'delay:6@100') == {'delay@100': (3.0, 6.0)}
    assert levels('spikes:size=3:0.1', 'spikes:size=5:0.1') == {'spikes:size=x:0.1': (3.0, 5.0)}
    known = Family('frozen', 'frozen', 'samples', 'frozen:1/burst:{}:250', (12.0,))
    found = levels('frozen:1/burst:31:250', 'frozen:1/burst:62:250', known=[known])
    assert found == {'frozen': (31.0, 62.0)}


def test_several_faults_change_nothing_only_all_together():
    found = levels('bias:0.2+friction:1', 'bias:0.2+friction:2', 'gaussian:0+friction:1')
    assert found == {'bias:0.2+friction:1': (1.0,), 'bias:0.2+friction': (2.0,)}
    (alone,) = families_of(['bias:0.2+friction:1'])
    assert alone.fault(1.0) == 'bias:0.2+friction:1'


def test_a_known_fault_without_a_level_keeps_its_name():
    known = Family('feet', 'the feet read 0', '', 'removed:0:on=*foot*')
    assert families_of(['removed:0:on=*foot*'], [known]) == (known,)


def test_a_period_is_compared_with_that_of_the_robot():
    cheetah, walker = (Contract.load(paths.robot(one)) for one in ('halfcheetah', 'walker2d'))
    texts = ['period_ms:10', 'period_ms:20', 'period_ms:100']
    (found,) = families_of(texts, GENERALIZATION, cheetah)
    assert (found.name, found.levels, found.unchanged) == ('period', (10.0, 20.0, 100.0), 50.0)
    assert unchanging('period_ms:10', cheetah) == ''
    for text in ('period_ms:8', 'period_ms:8+gaussian:0'):
        assert unchanging(text, walker) == 'its period is the nominal one of 8 ms'
    for text in ('period:1.1', 'period:1.1+gaussian:0.1', 'period:1.1+period:1.1'):
        with pytest.raises(FaultError, match='physics steps of 2 ms, such as 1 or'):
            unchanging(text, walker)
    with pytest.raises(FaultError, match='whole physics steps of 2 ms, such as 8 or 10'):
        unchanging('period_ms:9', walker)
    for text in ('period:1.5+period:1.5', 'period:1.5+gaussian:0.1', 'period:0.5+period:2'):
        assert unchanging(text, walker) == ''


def test_a_fault_that_never_begins_changes_nothing():
    walker = Contract.load(paths.robot('walker2d'))
    assert 'has 1000 samples' in unchanging('gaussian:0.1@1000', walker)
    assert unchanging('gaussian:0.1@999', walker) == ''
    assert unchanging('gaussian:0.1@1000+bias:0.1', walker) == ''
    assert unchanging('gaussian:0.1@1000+period_ms:4', walker) == '', 'an episode has 2000'
    assert unchanging('none', walker)


def test_one_fault_as_two_texts_is_refused():
    with pytest.raises(FaultError, match='delay:01: it is given twice'):
        families_of(['delay:1', 'delay:01'])


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
