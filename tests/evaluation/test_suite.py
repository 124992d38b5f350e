"""The suite of faults: one list, in one order, for scores, cards and tables."""

from dataclasses import astuple

import pytest

from liquid_control.evaluation import suite
from liquid_control.faults import parse


def test_faults_of_a_suite_have_own_names():
    assert len(parse('+'.join(suite.SCORED[1:]))) == len(suite.SCORED) - 1
    for each in suite.SUITES.values():
        for names in zip(*map(astuple, each.conditions), strict=True):
            assert len(set(names)) == len(each.conditions)
        assert max(len(line) for c in each.conditions for line in c.heading.split('\n')) <= 5


def test_late_delay_is_scored_but_not_judged():
    assert any(fault.start for text in suite.SCORED for fault in parse(text))
    assert not any(fault.start for text in suite.JUDGED for fault in parse(text))
    assert set(suite.JUDGED) < set(suite.SCORED)


def test_a_suite_has_a_name_and_a_typo_names_the_nearest():
    assert suite.suite('scores').faults == suite.SCORED
    assert suite.SUITES.keys() == {each.name for each in suite.SUITES.values()}
    with pytest.raises(ValueError, match=r"unknown suite 'dynamcs' \(did you mean 'dynamics'"):
        suite.suite('dynamcs')


def test_suites_of_a_kind_have_faults_of_that_kind_alone():
    for each, kind in (('commands', 'command'), ('clock', 'clock'), ('dynamics', 'dynamics')):
        faults = [fault for text in suite.suite(each).faults for fault in parse(text)]
        assert {fault.kind for fault in faults} == {kind}


def test_scores_follow_the_order_of_the_suite():
    mixed = dict.fromkeys(['delay:9', 'jitter:0.25', 'none', 'seeds'])
    assert suite.ordered(mixed) == ['none', 'jitter:0.25', 'delay:9', 'seeds']
    assert suite.title('delay:9') == 'delay:9'
    assert suite.title('none') == 'none'


def test_only_delays_changed_since_version_1():
    old = {'return_mean': 1.0}
    assert suite.current('gaussian:0.1', old)
    assert not suite.current('delay:1', old)
    assert not suite.current('gaussian:0.1+delay:1', old)
    assert suite.current('delay:1', {**old, 'suite': suite.VERSION})
    assert not suite.current('none', None)
