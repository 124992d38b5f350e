"""The injector: what happens to a message depends only on seed, topic and stamp."""

import copy
import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import KINDS, ROBOT, arm, imu, joints

from liquid_control.control import Contract, ObservationError
from liquid_control.control.observe import NO_VALUE
from liquid_control.evaluation.episodes import require_faults
from liquid_control.faults import FaultError, FaultInjector, parse

ARM = Contract.from_dict(arm())
BOTH = parse('dropped:0.3+gaussian:0.2')


def faulty(seed, stamp, kind='own', spec=BOTH, injector=None):
    """Positions of hip and knee after the faults; None if the message was lost."""
    message = joints(stamp, kind, knee=1.0, hip=2.0)
    injector = injector or FaultInjector(ARM, spec, seed)
    return tuple(message.position) if injector.apply('joint_states', message) else None


@given(st.integers(0, 2**64 - 1), st.lists(st.integers(0, 2**61), min_size=1, max_size=20))
def test_a_message_meets_its_fault_whatever_came_before(seed, stamps):
    injector = FaultInjector(ARM, BOTH, seed)
    for stamp in stamps:
        assert faulty(seed, stamp, injector=injector) == faulty(seed, stamp)


@pytest.mark.parametrize('kind', KINDS)
def test_every_kind_of_message_meets_the_same_fault(kind):
    for stamp in range(20):
        assert faulty(3, stamp, kind) == faulty(3, stamp)


def test_what_holds_is_a_command_and_meets_no_sensor_fault():
    data = arm()
    held = {**data['observation'][0], 'name': 'target', 'topic': 'targets', 'hold': True}
    data['observation'].append(held)
    injector = FaultInjector(Contract.from_dict(data), parse('dropped:0.5+delay:2+gaussian:1'), 0)
    for stamp in range(1, 100):
        message = joints(stamp, knee=1.0, hip=2.0)
        before = copy.deepcopy(message.position)
        assert injector.apply('targets', message)
        assert np.array_equal(message.position, before)


def test_no_value_stays_no_value():
    message = joints(5, hip=NO_VALUE, knee=1.0)
    assert FaultInjector(ARM, parse('gaussian:0.1'), 0).apply('joint_states', message)
    assert message.position[0] == NO_VALUE
    assert message.position[1] != 1.0


def test_seeds_and_stamps_and_topics_are_independent():
    noise = parse('gaussian:1')
    values = {faulty(seed, stamp, spec=noise) for seed in range(20) for stamp in range(20)}
    assert len(values) == 400
    pair = arm()
    pair['observation'].append({**pair['observation'][0], 'name': 'two', 'field': 'other'})
    pair['observation'][2]['topic'] = 'second'
    injector = FaultInjector(Contract.from_dict(pair), noise, 0)
    first, second = joints(5, hip=0.0, knee=0.0), joints(5, hip=0.0, knee=0.0)
    second.other = second.position
    injector.apply('joint_states', first)
    injector.apply('second', second)
    assert not np.any(first.position == second.position)


def test_noise_and_losses_are_independent_and_as_large_as_was_said():
    """Over realistic stamps, one period apart: sigma times std of each joint, 30 % lost."""
    injector = FaultInjector(ARM, BOTH, 7)
    found = [faulty(7, stamp * 10_000_000, injector=injector) for stamp in range(8000)]
    kept = np.array([f for f in found if f is not None]) - [1.0, 2.0]
    assert 1 - len(kept) / len(found) == pytest.approx(0.3, abs=0.02)
    np.testing.assert_allclose(kept.std(0), [0.2 * 2.0, 0.2 * 0.5], rtol=0.04)
    np.testing.assert_allclose(kept.mean(0), 0.0, atol=0.02)
    assert abs(np.corrcoef(kept[1:, 0], kept[:-1, 0])[0, 1]) < 0.05


