"""What a comparison is to measure: its policies, its pieces, and what is refused."""

import shutil

import pytest
from support import arm, make_bundle

from liquid_control.control import Contract
from liquid_control.control.contract import ContractError
from liquid_control.evaluation.families import Family
from liquid_control.evaluation.robustness import MEASURED, NOMINAL
from liquid_control.evaluation.robustness.contenders import contenders
from liquid_control.evaluation.robustness.plan import WORLDS, Plan
from liquid_control.faults import FaultError

NOISE = Family('noise', 'noise', 'σ', 'gaussian:{}', (0.1, 0.3))
PERIOD = Family('period', 'period', '×', 'period:{}', (0.5, 2.0), unchanged=1.0)


def test_policies_are_named_or_are_files(robot, bundle, other):
    found = contenders(['cfc', str(bundle), f'mine={other}'], robot)
    assert [one.name for one in found] == ['cfc', 'untrained', 'mine']
    assert [one.facts({}).cell for one in found] == ['cfc', 'untrained', 'untrained']


def test_one_name_may_have_several_trainings(robot, bundle, other):
    (found,) = contenders([f'mine={bundle}', f'mine={other}'], robot)
    assert len(found.bundles) == 2
    assert len(found.facts({}).bundles) == 2


def test_default_and_all_are_what_ships(robot):
    assert [one.name for one in contenders([], robot)] == ['cfc', 'ltc', 'lstm', 'gru']
    every = [one.name for one in contenders(['all'], robot)]
    assert len(every) == 15
    assert 'expert' not in every


def test_wrong_policies_are_refused(robot, bundle, tmp_path):
    with pytest.raises(ValueError, match="did you mean 'lstm'"):
        contenders(['lsmt'], robot)
    with pytest.raises(FileNotFoundError, match=r'none\.onnx: no such file'):
        contenders(['a=none.onnx'], robot)
    with pytest.raises(ValueError, match='are the same bundle'):
        contenders([f'a={bundle}', f'a={shutil.copy(bundle, tmp_path / "copy.onnx")}'], robot)
    (tmp_path / 'other').mkdir()
    namesake = shutil.copy(bundle, tmp_path / 'other' / bundle.name)
    with pytest.raises(ValueError, match='would both be called untrained: give them names'):
        contenders([str(bundle), str(namesake)], robot)
    for name in ('a/../b', '/etc/x', '..', '.x', 'a\x1b[0m'):
        with pytest.raises(ValueError, match='--policy: expected a name without /'):
            contenders([f'{name}={bundle}'], robot)
    with pytest.raises(ValueError, match='at most 200 bytes, found 300: aaaa'):
        contenders([f'{"a" * 300}={bundle}'], robot)
    with pytest.raises(ValueError, match="expected NAME=FILE, found 'a='"):
        contenders(['a='], robot)


def test_a_policy_of_another_robot_is_refused(robot, tmp_path):
    foreign = make_bundle(tmp_path / 'arm.onnx', Contract.from_dict(arm()))
    with pytest.raises(ContractError, match='arm'):
        contenders([str(foreign)], robot)


def test_pieces_hold_each_condition_once(robot, bundle, other):
    policies = contenders([str(bundle), str(other)], robot)
    pieces = Plan('compare', robot, policies, (NOISE, PERIOD), 4, 7).pieces()
    assert pieces[0].arguments['policy'] == 'reference'
    done = [
        (p.arguments['policy'], p.arguments['elapsed'], fault)
        for p in pieces[1:]
        for *_, fault in p.arguments['conditions']
    ]
    usual = ['none', 'gaussian:0.1', 'gaussian:0.3', 'period:0.5', 'period:2']
    expected = [(name, MEASURED, f) for name in ('untrained', 'other') for f in usual]
    expected += [(name, NOMINAL, f) for name in ('untrained', 'other') for f in usual[3:]]
    assert sorted(done) == sorted(expected)
    clock = [p for p in pieces if 'period' in str(p.arguments['conditions'])]
    assert not any(p.arguments['thin'] for p in clock)
    assert len({p.name for p in pieces}) == len(pieces)


def test_pieces_are_full_but_not_long(robot, bundle):
    levels = tuple(0.01 * (n + 1) for n in range(40))
    family = Family('noise', 'noise', 'σ', 'gaussian:{}', levels)
    plan = Plan('compare', robot, contenders([str(bundle)], robot), (family,), 16, 0)
    sizes = [len(p.arguments['conditions']) * 16 for p in plan.pieces()[1:]]
    assert sizes[:-1] == [WORLDS] * (len(sizes) - 1)
    assert 0 < sizes[-1] <= WORLDS


def test_what_a_robot_cannot_have_is_refused_at_once(robot, bundle):
    policies = contenders([str(bundle)], robot)
    tail = Family('tail', 'mass of the tail', '', 'mass:2:tail')
    with pytest.raises(FaultError, match='tail'):
        Plan('compare', robot, policies, (tail,), 2, 0)
    with pytest.raises(ValueError, match='noise is there more than once'):
        Plan('compare', robot, policies, (NOISE, NOISE), 2, 0)
