"""Families and presets of faults: every robot can have them, and they say what they are."""

from pathlib import Path

import pytest

from liquid_control import paths
from liquid_control.cli.main import main
from liquid_control.control import Contract
from liquid_control.evaluation.families import Family
from liquid_control.evaluation.robustness.suites import (
    BENCHMARKS,
    GENERALIZATION,
    PRESETS,
    ROBUSTNESS,
    fitting,
    preset,
)
from liquid_control.faults import parse

ALL = (*ROBUSTNESS, *GENERALIZATION, *(f for families in PRESETS.values() for f in families))
FAULTS = {
    'bias', 'command_delay', 'command_hold', 'command_noise', 'command_repeat', 'damping',
    'delay', 'drift', 'dropout', 'dropped', 'friction', 'frozen', 'gaussian',
    'jitter', 'mass', 'motor', 'period_ms', 'push', 'quantisation', 'random_walk', 'removed',
    'repeated', 'slope', 'spikes', 'stamp_jitter', 'stuck',
}  # fmt: skip
"""Shipped faults; `gaussian_si`, `bias_si` and `period` say the same as others in other units."""


def robot(name):
    return Contract.load(paths.robot(name))


def specs(families):
    return {family.name: [family.fault(level) for level in family.levels] for family in families}


def test_names_are_unique_and_every_family_says_what_it_is():
    found = [family.name for family in ALL]
    assert len(set(found)) == len(found)
    for family in ALL:
        assert family.title, family.name
        assert bool(family.unit) == (len(family.levels) > 1), family.name
        assert list(family.levels) == sorted(family.levels), family.name
        assert family.unchanged not in family.levels, family.name
        for level in family.levels:
            fault = family.fault(level)
            assert ',' not in fault
            assert parse(fault), family.name


@pytest.mark.parametrize('name', ['walker2d', 'hopper', 'halfcheetah'])
def test_robots_have_all_families_that_fit_them(name):
    kept, left_out = fitting(ALL, robot(name))
    lacking = ['period'] if name == 'halfcheetah' else []
    assert list(left_out) == lacking, 'nominal periods are of 8, 8 and 50 ms'
    assert [family.name for family in kept] == [f.name for f in ALL if f.name not in lacking]


def test_what_does_not_fit_is_left_out_with_the_reason():
    _, left_out = fitting(GENERALIZATION, robot('halfcheetah'))
    assert 'expected a number in [5, 500] at a nominal period of 50 ms' in left_out['period']
    assert 'steps of 10 ms, such as 10 or 20, found 12' in left_out['period']


def test_a_level_that_does_not_fit_is_left_out_alone():
    between = Family('period', 'another period', 'ms', 'period_ms:{}', (9, 12), unchanged=8.0)
    (period,), left_out = fitting([between], robot('walker2d'))
    assert period.levels == (12,)
    assert 'such as 8 or 10' in left_out['period at 9']


def test_a_period_of_the_robot_is_no_level():
    slow = Family('period', 'another period', 'ms', 'period_ms:{}', (4, 8, 12), unchanged=50.0)
    (period,), left_out = fitting([slow], robot('walker2d'))
    assert (period.levels, period.unchanged) == ((4, 12), 8.0)
    assert 'nominal one of 8 ms' in left_out['period at 8']


def test_these_faults_are_in_some_family():
    named = {fault.name for family in ALL for fault in parse(family.fault(family.levels[0]))}
    assert named >= FAULTS


def test_the_documentation_lists_the_families_and_their_levels():
    text = (Path(__file__).parents[2] / 'docs' / 'robustness.md').read_text()
    table = text[text.index('| benchmark | family |') :].split('\n\n')[0].splitlines()[2:]
    written = [[cell.strip() for cell in row.strip('|').split('|')] for row in table]
    expected = []
    for benchmark, families in BENCHMARKS.items():
        for number, one in enumerate(families):
            levels = ', '.join(f'{level:g}' for level in one.levels) if one.unit else ''
            name = '' if number else benchmark
            expected.append([name, f'`{one.name}`', one.title, levels, one.unit])
    assert written == expected


@pytest.mark.parametrize('benchmark', BENCHMARKS)
def test_the_help_lists_the_families(benchmark, capsys):
    with pytest.raises(SystemExit):
        main(['benchmark', benchmark, '--help'])
    listed = capsys.readouterr().out.split('families:\n')[1].splitlines()
    assert [line.split()[0] for line in listed] == [one.name for one in BENCHMARKS[benchmark]]
    assert max(map(len, listed)) <= 80


def test_kinds_are_those_of_the_benchmark():
    assert {family.kind for family in ROBUSTNESS} == {'sensor', 'command'}
    assert {family.kind for family in GENERALIZATION} == {'clock', 'dynamics'}


def test_presets_have_the_levels_of_the_realworldrl_suite():
    easy, medium, hard = (specs(PRESETS[name]) for name in ('easy', 'medium', 'hard'))
    assert easy['easy_all'] == [
        'gaussian:0.1+dropout:0.01:1+stuck:0.01:1+delay:3+command_delay:3+command_noise:0.1'
    ]
    assert medium['medium_delay'] == ['delay:6+command_delay:6']
    assert medium['medium_stuck'] == ['stuck:0.05:5']
    assert medium['medium_hold'] == ['command_hold:2']
    assert hard['hard_noise'] == ['gaussian:1+command_noise:1']
    assert hard['hard_dropout'] == ['dropout:0.1:10']
    assert hard['hard_all'] == [
        'gaussian:1+dropout:0.1:10+stuck:0.1:10+delay:9+command_delay:9+command_noise:1'
        '+command_hold:3'
    ]
    assert 'easy_hold' not in easy, 'a command that acts for one period is as it was'


def test_friction_and_masses_span_the_ranges_of_rrls():
    by_name = {family.name: family for family in GENERALIZATION}
    for name, nominal, low, high in [
        ('friction', 0.7, 0.1, 4.0), ('base_mass', 3.665, 0.1, 5.0), ('thigh_mass', 4.058, 0.1, 6.0)
    ]:  # fmt: skip
        levels = by_name[name].levels
        assert nominal * levels[0] == pytest.approx(low, abs=0.02)
        assert nominal * levels[-1] == pytest.approx(high, abs=0.02)
    assert by_name['period'].levels == (4, 12, 16)


def test_an_unknown_preset_names_the_nearest():
    with pytest.raises(
        ValueError, match=r"unknown preset 'haard' \(did you mean 'hard'\?\); there"
    ):
        preset('haard')
    assert preset('hard') is PRESETS['hard']