def test_what_the_contract_does_not_name_stays_as_it_is():
    injector = FaultInjector(ARM, parse('gaussian:1'), 0)
    message, other = imu(5, 1.0, 2.0, 3.0), joints(5, hip=1.0)
    assert injector.apply('imu/data', message)
    assert message.angular_velocity.y == 2.0
    assert message.angular_velocity.x != 1.0
    assert injector.apply('elsewhere', other)
    assert other.position.tolist() == [1.0]


def test_no_faults_change_nothing_and_need_no_std():
    data = arm()
    del data['observation'][0]['std']
    assert faulty(0, 5, injector=FaultInjector(Contract.from_dict(data), (), 0)) == (1.0, 2.0)
    with pytest.raises(FaultError, match='angle: std is missing'):
        FaultInjector(Contract.from_dict(data), BOTH, 0)


@pytest.mark.parametrize('spec', ['dropped:0', 'delay:0', 'gaussian:0'])
def test_only_noise_needs_the_std(spec):
    data = arm()
    del data['observation'][0]['std']
    injector = FaultInjector(Contract.from_dict(data), parse(spec), 0)
    assert faulty(0, 5, injector=injector) == (1.0, 2.0)


@pytest.mark.parametrize(
    'spec', ['bias:0', 'drift:0', 'random_walk:0', 'gaussian_si', 'bias_si', 'removed', 'delay:1']
)
def test_faults_without_a_unit_need_no_std(spec):
    position = dataclasses.replace(ROBOT.sensed[0], std=None)
    require_faults(dataclasses.replace(ROBOT, terms=(position, *ROBOT.terms[1:])), [spec])


@pytest.mark.parametrize('spec', ['bias', 'drift', 'random_walk', 'quantisation', 'spikes'])
def test_faults_in_std_need_it(spec):
    position = dataclasses.replace(ROBOT.sensed[0], std=None)
    with pytest.raises(FaultError, match='std is missing'):
        require_faults(dataclasses.replace(ROBOT, terms=(position, *ROBOT.terms[1:])), [spec])


def test_a_missing_std_is_refused_before_the_start():
    position = dataclasses.replace(ROBOT.sensed[0], std=None)
    robot = dataclasses.replace(ROBOT, terms=(position, *ROBOT.terms[1:]))
    require_faults(robot, ['delay:1+dropped:0.1'])
    with pytest.raises(FaultError, match=f'{position.name}: std is missing'):
        require_faults(robot, ['none', 'delay:1+gaussian:0.1'])


def test_a_message_that_is_refused_is_left_as_it_came():
    data = arm()
    data['observation'].append({**data['observation'][0], 'name': 'speed', 'field': 'velocity'})
    message = joints(5, hip=1.0, knee=2.0)
    message.velocity = np.zeros(1)
    before = copy.deepcopy(message)
    with pytest.raises(ObservationError, match='velocity has 1 values for 2 names'):
        FaultInjector(Contract.from_dict(data), parse('gaussian:1'), 0).apply(
            'joint_states', message
        )
    assert message.position.tolist() == before.position.tolist()


@pytest.mark.parametrize('seed', [-1, 2**64])
def test_a_seed_that_cannot_be_used_is_refused(seed):
    with pytest.raises(FaultError, match='seed'):
        FaultInjector(ARM, BOTH, seed)


def test_which_terms_are_asked_for_changes_no_reading():
    """A policy thus meets the same faults live, where all terms are read, and in a replay."""
    three = arm()
    angle = three['observation'][0]
    for name, field in (('speed', 'velocity'), ('load', 'effort')):
        three['observation'].append({**angle, 'name': name, 'field': field})
    robot = Contract.from_dict(three)

    def read(*asked):
        message = joints(5, hip=0.0, knee=0.0)
        message.velocity, message.effort = np.zeros(2), np.zeros(2)
        FaultInjector(robot, parse('gaussian:1+delay:0'), 3, asked or None).apply(
            'joint_states', message
        )
        return [message.position, message.velocity, message.effort]

    everything = read()
    assert len(np.unique(everything)) == 6
    for place, name in enumerate(('angle', 'speed', 'load')):
        alone = read(name)
        np.testing.assert_array_equal(alone[place], everything[place])
        assert not np.any([alone[other] for other in range(3) if other != place])
